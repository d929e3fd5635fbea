/** Names in `text` without the namespace that everything is in: `default/kvs:80` as `kvs:80`. */
export function shortNames(text: string): string {
  return text.replaceAll(/(^|[ /(])default\//g, "$1");
}

/** What a template or a command needs and does not have. */
export class UnknownPortError extends Error {
  override readonly name = "UnknownPortError";
}

/**
 * Replaces `{{port:<name>}}` by the number of that port.
 * @throws UnknownPortError where `portOf` knows none.
 */
export function expandPorts(text: string, portOf: (name: string) => number | null): string {
  return text.replace(/\{\{port:([^{}]+)\}\}/g, (_, name: string) => {
    const port = portOf(name);
    if (port === null) throw new UnknownPortError(name);
    return String(port);
  });
}

/**
 * Expands `$(NAME)` as Kubernetes does in `command`: `$$` is one `$`, so `$$(NAME)` stays `$(NAME)`; a name that
 * is not in `env` stays as it was written.
 */
export function expandCommand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^()]+)\)/g, (whole, name: string | undefined) => {
    if (name === undefined) return "$";
    return env[name] ?? whole;
  });
}

/** Where an endpoint is. A union from the first day: nothing may assume TCP. */
export type Address =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "vip"; readonly service: string; readonly port: number };

/** `127.0.0.1:80`, `[::1]:80`, `unix:/run/a.sock`, `vip:default/kvs:80`. */
export function formatAddress(address: Address): string {
  switch (address.kind) {
    case "tcp":
      return address.host.includes(":")
        ? `[${address.host}]:${address.port}`
        : `${address.host}:${address.port}`;
    case "unix":
      return `unix:${address.path}`;
    case "vip":
      return `vip:${address.service}:${address.port}`;
  }
}

/** A TCP address. `host` is a literal, never a name to look up. */
export function tcp(host: string, port: number): Address {
  return { kind: "tcp", host, port };
}

import * as v from "valibot";

/** `*`, or `<scheme>://<host>[:<port>]`; the host may be `*` or begin with `*.`, the port may be `*`. */
export const originSchema: v.GenericSchema<unknown, string> = v.pipe(
  v.string(),
  v.regex(
    /^(?:\*|https?:\/\/(?:\*|(?:\*\.)?[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)*|\[[0-9a-fA-F:.]+\])(?::(?:[0-9]{1,5}|\*))?)$/,
    "an origin, or *",
  ),
);

interface Origin {
  readonly scheme: string;
  /** Lower case. */
  readonly host: string;
  readonly port: string;
}

/**
 * Which values of the Origin field are allowed. Scheme and host are compared in lower case, the port where one says none is that of the
 * scheme; `*.b` stands for any labels before `.b`, not for `b` (Gateway API, HTTPCORSFilter.allowOrigins).
 */
export function compileOrigins(patterns: readonly string[]): (origin: string) => boolean {
  if (patterns.includes("*")) return () => true;
  const parsed = patterns.map(parse).filter((one) => one !== null);
  return (text) => {
    const origin = parse(text);
    return origin !== null && parsed.some((pattern) => fits(pattern, origin));
  };
}

function fits(pattern: Origin, { scheme, host, port }: Origin): boolean {
  if (pattern.scheme !== scheme) return false;
  if (pattern.port !== "*" && pattern.port !== port) return false;
  if (pattern.host === "*") return true;
  if (!pattern.host.startsWith("*.")) return pattern.host === host;
  return host.length >= pattern.host.length && host.endsWith(pattern.host.slice(1));
}

/** Null: no origin of HTTP, as `null` is none. */
function parse(text: string): Origin | null {
  const parts = /^(https?):\/\/([^/?#@:[\]]+|\[[^\]]*\])(?::([0-9]{1,5}|\*))?$/.exec(
    text.toLowerCase(),
  );
  if (parts === null) return null;
  const [, scheme, host, port] = parts;
  return { scheme: scheme!, host: host!, port: port ?? (scheme === "http" ? "80" : "443") };
}

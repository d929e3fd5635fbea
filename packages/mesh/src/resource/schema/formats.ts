import { integer, map, text } from "./schema.ts";

/** Texts with a grammar, each with the limits Kubernetes and the Gateway API give it. */

const label = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const subdomainPattern = `${label}(\\.${label})*`;

/** RFC 1123 label. */
export const dnsLabel = text({
  minLength: 1,
  maxLength: 63,
  pattern: new RegExp(`^${label}$`),
  words: "a name of a-z, 0-9 and -",
});

/** RFC 1035 label: begins with a letter; what a Service is called. */
export const dnsLabelWithLetter = text({
  minLength: 1,
  maxLength: 63,
  pattern: /^[a-z]([-a-z0-9]*[a-z0-9])?$/,
  words: "a name of a-z, 0-9 and -, beginning with a letter",
});

/** RFC 1123 subdomain. */
export const dnsSubdomain = text({
  minLength: 1,
  maxLength: 253,
  pattern: new RegExp(`^${subdomainPattern}$`),
  words: "a name of a-z, 0-9, - and .",
});

/** IANA service name, as a named port: at most 15 characters, one letter at least (RFC 6335 §5.1). */
export const portName = text({
  minLength: 1,
  maxLength: 15,
  pattern: /^(?=.*[a-z])(?!.*--)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
  words: "a port name: a-z, 0-9 and single -, at most 15, with a letter",
});

export const portNumber = integer({ minimum: 1, maximum: 65535 });

const qualified = new RegExp(
  `^(${subdomainPattern}/)?(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])$`,
);

/** A key of a label or annotation: `app`, `example.com/app`. */
export const qualifiedName = text({
  minLength: 1,
  maxLength: 317,
  pattern: qualified,
  words: "a label name such as app or example.com/app",
});

export const labelValue = text({
  maxLength: 63,
  pattern: /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/,
  words: "a label value of letters, 0-9, -, _ and .",
});

export const labels = map(labelValue, { keys: qualifiedName });

/** The empty group is Kubernetes' core. */
export const apiGroup = text({
  maxLength: 253,
  pattern: new RegExp(`^$|^${subdomainPattern}$`),
  words: "an API group",
});

export const kindName = text({
  minLength: 1,
  maxLength: 63,
  pattern: /^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/,
  words: "a kind",
});

export const objectName = text({ minLength: 1, maxLength: 253 });

/** RFC 9110 §5.6.2 token; a query parameter's name has the same form upstream. */
export const headerName = text({
  minLength: 1,
  maxLength: 256,
  pattern: /^[A-Za-z0-9!#$%&'*+\-.^_\x60|~]+$/,
  words: "a header name",
});

/** A host name, with `*.` as its first label or not. */
export const hostname = text({
  minLength: 1,
  maxLength: 253,
  pattern: new RegExp(`^(\\*\\.)?${subdomainPattern}$`),
  words: "a host name of a-z, 0-9, - and .",
});

export const preciseHostname = text({
  minLength: 1,
  maxLength: 253,
  pattern: new RegExp(`^${subdomainPattern}$`),
  words: "a host name of a-z, 0-9, - and ., without *",
});

/** `example.com/name`: who acts on a GatewayClass. */
export const controllerName = text({
  minLength: 1,
  maxLength: 253,
  pattern: new RegExp(`^${subdomainPattern}\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+$`),
  words: "a controller name such as example.com/name",
});

/** GEP-2257: `1h30m`, `500ms`, `0s`. */
export const duration = text({
  pattern: /^([0-9]{1,5}(h|m|s|ms)){1,4}$/,
  words: "a duration such as 10s or 500ms",
});

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** The milliseconds of a GEP-2257 duration; its parts add up. Null for any other text. */
export function parseDurationMs(value: string): number | null {
  if (!duration.pattern!.test(value)) return null;
  let totalMs = 0;
  for (const [, count, unit] of value.matchAll(/([0-9]{1,5})(ms|h|m|s)/g)) {
    totalMs += Number(count) * unitMs[unit!]!;
  }
  return totalMs;
}

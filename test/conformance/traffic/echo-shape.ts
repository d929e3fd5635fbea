/** What the echo server tells of a request that came to it. */
export interface Echoed {
  /** The workload that answers. */
  readonly hostname: string;
  readonly namespace: string;
  readonly method: string;
  /** As it came, with its query. */
  readonly path: string;
  readonly host: string;
  /** By names in lower case; several of one name joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyOctets: number;
  /** Of the TLS in which it came; null without. */
  readonly serverName: string | null;
}

/** gRPC services and their methods; all of them echo. */
export const grpcServices: Readonly<Record<string, readonly string[]>> = {
  "proto.EchoTestService": ["Echo", "ForwardEcho"],
  "proto.SecondService": ["Echo"],
};

/** `message EchoRequest { string message = 1; }`, and the same for the reply. */
export function encodeMessage(text: string): Buffer {
  const bytes = Buffer.from(text);
  const length: number[] = [];
  let rest = bytes.length;
  for (; rest > 0x7f; rest >>>= 7) length.push((rest & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([0x0a, ...length, rest]), bytes]);
}

/** The text of field 1; others there are none. */
export function decodeMessage(bytes: Buffer): string {
  if (bytes.length === 0) return "";
  let at = 1;
  while ((bytes[at++] ?? 0) > 0x7f);
  return bytes.toString("utf8", at);
}

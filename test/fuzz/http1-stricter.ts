/** A reason for which only we refuse. */
export interface Stricter {
  /** Why we do, though llhttp in strict mode does not. */
  readonly why: string;
  /** An input that shows it: requests, or where it starts with `HTTP/` a reply to GET. */
  readonly example: string;
}

const head = (...lines: string[]) => `${lines.join("\r\n")}\r\n\r\n`;
const get = (...fields: string[]) => head("GET / HTTP/1.1", "Host: kvs", ...fields);
const chunked = (body: string) =>
  head("POST / HTTP/1.1", "Host: kvs", "Transfer-Encoding: chunked") + body;

/** What only we refuse, by our reason (its numbers replaced by N). All else that we refuse llhttp refuses too. */
export const stricter: ReadonlyMap<string, Stricter> = new Map<string, Stricter>([
  [
    "request target not followed by a space, or with an octet not allowed",
    {
      why: 'HTTP/0.9 is not spoken; in a path # " < > and backslash mean different things to different readers',
      example: head("GET /a\\b HTTP/1.1", "Host: kvs"),
    },
  ],
  [
    "request target over its limit",
    { why: "a limit", example: head(`GET /${"a".repeat(17_000)} HTTP/1.1`, "Host: kvs") },
  ],
  ["request of more than N octets", { why: "a limit", example: get(`X: ${"a".repeat(62_000)}`) }],
  [
    "request of more than N fields",
    { why: "a limit", example: get(...Array.from({ length: 101 }, () => "X: 1")) },
  ],
  [
    "too many connection options",
    {
      why: "a limit: each is looked for among all fields",
      example: get(`Connection: ${"a,".repeat(70)}`),
    },
  ],
  [
    "malformed Upgrade",
    {
      why: "what it names is offered on to the server",
      example: get("Connection: upgrade", "Upgrade: a b"),
    },
  ],
  [
    "target in no form of RFC N §N",
    {
      why: "llhttp leaves the authority of a URI to its caller; two readers may take it for two hosts",
      example: head("GET http://a,b/ HTTP/1.1", "Host: kvs"),
    },
  ],
  [
    "target * without OPTIONS",
    { why: "RFC 9112 §3.2.4", example: head("GET * HTTP/1.1", "Host: kvs") },
  ],
  [
    "CONNECT without host:port",
    { why: "RFC 9112 §3.2.3", example: head("CONNECT / HTTP/1.1", "Host: kvs") },
  ],
  [
    "CONNECT with a body",
    {
      why: "RFC 9110 §9.3.6: what follows is a tunnel, and a length would hide a part of it",
      example: head("CONNECT kvs:80 HTTP/1.1", "Host: kvs:80", "Content-Length: 5"),
    },
  ],
  [
    "TRACE is not forwarded",
    { why: "it shows what hops added", example: head("TRACE / HTTP/1.1", "Host: kvs") },
  ],
  ["no Host field", { why: "RFC 9112 §3.2", example: head("GET / HTTP/1.1") }],
  ["several Host fields", { why: "RFC 9112 §3.2", example: get("Host: kvs") }],
  ["malformed Host", { why: "RFC 9112 §3.2", example: head("GET / HTTP/1.1", "Host: a b") }],
  [
    "an expectation other than N-continue",
    { why: "RFC 9110 §10.1.1: 417", example: get("Expect: 200-ok") },
  ],
  [
    "malformed Content-Length",
    { why: "a leading zero is octal to some", example: `${get("Content-Length: 05")}hello` },
  ],
  [
    "name that some read as one which frames the body",
    { why: "content_length is the same variable in CGI", example: get("Content_Length: 5") },
  ],
  [
    "more than one field that frames the body",
    {
      why: "a list over two lines is one value to some and two to others",
      example:
        head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked") +
        "0\r\n\r\n",
    },
  ],
  [
    "Transfer-Encoding in HTTP/N",
    {
      why: "RFC 9112 §6.1: faulty framing",
      example: `${head("POST / HTTP/1.0", "Transfer-Encoding: chunked")}0\r\n\r\n`,
    },
  ],
  [
    "a transfer coding other than chunked",
    {
      why: "llhttp reads such a reply up to the end of the connection; we cannot undo the coding",
      example: `${head("HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked")}0\r\n\r\n`,
    },
  ],
  [
    "malformed Transfer-Encoding, or one that does not end in chunked",
    {
      why: "llhttp reads such a reply up to the end of the connection; others read chunks",
      example: head("HTTP/1.1 200 OK", "Transfer-Encoding: identity"),
    },
  ],
  [
    "tab behind Transfer-Encoding",
    {
      why: "llhttp takes the tab for a part of the coding and reads such a reply up to the end of the connection",
      example: `${head("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\t")}0\r\n\r\n`,
    },
  ],
  [
    "chunk size too large",
    {
      why: "more than 16 digits, though they be zeros",
      example: chunked(`${"0".repeat(17)}\r\n\r\n`),
    },
  ],
  [
    "chunk extension without a name",
    { why: "the grammar of RFC 9112 §7.1.1 in full", example: chunked("0;a=b;;c\r\n\r\n") },
  ],
  [
    "chunk extension without a value",
    { why: "the grammar of RFC 9112 §7.1.1 in full", example: chunked("0;a=\r\n\r\n") },
  ],
  [
    "octet not allowed in a chunk extension",
    {
      why: "a quote starts a value or is none: the grammar of RFC 9112 §7.1.1 in full",
      example: chunked('0;a=b"c"\r\n\r\n'),
    },
  ],
  [
    "chunk extensions over their limit",
    { why: "a limit", example: chunked(`0;${"a".repeat(1100)}\r\n\r\n`) },
  ],
  [
    "trailers that frame the body",
    {
      why: "RFC 9110 §6.5.1; some merge trailers into the head",
      example: chunked("0\r\nConnection: close\r\n\r\n"),
    },
  ],
  [
    "trailers: name that some read as one which frames the body",
    {
      why: "content_length is the same variable in CGI",
      example: chunked("0\r\ncontent_length: 5\r\n\r\n"),
    },
  ],
  [
    "trailers: trailers of more than N octets",
    { why: "a limit", example: chunked(`0\r\nX: ${"a".repeat(9000)}\r\n\r\n`) },
  ],
  [
    "trailers: trailers of more than N fields",
    { why: "a limit", example: chunked(`0\r\n${"X: 1\r\n".repeat(40)}\r\n`) },
  ],
  [
    "no method and space at the start",
    {
      why: "one empty line is skipped before a request, not any number of CR and LF",
      example: `\n${get()}`,
    },
  ],
  [
    "no HTTP version in its place",
    { why: "no empty line is skipped before a reply", example: `\r\n${head("HTTP/1.1 200 OK")}` },
  ],
  [
    "HTTP/N is not spoken here",
    { why: "nobody sends HTTP/2.0 in this form", example: head("HTTP/2.0 200 OK") },
  ],
  [
    "status is not three digits from N to N",
    { why: "RFC 9110 §15", example: head("HTTP/1.1 604 Not Found") },
  ],
  [
    "control character in the status line",
    { why: "RFC 9112 §4: a reason phrase is text", example: head("HTTP/1.1 200 \x01") },
  ],
  [
    "N without an upgrade asked for",
    { why: "nobody asked", example: head("HTTP/1.1 101 Switching Protocols") },
  ],
  [
    "an interim reply that closes",
    { why: "no final reply could follow it", example: head("HTTP/1.0 100 Continue") },
  ],
  [
    "too many interim replies",
    { why: "a limit", example: head("HTTP/1.1 100 Continue").repeat(33) },
  ],
]);

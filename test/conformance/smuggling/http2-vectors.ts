type Field = readonly [name: string, value: string];

/** An HTTP/2 request as no library would send it. */
export interface Http2Vector {
  readonly name: string;
  readonly fields: readonly Field[];
  /** Null: the head ends the stream. */
  readonly body: string | null;
  readonly reaches: "refused" | "one";
}

const inner = "GET /smuggled HTTP/1.1\r\nHost: kvs\r\n\r\n";

function head(method: string, ...more: readonly Field[]): readonly Field[] {
  return [
    [":method", method],
    [":scheme", "http"],
    [":path", "/outer"],
    [":authority", "kvs"],
    ...more,
  ];
}

function refuse(name: string, fields: readonly Field[], body: string | null = null): Http2Vector {
  return { name, fields, body, reaches: "refused" };
}
function one(name: string, fields: readonly Field[], body: string | null = null): Http2Vector {
  return { name, fields, body, reaches: "one" };
}

/** What makes two requests of one where HTTP/2 is written down as HTTP/1 (RFC 9113 §8.2, §8.3, §10.3; Kettle 2021). */
export const http2Vectors: readonly Http2Vector[] = [
  one("H2.0: a body that is a request, no length", head("POST"), inner),
  one("a body with its length", head("POST", ["content-length", String(inner.length)]), inner),
  refuse("H2.CL: content-length 0 and a body", head("POST", ["content-length", "0"]), inner),
  refuse("H2.CL: a body shorter than its length", head("POST", ["content-length", "99"]), inner),
  refuse("H2.CL: a length and no body", head("POST", ["content-length", "5"])),
  refuse(
    "H2.CL: two lengths",
    head("POST", ["content-length", "0"], ["content-length", String(inner.length)]),
    inner,
  ),
  refuse(
    "H2.CL: a length with a sign",
    head("POST", ["content-length", `+${inner.length}`]),
    inner,
  ),
  refuse("H2.TE", head("POST", ["transfer-encoding", "chunked"]), `0\r\n\r\n${inner}`),
  refuse(
    "H2.TE by another case",
    head("POST", ["Transfer-Encoding", "chunked"]),
    `0\r\n\r\n${inner}`,
  ),
  refuse("H2.TE by te", head("POST", ["te", "chunked"]), `0\r\n\r\n${inner}`),
  refuse("CRLF in a value", head("GET", ["x", `1\r\n\r\n${inner}`])),
  refuse("LF in a value", head("GET", ["x", `1\nTransfer-Encoding: chunked`])),
  refuse("NUL in a value", head("GET", ["x", "1\x002"])),
  refuse("CRLF in a name", head("GET", ["x: 1\r\ntransfer-encoding", "chunked"])),
  refuse("a colon in a name", head("GET", ["transfer-encoding: x", "chunked"])),
  refuse("a space in a name", head("GET", ["transfer-encoding ", "chunked"])),
  refuse("an empty name", head("GET", ["", "1"])),
  refuse("a space before a value", head("GET", ["x", " 1"])),
  refuse("a space behind a value", head("GET", ["x", "1 "])),
  refuse("connection", head("GET", ["connection", "close"])),
  refuse("keep-alive", head("GET", ["keep-alive", "1"])),
  refuse("proxy-connection", head("GET", ["proxy-connection", "keep-alive"])),
  refuse("upgrade", head("GET", ["upgrade", "h2c"])),
  refuse("a request line in :method", [
    [":method", `GET /smuggled HTTP/1.1\r\nHost: kvs\r\n\r\nGET`],
    [":scheme", "http"],
    [":path", "/outer"],
    [":authority", "kvs"],
  ]),
  refuse("a space in :method", [
    [":method", "GET /smuggled"],
    [":scheme", "http"],
    [":path", "/outer"],
    [":authority", "kvs"],
  ]),
  refuse("a space in :path", [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/smuggled HTTP/1.1\r\nx: "],
    [":authority", "kvs"],
  ]),
  refuse("an empty :path", [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", ""],
    [":authority", "kvs"],
  ]),
  refuse("a second :path", [...head("GET"), [":path", "/smuggled"]]),
  refuse("CRLF in :authority", [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/outer"],
    [":authority", `kvs\r\n\r\n${inner}`],
  ]),
  refuse("a :scheme that is the start of another request", [
    [":method", "GET"],
    [":scheme", `http://evil/ HTTP/1.1\r\nx: `],
    [":path", "/outer"],
    [":authority", "kvs"],
  ]),
  refuse(":authority and another host", head("GET", ["host", "evil"])),
  refuse("two hosts", [
    [":method", "GET"],
    [":scheme", "http"],
    [":path", "/outer"],
    ["host", "kvs"],
    ["host", "evil"],
  ]),
  refuse("a pseudo-header behind a field", [
    [":method", "GET"],
    [":scheme", "http"],
    [":authority", "kvs"],
    ["x", "1"],
    [":path", "/outer"],
  ]),
  refuse("a pseudo-header of replies", head("GET", [":status", "200"])),
  refuse("an unknown pseudo-header", head("GET", [":smuggled", "1"])),
  refuse(":protocol without CONNECT", head("GET", [":protocol", "websocket"])),
];

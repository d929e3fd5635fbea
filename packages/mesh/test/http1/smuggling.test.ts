import type { Reason } from "@heddle/mesh/model/reason.ts";
import { describe, test } from "vitest";
import { expectBodyRefused, expectForwarded, expectRefused, get, head, post } from "./verdicts.ts";

/**
 * Ways to make two readers of one stream of octets see different requests. Each is either refused with the connection
 * closed and nothing forwarded, or forwarded as one request that every reader frames alike.
 */
const next = get("X: smuggled");
const via = "via: 1.1 heddle\r\n\r\n";
const chunkedHead =
  "POST / HTTP/1.1\r\nHost: kvs\r\nvia: 1.1 heddle\r\ntransfer-encoding: chunked\r\n\r\n";

type Refused = readonly [title: string, input: string, reason?: Reason];

function refuse(cases: readonly Refused[]): void {
  test.each(cases.map((each) => [each[0], each] as const))("refuses %s", (_title, each) => {
    expectRefused(each[1], each[2] ?? "bad-request");
  });
}

describe("lengths", () => {
  const both = (...fields: string[]) => `${post(...fields)}0\r\n\r\n${next}`;
  refuse([
    ["CL.TE", both("Content-Length: 6", "Transfer-Encoding: chunked")],
    ["TE.CL", both("Transfer-Encoding: chunked", "Content-Length: 3")],
    [
      "CL.TE with close",
      both("Content-Length: 6", "Transfer-Encoding: chunked", "Connection: close"),
    ],
    ["TE.TE", both("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")],
    ["TE.TE, the second unknown", both("Transfer-Encoding: chunked", "Transfer-Encoding: cow")],
    [
      "TE.0",
      head("OPTIONS / HTTP/1.1", "Host: kvs", "Transfer-Encoding: chunked", "Content-Length: 0"),
    ],
    ["CL 0 with TE", both("Content-Length: 0", "Transfer-Encoding: chunked")],
  ]);

  test("CL.0: the body of a GET is a body, not a request", () => {
    expectForwarded(
      `${get(`Content-Length: ${next.length}`)}${next}`,
      `GET / HTTP/1.1\r\nHost: kvs\r\nContent-Length: ${next.length}\r\n${via}${next}`,
    );
  });
});

describe("Content-Length values", () => {
  const values = [
    "5, 5",
    "5, 6",
    "5, 5, 5",
    "+5",
    "-5",
    "-0",
    "0x5",
    "1_0",
    "05",
    "00",
    "5Z",
    "1e0",
  ];
  values.push(
    "5.0",
    "",
    "5 5",
    "5;",
    "18446744073709551616",
    "9007199254740992",
    "٥",
    "5\u00a0",
    "5,",
  );
  refuse(
    values.map((value) => [JSON.stringify(value), `${post(`Content-Length: ${value}`)}hello`]),
  );
  refuse([
    ["two alike", `${post("Content-Length: 5", "Content-Length: 5")}hello`],
    ["two that differ", `${post("Content-Length: 5", "Content-Length: 6")}hello!`],
    ["an empty one and a real one", `${post("Content-Length:", "Content-Length: 5")}hello`],
    ["a space before the colon", `${post("Content-Length : 5")}hello`],
    ["content_length", `${post("Content_Length: 5")}hello`],
    ["a CR inside the name", `${post("Content-\rLength: 5")}hello`],
    ["a VT before the digits", `${post("Content-Length: \x0b5")}hello`],
  ]);

  test.each([
    ["spaces and a tab around", "Content-Length: \t5 \t"],
    ["no space", "Content-Length:5"],
    ["another case", "cOnTeNt-LeNgTh: 5"],
  ])("takes %s", (_title, field) => {
    expectForwarded(
      `${post(field)}hello`,
      `POST / HTTP/1.1\r\nHost: kvs\r\n${field}\r\n${via}hello`,
    );
  });

  test("a huge length with no body waits, and is one request", () => {
    const field = "Content-Length: 9007199254740991";
    expectForwarded(post(field), `POST / HTTP/1.1\r\nHost: kvs\r\n${field}\r\n${via}`);
  });
});

describe("Transfer-Encoding values", () => {
  const malformed = [
    ",chunked",
    "chunked,",
    "chunked, identity",
    "identity",
    "chunked, chunked",
    "gzip",
  ];
  malformed.push(
    "",
    '"chunked"',
    "chunked;ext=val",
    "\u00a0chunked",
    "\u0085chunked",
    "\u00ffchunked",
  );
  malformed.push("chunked, gzip", "chun ked", "chunked\u00a0", "chunked;", "chunked , , ");
  const body = `0\r\n\r\n${next}`;
  refuse(
    malformed.map((value) => [JSON.stringify(value), post(`Transfer-Encoding: ${value}`) + body]),
  );
  const unknown = ["xchunked", "cow", "gzip, chunked", "cow, chunked", "chunkedx", "chunked-false"];
  refuse(
    unknown.map(
      (value) => [value, post(`Transfer-Encoding: ${value}`) + body, "unsupported"] as const,
    ),
  );
  refuse([
    ["a leading VT", post("Transfer-Encoding: \x0bchunked") + body],
    ["a leading FF", post("Transfer-Encoding: \x0cchunked") + body],
    ["a NUL", post("Transfer-Encoding: \0chunked") + body],
    ["a folded line", post("Transfer-Encoding:\r\n chunked") + body],
    ["a folded line behind it", post("Transfer-Encoding: chunked\r\n , identity") + body],
    ["HTTP/1.0", head("POST / HTTP/1.0", "Transfer-Encoding: chunked") + body],
    ["SP before the colon", post("Transfer-Encoding : chunked") + body],
    ["SP before the name", post(" Transfer-Encoding: chunked") + body],
    ["NBSP before the colon", post("Transfer-Encoding\u00a0: chunked") + body],
    ["a soft hyphen in the name", post("Transfer\u00ad-Encoding: chunked") + body],
    ["a backslash in the name", post("Transfer\\Encoding: chunked") + body],
    ["a tab behind the value", post("Transfer-Encoding: chunked \t") + body],
    ["transfer_encoding", post("Transfer_Encoding: chunked") + body],
  ]);

  test.each([
    ["another case", "Transfer-Encoding: ChUnKeD"],
    ["blanks around", "Transfer-Encoding: \t chunked  "],
  ])("takes %s", (_title, field) => {
    expectForwarded(
      `${post(field)}5\r\nhello\r\n0\r\n\r\n`,
      `${chunkedHead}5\r\nhello\r\n0\r\n\r\n`,
    );
  });

  test("Connection: transfer-encoding does not hide it", () => {
    const fields = ["Transfer-Encoding: chunked", "Connection: transfer-encoding, content-length"];
    expectForwarded(
      `${post(...fields)}5\r\nhello\r\n0\r\n\r\n`,
      `${chunkedHead}5\r\nhello\r\n0\r\n\r\n`,
    );
  });
});

describe("chunks", () => {
  const sizes = [
    "0x5",
    "+5",
    "-5",
    "5_",
    " 5",
    "5 ",
    "5\t",
    "",
    "5g",
    "5\x0b",
    "10000000000000000",
  ];
  sizes.push(
    "20000000000000",
    "00000000000000005",
    "5;",
    "5; a",
    "5 ;a",
    "5;a =b",
    "5;a= b",
    '5;a="b',
    "5;=b",
  );
  sizes.push(
    '5;a="b"c',
    "5;a=",
    "5;a\0",
    '5;a="\0"',
    "5;a\rb",
    "5;;a",
    `5;a=${"b".repeat(65_536)}`,
    "\r5",
  );
  const chunk = (size: string) =>
    `${post("Transfer-Encoding: chunked")}${size}\r\nhello\r\n0\r\n\r\n`;
  test.each(sizes.map((size) => [JSON.stringify(size.slice(0, 24)), size]))(
    "refuses a size line of %s",
    (_title, size) => expectBodyRefused(chunk(size)),
  );
  const bodies: readonly (readonly [string, string])[] = [
    ["LF after the size", "5\nhello\r\n0\r\n\r\n"],
    ["LF after an extension (TERM.EXT)", "5;a\nhello\r\n0\r\n\r\n"],
    ["CR after the size", "5\rhello\r\n0\r\n\r\n"],
    ["CR and another octet after the size", "5\r\rhello\r\n0\r\n\r\n"],
    ["\\rX", "5\rXhello\r\n0\r\n\r\n"],
    ["LF after the data", "5\r\nhello\n0\r\n\r\n"],
    ["two other octets after the data (TERM.SPILL)", "5\r\nhelloXX0\r\n\r\n"],
    ["CR and X after the data", "5\r\nhello\rX0\r\n\r\n"],
    ["no CRLF after the data", "5\r\nhello0\r\n\r\n"],
    ["data longer than its size", "5\r\nhello!\r\n0\r\n\r\n"],
    ["an extra CRLF before the last chunk", "5\r\nhello\r\n\r\n0\r\n\r\n"],
    ["LF after the last chunk", "5\r\nhello\r\n0\n\r\n"],
    ["LF as the end of the body", "5\r\nhello\r\n0\r\n\n"],
    ["a trailer without a colon", "0\r\nX\r\n\r\n"],
    ["a folded trailer", "0\r\nX: 1\r\n 2\r\n\r\n"],
    ["a trailer section over its limit", `0\r\nX: ${"1".repeat(8200)}\r\n\r\n`],
    ["trailers over their number", `0\r\n${"X: 1\r\n".repeat(33)}\r\n`],
  ];
  test.each(bodies)("refuses %s", (_title, body) => {
    expectBodyRefused(post("Transfer-Encoding: chunked") + body);
  });

  test("a truncated trailer section is a request that has not ended", () => {
    expectForwarded(`${post("Transfer-Encoding: chunked")}0\r\nX:`, chunkedHead);
  });

  test("an octet behind the last chunk is the start of the next request", () => {
    const body = "5\r\nhello\r\n0\r\n\r\n";
    expectForwarded(`${post("Transfer-Encoding: chunked")}${body}G`, chunkedHead + body);
  });

  test("extensions are checked, dropped and not forwarded; leading zeros are written anew", () => {
    expectForwarded(
      `${post("Transfer-Encoding: chunked")}005;a;b=c;d="e\\"f;\tg"\r\nhello\r\n0;last\r\n\r\n`,
      `${chunkedHead}5\r\nhello\r\n0\r\n\r\n`,
    );
  });

  test.each([
    "Content-Length: 9",
    "Transfer-Encoding: chunked",
    "content_length: 9",
    "Connection: close",
  ])("refuses %s as a trailer", (field) =>
    expectBodyRefused(`${post("Transfer-Encoding: chunked")}0\r\n${field}\r\n\r\n`),
  );

  test("trailers that route or authenticate are dropped", () => {
    const bad = "Host: evil\r\nAuthorization: me\r\n";
    expectForwarded(
      `${post("Transfer-Encoding: chunked")}0\r\n${bad}Content-Type: a/b\r\nX-Sum: 1\r\n\r\n`,
      `${chunkedHead}0\r\nx-sum: 1\r\n\r\n`,
    );
  });
});

describe("lines", () => {
  refuse([
    ["a bare LF after a field", "GET / HTTP/1.1\r\nHost: kvs\nX: 1\r\n\r\n"],
    ["a bare LF after the request line", "GET / HTTP/1.1\nHost: kvs\r\n\r\n"],
    ["CR alone at the ends of lines", "GET / HTTP/1.1\rHost: kvs\r\r\n"],
    ["CRLF CR X as the end of the head", "GET / HTTP/1.1\r\nHost: kvs\r\n\rX: 1\r\n\r\n"],
    ["CRLF LF as the end of the head", "GET / HTTP/1.1\r\nHost: kvs\r\n\n"],
    ["a fold in a value", get("X: 1\r\n 2")],
    ["a fold with a tab", get("X: 1\r\n\t2")],
    ["a fold in a name", get("X\r\n Y: 1")],
    ["space before the first field", "GET / HTTP/1.1\r\n Host: kvs\r\n\r\n"],
    ["a line of a space before the first field", "GET / HTTP/1.1\r\n \r\nHost: kvs\r\n\r\n"],
    ["a line without a colon", get("X")],
    ["an empty name", get(": 1")],
    ["an empty name and value", get(":")],
    ["a space instead of a colon", get("X 1")],
    ["a NUL in a value", get("X: a\0b")],
    ["a CR in a value", get("X: a\rb")],
    ["an LF in a value", get("X: a\nb")],
    ["a DEL in a value", get("X: a\x7fb")],
    ["0x80 in a name", get("X\x80: 1")],
    ["0xFF in a name", get("X\xff: 1")],
    ["a control character in a name", get("X\x01: 1")],
    ["a tab in a name", get("X\t: 1")],
    ["parentheses in a name", get("X(): 1")],
  ]);

  test("obs-text in a value passes as it came", () => {
    const field = "X: \x80\xff\xe9";
    expectForwarded(get(field), `GET / HTTP/1.1\r\nHost: kvs\r\n${field}\r\n${via}`);
  });
});

describe("the request line", () => {
  const line = (text: string) => head(text, "Host: kvs");
  refuse([
    ["a tab as separator", line("GET\t/ HTTP/1.1")],
    ["a tab before the version", line("GET /\tHTTP/1.1")],
    ["several spaces before the target", line("GET  / HTTP/1.1")],
    ["several spaces before the version", line("GET /  HTTP/1.1")],
    ["a space behind the version", line("GET / HTTP/1.1 ")],
    ["a space in the target", line("GET /a b HTTP/1.1")],
    ["a fragment", line("GET /a#b HTTP/1.1")],
    ["HTTP/0.9", "GET /\r\nHost: kvs\r\n\r\n"],
    ["HTTP/1.32", line("GET / HTTP/1.32")],
    ["a huge version", line("GET / HTTP/4294967295.255")],
    ["CR in the version", line("GET / HTTP/\r\r1.1")],
    ["another case of HTTP", line("GET / http/1.1")],
    ["no version number", line("GET / HTTP/")],
    ["a lower-case method", line("get / HTTP/1.1")],
    ["a method in part lower-case", line("Head / HTTP/1.1")],
    ["a method that is no token", line("G@T / HTTP/1.1")],
    ["a method too long", line(`${"G".repeat(33)} / HTTP/1.1`)],
    ["a space before the method", line(" GET / HTTP/1.1")],
    ["an empty target", line("GET  HTTP/1.1")],
    ["two empty lines before it", `\r\n\r\n${line("GET / HTTP/1.1")}`],
    ["an LF before it", `\n${line("GET / HTTP/1.1")}`],
    ["HTTP/2.0", line("GET / HTTP/2.0"), "bad-version"],
    ["HTTP/1.2", line("GET / HTTP/1.2"), "bad-version"],
    ["the HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad-version"],
    ["TRACE", line("TRACE / HTTP/1.1"), "unsupported"],
  ]);

  test("a method nobody knows passes as it is, not as a prefix of it", () => {
    expectForwarded(line("GETS / HTTP/1.1"), `GETS / HTTP/1.1\r\nHost: kvs\r\n${via}`);
  });
});

describe("target and Host", () => {
  const line = (target: string, host = "kvs") => head(`GET ${target} HTTP/1.1`, `Host: ${host}`);
  const hosts = [
    "a, b",
    "user@kvs",
    "kvs/path",
    "kvs\\b",
    "kvs%00",
    "kvs%0d%0a",
    "kvs\xc0\xaf",
    "kvs:",
    "kvs:99999",
  ];
  hosts.push(
    "kvs:8x",
    "kvs:80:80",
    "[::1",
    "::1",
    "[zz::1]",
    "kvs b",
    "kvs?x",
    "kvs#x",
    "kvs:-1",
    "kvs:000080",
    "'kvs'",
  );
  refuse(hosts.map((host) => [`Host ${JSON.stringify(host)}`, line("/", host)]));
  refuse([
    ["two Hosts alike", get("Host: kvs")],
    ["two Hosts that differ", get("Host: evil")],
    ["no Host", head("GET / HTTP/1.1", "X: 1")],
    ["absolute-form without Host", head("GET http://kvs/ HTTP/1.1")],
    ["absolute-form with user information", line("http://me@kvs/")],
    ["absolute-form with another scheme", line("gopher://kvs/")],
    ["absolute-form without a host", line("http:///a")],
    ["absolute-form and a bad Host", line("http://kvs/", "a b")],
    ["absolute-form with a backslash in the path", line("http://kvs/a\\b")],
    ["a backslash in the path", line("/a\\b")],
    ["a target that starts with a backslash", line("\\a")],
    ["a target without a slash", line("a/b")],
    ["an asterisk to GET", line("*")],
    ["0x80 in the target", line("/\x80")],
    ["a control character in the target", line("/\x01")],
    ["overlong UTF-8 in the target, as octets", line("/\xc0\xaf")],
    ["authority-form without CONNECT", line("kvs:80")],
  ]);

  test.each([
    "/%00",
    "/%0d%0aX:%201",
    "/%c0%af",
    "//evil/x",
    '/../a/./b?c=/../"<>\\{}|^`',
    "/a;b=c?d&e=%2F",
  ])("%s passes octet by octet", (target) =>
    expectForwarded(line(target), `GET ${target} HTTP/1.1\r\nHost: kvs\r\n${via}`),
  );
});

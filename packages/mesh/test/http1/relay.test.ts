import { expect, test } from "vitest";
import { openRelay } from "./rig.ts";

const crlf = (...lines: string[]) => `${lines.join("\r\n")}\r\n`;

test("forwards a small request and its answer in one write each", () => {
  const { down, up } = openRelay();
  down.deliver(crlf("GET /a?b=%20c HTTP/1.1", "Host: kvs", "Accept:  */*", "X-One: 1", ""));
  expect(up.writes).toEqual([
    crlf("GET /a?b=%20c HTTP/1.1", "Host: kvs", "Accept:  */*", "X-One: 1", "via: 1.1 heddle", ""),
  ]);
  up.deliver(
    crlf("HTTP/1.1 200 Fine", "Content-Length: 5", "Set-Cookie: a", "", "hello").slice(0, -2),
  );
  expect(down.writes).toEqual([
    `${crlf("HTTP/1.1 200 Fine", "Content-Length: 5", "Set-Cookie: a", "")}hello`,
  ]);
});

/** A second, naive reading of a chunked body. */
function unchunk(text: string): { body: string; trailers: string } {
  let body = "";
  for (let rest = text; ; ) {
    const [line] = rest.split("\r\n", 1);
    const size = Number.parseInt(line!, 16);
    const data = rest.slice(line!.length + 2);
    if (size === 0) return { body, trailers: data };
    body += data.slice(0, size);
    rest = data.slice(size + 2);
  }
}

const upload = `POST /p HTTP/1.1\r\nHost: kvs\r\nTransfer-Encoding: chunked\r\n\r\n5;a="b"\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 7\r\n\r\nGET /next HTTP/1.1\r\nHost: kvs\r\n\r\n`;

test("reads a chunked request with trailers and a pipelined one behind it, cut at any octet", () => {
  for (let cut = 1; cut < upload.length; cut++) {
    const { down, up } = openRelay();
    down.deliver(upload, cut);
    const bodyAt = up.output.indexOf("\r\n\r\n") + 4;
    expect(up.output.slice(0, bodyAt)).toBe(
      "POST /p HTTP/1.1\r\nHost: kvs\r\nvia: 1.1 heddle\r\ntransfer-encoding: chunked\r\n\r\n",
    );
    expect(unchunk(up.output.slice(bodyAt))).toEqual({
      body: "hello world",
      trailers: "x-sum: 7\r\n\r\n",
    });
    up.deliver("HTTP/1.1 204 No Content\r\n\r\n");
    down.settle();
    expect(up.output).toContain("GET /next HTTP/1.1\r\n");
    up.deliver("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    expect(down.output).toBe(
      "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    );
  }
});

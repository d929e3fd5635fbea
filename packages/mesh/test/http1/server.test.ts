import { Http1ServerStream } from "@heddle/mesh/net/http1/server-stream.ts";
import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import type { ConnectionEvents } from "@heddle/mesh/net/transport.ts";
import { expect, test } from "vitest";
import type { RecordedRequest } from "./recorders.ts";
import { openServer } from "./rig.ts";
import { get, head, post } from "./verdicts.ts";

function answer(request: RecordedRequest, status = 200): void {
  const bytes = Buffer.from("hello", "latin1");
  request.stream.sendHead(new PlainReplyHead(status), bytes.length);
  request.stream.sendBody(bytes, 0, bytes.length);
  request.stream.sendEnd(null);
}

const hello = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";

test("answers ten thousand pipelined requests from within the handler, 64 in each turn", () => {
  const { connection, handler, clock } = openServer();
  handler.onEach = (request) => answer(request);
  connection.deliver(get().repeat(10_000));
  expect(handler.requests.length).toBe(64);
  expect(connection.isPaused).toBe(true);
  for (let turn = 0; turn < 160; turn++) clock.advance(0);
  expect(connection.output).toBe(hello.repeat(10_000));
  expect(connection.isPaused).toBe(false);
});

test("keeps at most what one read brought while a reply is due, and stops reading", () => {
  const { connection, handler } = openServer();
  connection.deliver(get().repeat(3), get().length + 5);
  expect(handler.requests.length).toBe(1);
  expect(connection.isPaused).toBe(true);
  answer(handler.requests[0]!);
  connection.settle();
  expect(handler.requests.length).toBe(2);
  answer(handler.requests[1]!);
  connection.settle();
  answer(handler.requests[2]!);
  expect(connection.isPaused).toBe(false);
  expect(connection.output).toBe(hello.repeat(3));
});

test("a client that takes no replies gets no further ones until it does", () => {
  const { connection, handler } = openServer();
  connection.isStalled = true;
  handler.onEach = (request) => answer(request);
  connection.deliver(get().repeat(3));
  expect(handler.requests.length).toBe(1);
  expect(connection.isPaused).toBe(true);
  connection.drain();
  expect(connection.output).toBe(hello.repeat(3));
  expect(connection.isPaused).toBe(false);
});

test("sendBody says false while octets are queued, onWritable when they are gone", () => {
  const { connection, handler } = openServer();
  connection.deliver(get());
  const [request] = handler.requests;
  connection.isStalled = true;
  request!.stream.sendHead(new PlainReplyHead(200), "chunked");
  const piece = Buffer.from("0123456789");
  expect(request!.stream.sendBody(piece, 0, 10)).toBe(false);
  connection.drain();
  expect(request!.writables).toBe(1);
  expect(request!.stream.sendBody(piece, 2, 5)).toBe(true);
  request!.stream.sendEnd(null);
  expect(connection.output).toBe(
    "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n3\r\n234\r\n0\r\n\r\n",
  );
});

test.each([
  ["a length", `${post("Content-Length: 10")}helloworld`],
  ["chunks", `${post("Transfer-Encoding: chunked")}5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n`],
])(
  "a paused request body with %s delivers nothing until resumed, and all of it then",
  (_title, input) => {
    for (let cut = 1; cut < input.length; cut++) {
      const { connection, handler } = openServer();
      handler.onEach = (request) => {
        request.onBody = () => request.stream.pauseRequest();
      };
      connection.deliver(input + get(), cut);
      const [request] = handler.requests;
      for (let round = 0; round < 12 && !request!.hasEnded; round++) {
        const before = request!.body;
        expect(before.length < 10 ? connection.isPaused : true).toBe(true);
        request!.stream.resumeRequest();
        connection.settle();
        expect(request!.body.length > before.length || request!.hasEnded).toBe(true);
      }
      expect(request!.body).toBe("helloworld");
      expect(handler.requests.length).toBe(1);
      answer(request!);
      connection.settle();
      expect(handler.requests.length).toBe(2);
    }
  },
);

test("a pause undone within the callback changes nothing", () => {
  const { connection, handler } = openServer();
  handler.onEach = (request) => {
    request.onBody = () => {
      request.stream.pauseRequest();
      request.stream.resumeRequest();
    };
  };
  connection.deliver(`${post("Content-Length: 10")}helloworld`, 60);
  expect(handler.requests[0]!.body).toBe("helloworld");
  expect(connection.isPaused).toBe(false);
});

test("a client that half-closes behind its request still gets its answer", () => {
  const { connection, handler } = openServer();
  connection.deliver(get());
  connection.deliverEnd();
  expect(connection.hasEnded).toBe(false);
  answer(handler.requests[0]!);
  expect(connection.output).toBe(
    "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello",
  );
  connection.settle();
  expect(connection.isClosed).toBe(true);
  expect(handler.closes).toBe(1);
});

test("a client that half-closes behind pipelined requests gets all answers", () => {
  const { connection, handler } = openServer();
  connection.deliver(get().repeat(2));
  connection.deliverEnd();
  answer(handler.requests[0]!);
  connection.settle();
  answer(handler.requests[1]!);
  connection.settle();
  expect(connection.output.match(/hello/g)?.length).toBe(2);
  expect(connection.isClosed).toBe(true);
});

test("a client that ends amid its request is gone", () => {
  const { connection, handler } = openServer();
  connection.deliver(`${post("Content-Length: 10")}hello`);
  connection.deliverEnd();
  expect(handler.requests[0]!.failure?.reason).toBe("client-gone");
  expect(connection.isReset).toBe(true);
});

test("a client that ends amid a head is closed without a word", () => {
  const { connection, handler } = openServer();
  connection.deliver("GET / HT");
  connection.deliverEnd();
  expect(connection.isClosed).toBe(true);
  expect(connection.output).toBe("");
  expect(handler.closes).toBe(1);
});

test("a client abort fails the request as client-gone, once, and the stream is deaf afterwards", () => {
  const { connection, handler } = openServer();
  connection.deliver(get());
  const [request] = handler.requests;
  connection.close({ kind: "reset", detail: "reset by peer" });
  expect(request!.failure).toEqual({ reason: "client-gone", detail: "reset by peer" });
  answer(request!);
  request!.stream.abort();
  expect(connection.output).toBe("");
  expect(connection.isReset).toBe(false);
  expect(handler.closes).toBe(1);
});

test("a broken body after the reply began ends in a reset, not in a second reply", () => {
  const { connection, handler } = openServer();
  connection.deliver(post("Transfer-Encoding: chunked"));
  const [request] = handler.requests;
  request!.stream.sendHead(new PlainReplyHead(200), "chunked");
  connection.deliver("zz\r\n");
  expect(request!.failure?.reason).toBe("bad-request");
  expect(connection.isReset).toBe(true);
  expect(connection.output.match(/HTTP/g)?.length).toBe(1);
});

test("an aborted reply resets, so that a client can tell that it is not whole", () => {
  const { connection, handler } = openServer();
  connection.deliver(get());
  handler.requests[0]!.stream.sendHead(new PlainReplyHead(200), 10);
  handler.requests[0]!.stream.abort();
  expect(connection.isReset).toBe(true);
  connection.settle();
  expect(handler.requests[0]!.failure).toBe(null);
});

test("a reply before the end of a body that has arrived already keeps the connection", () => {
  const input = `${post("Content-Length: 10")}helloworld${get()}`;
  const bodyAt = input.indexOf("hello");
  for (let cut = 1; cut < input.length; cut++) {
    const { connection, handler } = openServer();
    handler.onEach = (request) => answer(request);
    connection.deliver(input, cut);
    const isKept = cut < bodyAt || cut >= bodyAt + 10;
    expect(connection.output, `cut at ${cut}`).toBe(
      isKept ? hello.repeat(2) : hello.replace("\r\n\r\n", "\r\nconnection: close\r\n\r\n"),
    );
    expect(handler.requests[0]!.body).toBe("");
  }
});

test("a reply to a request whose body waits, all of it, keeps the connection", () => {
  const { connection, handler } = openServer();
  handler.onEach = (request) => request.stream.pauseRequest();
  connection.deliver(`${post("Content-Length: 10")}helloworld${get()}`);
  answer(handler.requests[0]!);
  connection.settle();
  expect(handler.requests.length).toBe(2);
  expect(handler.requests[1]!.head.method).toBe("GET");
  answer(handler.requests[1]!);
  expect(connection.output).toBe(hello.repeat(2));
});

test("closeAfter makes the reply the last one", () => {
  const { connection, handler } = openServer();
  connection.deliver(get());
  handler.requests[0]!.stream.closeAfter();
  answer(handler.requests[0]!);
  expect(connection.output).toContain("connection: close\r\n");
  expect(connection.hasEnded).toBe(true);
});

test("an exchange is asked now and then whether it moves; between exchanges the connection closes", () => {
  const { connection, clock, handler } = openServer();
  connection.deliver(get());
  clock.advance(4 * 75_000);
  expect(handler.requests[0]!.looks).toBe(4);
  answer(handler.requests[0]!);
  clock.advance(2 * 75_000);
  expect(handler.requests[0]!.looks).toBe(4);
  expect(connection.hasEnded).toBe(true);
});

test("drain ends an idle connection at once and a busy one after its reply", () => {
  const idle = openServer();
  idle.server.drain();
  expect(idle.connection.hasEnded).toBe(true);
  const busy = openServer();
  busy.connection.deliver(get());
  busy.server.drain();
  expect(busy.connection.hasEnded).toBe(false);
  answer(busy.handler.requests[0]!);
  expect(busy.connection.output).toContain("connection: close\r\n");
  expect(busy.connection.hasEnded).toBe(true);
});

test("lingers: what still comes is dropped, for a while and up to a limit", () => {
  const refused = openServer();
  refused.connection.deliver("BAD\r\n\r\n");
  expect(refused.connection.hasEnded).toBe(true);
  refused.connection.deliver("x".repeat(100_000));
  expect(refused.connection.isReset).toBe(false);
  refused.clock.advance(1999);
  expect(refused.connection.isReset).toBe(false);
  refused.clock.advance(1);
  expect(refused.connection.isReset).toBe(true);
  const flood = openServer();
  flood.connection.deliver("BAD\r\n\r\n");
  const part = "x".repeat(1_000_000);
  for (let round = 0; round < 16; round++) flood.connection.deliver(part);
  expect(flood.connection.isReset).toBe(false); // as much as was on its way when the reply was sent
  flood.connection.deliver(part);
  expect(flood.connection.isReset).toBe(true);
});

test("a last reply that is still being taken is not cut off; one that nobody takes is", () => {
  const { connection, handler, clock } = openServer();
  connection.deliver(get("Connection: close"));
  connection.isStalled = true;
  answer(handler.requests[0]!);
  clock.advance(29_000);
  connection.queuedBytes -= 10;
  clock.advance(29_000);
  expect(connection.isReset).toBe(false);
  clock.advance(31_000);
  expect(connection.isReset).toBe(true);
});

test("an idle connection closes between one and two times its limit, a busy one never", () => {
  const { connection, handler, clock } = openServer();
  connection.deliver(get());
  clock.advance(300_000);
  expect(connection.hasEnded).toBe(false);
  answer(handler.requests[0]!);
  clock.advance(74_000);
  expect(connection.hasEnded).toBe(false);
  clock.advance(76_000);
  expect(connection.hasEnded).toBe(true);
  expect(connection.output).toBe(hello);
});

test("no timer outlives a connection", () => {
  const { connection, clock } = openServer();
  connection.deliver("GET");
  connection.close(null);
  expect(clock.nextAtMs()).toBe(null);
});

test("hands the connection over after a 2xx to CONNECT, with what came behind it", () => {
  const { connection, handler } = openServer();
  connection.deliver(`${head("CONNECT kvs:80 HTTP/1.1", "Host: kvs:80")}early`);
  const { stream } = handler.requests[0]!;
  expect(handler.requests[0]!.hasEnded).toBe(false); // what comes behind it is the tunnel's
  stream.sendHead(new PlainReplyHead(200, [["content-length", "5"]]), "chunked");
  expect(connection.output).toBe("HTTP/1.1 200 OK\r\n\r\n");
  const seen: string[] = [];
  const next: ConnectionEvents = {
    onOpen() {},
    onBytes: (bytes, start, end) => void seen.push(bytes.toString("latin1", start, end)),
    onEnd: () => void seen.push("end"),
    onDrain() {},
    onClose: () => void seen.push("close"),
  };
  if (!(stream instanceof Http1ServerStream)) throw new Error("an HTTP/1 stream");
  const taken = stream.takeOver(next);
  expect(taken.leftover.toString()).toBe("early");
  expect(taken.connection).toBe(connection);
  connection.resume();
  connection.deliver("GET / not http");
  connection.deliverEnd();
  taken.connection.end();
  connection.settle();
  expect(seen).toEqual(["GET / not http", "end", "close"]);
  expect(handler.closes).toBe(1); // who counts connections counts this one too
});

test("a CONNECT that was not granted closes: what follows may be meant for the tunnel", () => {
  const { connection, handler } = openServer();
  connection.deliver(`${head("CONNECT kvs:80 HTTP/1.1", "Host: kvs:80")}${get()}`);
  answer(handler.requests[0]!, 403);
  expect(connection.output).toContain("connection: close\r\n");
  expect(connection.hasEnded).toBe(true);
  expect(handler.requests.length).toBe(1);
});

test("a head is the handler's to keep: its octets are its own", () => {
  const { connection, handler } = openServer();
  connection.deliver(get("X-Kept: yes"), 20);
  connection.deliver(get("X-Other: no"));
  expect(handler.requests[0]!.head.get("x-kept")).toBe("yes");
  expect(handler.requests[0]!.head.path).toBe("/");
});

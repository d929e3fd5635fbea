import { createServer, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { verify } from "./verify.ts";

let server: Server | null = null;
afterEach(() => {
  server?.close();
  server = null;
});

type Answerer = (head: string, body: string) => string;

/** A server with the origin's answers, each passed through `spoil`. */
function serve(spoil: (answer: string, head: string) => string): Promise<number> {
  const answerer: Answerer = (head, body) => {
    const fixed = Array.from({ length: 1024 }, (_, at) => String.fromCharCode(97 + (at % 26)));
    const content = head.startsWith("GET /echo")
      ? head
      : head.startsWith("PUT /sink")
        ? `ok ${body.length}`
        : fixed.join("");
    return spoil(`HTTP/1.1 200 OK\r\ncontent-length: ${content.length}\r\n\r\n${content}`, head);
  };
  const listening = createServer((socket) => {
    let have = "";
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      have += chunk.toString("latin1");
      const end = have.indexOf("\r\n\r\n") + 4;
      const length = Number(/content-length: (\d+)/.exec(have)?.[1] ?? 0);
      if (end < 4 || have.length < end + length) return;
      socket.write(answerer(have.slice(0, end), have.slice(end)), "latin1");
      have = "";
    });
  });
  server = listening;
  return new Promise((resolve) => {
    listening.listen(0, "127.0.0.1", () => {
      const address = listening.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
}

test("right answers pass, and their weight is known", async () => {
  const port = await serve((answer) => answer);
  const weight = "HTTP/1.1 200 OK\r\ncontent-length: 1024\r\n\r\n".length + 1024;
  expect(await verify(port)).toEqual({ small: weight, ten: weight });
});

test("one wrong byte in a body is found", async () => {
  const port = await serve((answer, head) =>
    head.startsWith("GET /ten") ? `${answer.slice(0, -1)}!` : answer,
  );
  await expect(verify(port)).rejects.toThrow("wrong body");
});

test("one wrong status is found", async () => {
  const port = await serve((answer) => answer.replace("200 OK", "203 OK"));
  await expect(verify(port)).rejects.toThrow('answered "HTTP/1.1 203 OK"');
});

test("a field lost on the way to the origin is found", async () => {
  const port = await serve((answer, head) =>
    head.startsWith("GET /echo") ? answer.replace("x-tenant", "x-errand") : answer,
  );
  await expect(verify(port)).rejects.toThrow("field x-tenant arrived 0 times");
});

test("a byte too many is found", async () => {
  const port = await serve((answer, head) => (head.startsWith("PUT") ? `${answer}\n` : answer));
  await expect(verify(port)).rejects.toThrow("1 bytes after the last answer");
});

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type BoundTcpSocket, bindSocket, sendSocket } from "../../src/net/bound-socket.ts";

const program = new URL("./bound-listener.ts", import.meta.url).pathname;
const children: ChildProcess[] = [];
const sockets: BoundTcpSocket[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const socket of sockets.splice(0)) socket.close();
});

function bind(port = 0): BoundTcpSocket {
  const socket = bindSocket("127.0.0.1", port);
  sockets.push(socket);
  return socket;
}

/** A listener that got the descriptor at its birth, as its descriptor 3. */
async function spawnWith(socket: BoundTcpSocket): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, "inherited", "3"], {
    stdio: ["ignore", "inherit", "inherit", socket.fd, "ipc"],
  });
  children.push(child);
  await once(child, "message");
  return child;
}

/** A listener that got the socket later, by message. */
async function spawnThenSend(socket: BoundTcpSocket): Promise<ChildProcess> {
  const child = spawn(process.execPath, [program, "sent"], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  children.push(child);
  await once(child, "message");
  const ready = once(child, "message");
  await sendSocket(child, { kind: "socket" }, socket);
  await ready;
  return child;
}

/** The pid of who answers, or why nobody does. */
function ask(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "error"));
    socket.on("close", () => resolve(text.trim() || "nothing"));
  });
}

test("a socket that is bound but has never been listened on refuses", async () => {
  expect(await ask(bind().port)).toBe("ECONNREFUSED");
});

test("a port that somebody listens on is an error with its code, and a free one is found for 0", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(() => bindSocket("127.0.0.1", port)).toThrow(
    expect.objectContaining({ code: "EADDRINUSE" }),
  );
  server.close();
  const ports = Array.from({ length: 50 }, () => bind().port);
  expect(new Set(ports).size).toBe(50);
});

for (const [way, make] of [
  ["inherited at spawn", spawnWith],
  ["sent over IPC", spawnThenSend],
] as const) {
  test(`${way}: the listener is killed and replaced, and no connect is ever refused`, async () => {
    const socket = bind();
    let child = await make(socket);
    const answers = new Map<string, number>();
    let isOver = false;
    const asking = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const answer = await ask(socket.port);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    });
    const pids = [String(child.pid)];
    for (let round = 0; round < 3; round++) {
      child.kill("SIGKILL");
      await once(child, "exit");
      child = await make(socket);
      pids.push(String(child.pid));
      expect(await ask(socket.port)).toBe(String(child.pid));
    }
    isOver = true;
    await Promise.all(asking);
    expect(answers.get("ECONNREFUSED")).toBe(undefined);
    expect([...answers.keys()]).toEqual(expect.arrayContaining(pids.slice(1)));
  });
}

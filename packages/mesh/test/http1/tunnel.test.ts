import { PlainReplyHead, PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { websocketAccept } from "@heddle/mesh/net/websocket-key.ts";
import { describe, expect, test } from "vitest";
import { openClient, openRelay, openServer } from "./rig.ts";
import { cutsOf, expectForwarded, expectRefused, get, head, post } from "./verdicts.ts";

const asking = get("Connection: keep-alive, Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: k");
const granting = head(
  "HTTP/1.1 101 Switching Protocols",
  "Connection: Upgrade",
  "Upgrade: WebSocket",
  "Sec-WebSocket-Accept: a",
);
const granted = (reply = granting) => {
  const relay = openRelay();
  relay.down.deliver(asking);
  relay.up.deliver(reply);
  return relay;
};

describe("an upgrade", () => {
  test("is asked for and granted hop by hop, with this hop's own fields", () => {
    const { down, up } = granted();
    expect(up.output).toBe(
      head(
        "GET / HTTP/1.1",
        "Host: kvs",
        "Sec-WebSocket-Key: k",
        "via: 1.1 heddle",
        "connection: upgrade",
        "upgrade: websocket",
      ),
    );
    expect(down.output).toBe(
      head(
        "HTTP/1.1 101 Switching Protocols",
        "Sec-WebSocket-Accept: a",
        "connection: upgrade",
        "upgrade: WebSocket",
      ),
    );
  });

  test("once granted carries octets both ways, wherever they are cut from the heads", () => {
    const [fromClient, fromServer] = ["GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"];
    for (const cut of cutsOf(asking + fromClient)) {
      const { down, up } = openRelay();
      down.deliver(asking + fromClient, cut);
      const before = up.output;
      expect(before).not.toContain(`\r\n\r\n${fromClient}`); // nobody has granted anything
      up.deliver(granting + fromServer, cut);
      down.settle(); // it was paused
      expect(up.output).toBe(before + fromClient);
      expect(down.output.endsWith(`\r\n\r\n${fromServer}`)).toBe(true);
      down.deliver("more");
      expect(up.output.endsWith("more")).toBe(true);
    }
  });

  test.each(["client", "server"])("has two ends: the %s's does not end the other", (first) => {
    const { down, up, server, client } = granted();
    const [near, far] = first === "client" ? [down, up] : [up, down];
    near.deliver("last");
    near.deliverEnd();
    expect(far.output.endsWith("last")).toBe(true);
    expect(far.hasEnded).toBe(true);
    expect(near.hasEnded).toBe(false);
    far.deliver("and yet");
    expect(near.output.endsWith("and yet")).toBe(true);
    far.deliverEnd();
    expect(near.hasEnded).toBe(true);
    near.settle();
    expect([near.isClosed, far.isClosed, near.isReset, far.isReset]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(server.isIdle).toBe(false);
    expect([client.capacity, client.active, client.isClosing]).toEqual([0, 0, true]);
  });

  test("of a client that has finished sending before it was granted one is half closed at once", () => {
    const { down, up } = openRelay();
    down.deliver(`${asking}early`);
    down.deliverEnd();
    expect(up.hasEnded).toBe(false);
    up.deliver(granting);
    down.settle();
    expect(up.output.endsWith("early")).toBe(true);
    expect(up.hasEnded).toBe(true);
    up.deliver("late");
    expect(down.output.endsWith("late")).toBe(true);
  });

  test("rests one side while the other takes nothing", () => {
    const { down, up } = granted();
    up.isStalled = true;
    down.deliver("a");
    expect(down.isPaused).toBe(true);
    down.deliver("b");
    up.drain();
    expect(up.output.endsWith("ab")).toBe(false); // resumed, and delivered with the next event
    down.settle();
    expect(up.output.endsWith("ab")).toBe(true);
    down.isStalled = true;
    up.deliver("c");
    expect(up.isPaused).toBe(true);
    down.drain();
    expect(up.isPaused).toBe(false);
  });

  test("breaks on both sides at once", () => {
    const lost = { kind: "reset", detail: "gone" } as const;
    const one = granted();
    one.down.close(lost);
    expect(one.up.isReset).toBe(true);
    const other = granted();
    other.up.close(lost);
    expect(other.down.isReset).toBe(true);
  });
});

describe("an upgrade that is refused", () => {
  test("leaves no octet behind it to be read as a request", () => {
    for (const behind of ["", "GET /admin HTTP/1.1\r\nHost: kvs\r\n\r\n"]) {
      for (const cut of cutsOf(asking + behind)) {
        const { down, up } = openRelay();
        down.deliver(asking + behind, cut);
        up.deliver(head("HTTP/1.1 200 OK", "Content-Length: 0"));
        expect(down.output).toMatch(/^HTTP\/1\.1 200 OK\r\n.*connection: close\r\n\r\n$/s);
        expect(down.hasEnded).toBe(true);
        down.deliver("GET /admin HTTP/1.1\r\nHost: kvs\r\n\r\n");
        expect(up.output.match(/HTTP\/1\.1\r\n/g)).toHaveLength(1);
      }
    }
  });

  test("leaves the server's connection good for another exchange", () => {
    const { client, start, connection } = openClient();
    const first = start();
    const request = new PlainRequestHead({ method: "GET", path: "/", authority: "kvs" });
    request.upgrade = "websocket";
    first.stream.sendHead(request, "tunnel");
    connection.deliver(head("HTTP/1.1 403 No", "Content-Length: 0"));
    expect([first.reply.length, first.reply.hasEnded]).toEqual([0, true]);
    expect(client.capacity).toBe(1);
    first.stream.abort(); // it is over already
    expect(connection.isReset).toBe(false);
  });

  test("is no tunnel, whatever the server calls it", () => {
    const bad = (reply: string, request = asking) => {
      const { down, up } = openRelay();
      down.deliver(request);
      up.deliver(reply);
      expect(down.output).toMatch(/^HTTP\/1\.1 502 /);
      expect(up.isReset).toBe(true);
      expect(down.hasEnded).toBe(true);
    };
    bad(granting.replace("WebSocket", "tcp"));
    bad(granting.replace("Upgrade: WebSocket", "X: y"));
    bad(granting.replace("1.1 101", "1.0 101"));
    bad(granting, head("CONNECT kvs:80 HTTP/1.1", "Host: kvs:80"));
  });
});

describe("no upgrade", () => {
  test.each(["h2c", "HTTP/2.0", "http/3", "TLS/1.2", "h2c, TLS/1.3", ", h2"])(
    "is %s, which would take this hop's own connection out of our hands",
    (offer) => {
      expectForwarded(
        get("Connection: Upgrade, HTTP2-Settings", `Upgrade: ${offer}`, "HTTP2-Settings: AAM"),
        head("GET / HTTP/1.1", "Host: kvs", "via: 1.1 heddle"),
      );
    },
  );

  test("is one that Connection does not name, that HTTP/1.0 asks for, or that comes with a body", () => {
    const plain = head("GET / HTTP/1.1", "Host: kvs", "via: 1.1 heddle");
    expectForwarded(get("Upgrade: websocket"), plain);
    expectForwarded(
      head("GET / HTTP/1.0", "Host: kvs", "Connection: Upgrade", "Upgrade: websocket"),
      plain,
    );
    expectForwarded(
      `${post("Content-Length: 2", "Connection: Upgrade", "Upgrade: websocket")}ab`,
      `${head("POST / HTTP/1.1", "Host: kvs", "Content-Length: 2", "via: 1.1 heddle")}ab`,
    );
  });

  test.each(["", "a b", "web/soc/ket", "@", "a, b, c, d, e, f, g, h, i"])(
    "is %j: malformed",
    (offer) => expectRefused(get("Connection: upgrade", `Upgrade: ${offer}`), "bad-request"),
  );

  test("is an offer of this hop's own among others", () => {
    expectForwarded(
      get("Connection: upgrade", "Upgrade: h2c, foo/1", "Upgrade: bar"),
      head(
        "GET / HTTP/1.1",
        "Host: kvs",
        "via: 1.1 heddle",
        "connection: upgrade",
        "upgrade: foo/1, bar",
      ),
    );
  });
});

describe("CONNECT", () => {
  const connect = head("CONNECT kvs:80 HTTP/1.1", "Host: kvs:80");

  test("is forwarded, granted by any 2xx, and carries octets", () => {
    const { down, up } = openRelay();
    down.deliver(`${connect}early`);
    expect(up.output).toBe(head("CONNECT kvs:80 HTTP/1.1", "Host: kvs:80", "via: 1.1 heddle"));
    up.deliver(head("HTTP/1.1 204 Yes", "Content-Length: 5"));
    expect(down.output).toBe(head("HTTP/1.1 204 Yes"));
    expect(up.output.endsWith("\r\n\r\nearly")).toBe(true);
  });

  test("that is refused is the last on its connection", () => {
    const { down, up } = openRelay();
    down.deliver(`${connect}GET / HTTP/1.1\r\nHost: kvs\r\n\r\n`);
    up.deliver(head("HTTP/1.1 403 No", "Content-Length: 0"));
    expect(down.hasEnded).toBe(true);
    expect(up.output).not.toContain("GET");
  });
});

describe("a handshake of WebSocket whose other side speaks HTTP/2", () => {
  const request = () => {
    const plain = new PlainRequestHead({ method: "GET", path: "/", authority: "kvs" });
    plain.upgrade = "websocket";
    return plain;
  };
  const shake = (accept: (key: string) => string) => {
    const { start, connection } = openClient();
    const { stream, reply } = start();
    stream.sendHead(request(), "tunnel");
    const key = /sec-websocket-key: (\S+)\r\n/.exec(connection.output)![1]!;
    connection.deliver(
      head(
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: upgrade",
        `Sec-WebSocket-Accept: ${accept(key)}`,
      ),
    );
    return { key, reply, connection };
  };

  test("gets a key towards the server, whose accept is checked and goes no further", () => {
    const { key, reply } = shake(websocketAccept);
    expect(Buffer.from(key, "base64")).toHaveLength(16);
    expect(reply.length).toBe("tunnel");
    expect(reply.head!.get("sec-websocket-accept")).toBeNull();
    const other = shake(() => "none");
    expect(other.reply.failure).toMatchObject({ reason: "bad-response" });
    expect(other.connection.isReset).toBe(true);
  });

  test("gets its accept towards the client (RFC 6455 §1.3)", () => {
    const { connection, handler } = openServer();
    connection.deliver(asking.replace("-Key: k", "-Key: dGhlIHNhbXBsZSBub25jZQ=="));
    handler.requests[0]!.stream.sendHead(new PlainReplyHead(101), "tunnel");
    expect(connection.output).toContain("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
    expect(connection.output).toContain("connection: upgrade\r\nupgrade: websocket\r\n\r\n");
  });
});

import { expect, test } from "vitest";
import { ScriptedConnection } from "../../test/http1/scripted-connection.ts";
import { LineConnection } from "./lines.ts";

function setUp(bytesMax?: number) {
  const messages: unknown[] = [];
  const closes: (string | null)[] = [];
  const line = new LineConnection(
    {
      onOpen: () => {},
      onMessage: (message) => messages.push(message),
      onDrain: () => {},
      onClose: (detail) => closes.push(detail),
    },
    bytesMax,
  );
  const connection = new ScriptedConnection();
  connection.events = line;
  line.attach(connection);
  return { connection, messages, closes, line };
}

test("messages arrive whole, however their octets are cut", () => {
  const text = '{"a":1}\n{"b":"é"}\n';
  for (let cut = 1; cut < text.length; cut++) {
    const { connection, messages } = setUp();
    connection.deliver(Buffer.from(text).toString("latin1"), cut);
    expect(messages).toEqual([{ a: 1 }, { b: "é" }]);
  }
});

test("a line over the limit ends the connection, also one that comes whole", () => {
  const { connection, messages, closes } = setUp(10);
  connection.deliver('{"a":1}\n{"a":123456}\n{"a":2}\n');
  expect(messages).toEqual([{ a: 1 }]);
  expect(closes).toEqual(["line too long"]);
});

test("a line over the limit ends the connection before it has come to its end", () => {
  const { connection, messages, closes } = setUp(10);
  connection.deliver('{"a":1}\n');
  connection.deliver('{"a":12345', 6);
  expect(connection.isReset).toBe(false);
  connection.deliver("6");
  expect(messages).toEqual([{ a: 1 }]);
  expect(closes).toEqual(["line too long"]);
});

test.each([
  ["is not JSON", "nonsense\n"],
  ["is not an object", "7\n"],
])("a line that %s ends the connection, and nothing behind it is read", (what, text) => {
  const { connection, messages, closes } = setUp();
  connection.deliver(`${text}{"a":1}\n`);
  expect(messages).toEqual([]);
  expect(closes).toEqual([`a line that ${what}`]);
});

test("a message is one line", () => {
  const { connection, line } = setUp();
  line.send({ text: "a\nb" });
  expect(connection.output).toBe('{"text":"a\\nb"}\n');
});

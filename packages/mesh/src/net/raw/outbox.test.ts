import { expect, test } from "vitest";
import { Outbox, type PostedWriter } from "./outbox.ts";

/** A host whose scratch buffer holds `size` octets, and the writes that its outbox makes. */
class Rig {
  scratch: Buffer;
  readonly sent: string[] = [];
  readonly due: (() => void)[] = [];
  readonly outbox: Outbox;

  constructor(size = 64) {
    this.scratch = Buffer.alloc(size);
    this.outbox = new Outbox(this, (callback) => this.due.push(callback));
  }

  writer(name: string, onSend: () => void = () => {}): PostedWriter {
    return {
      sendPosted: (bytes) => {
        this.sent.push(`${name}:${bytes.toString("latin1")}`);
        onSend();
      },
    };
  }

  post(writer: PostedWriter, text: string): void {
    const bytes = Buffer.from(`__${text}__`);
    this.outbox.post(writer, bytes, 2, 2 + text.length);
    bytes.fill(0); // the caller's again
  }

  endRound(): void {
    for (const callback of this.due.splice(0)) callback();
  }
}

test("what is posted leaves when the events at hand are handled, in the order in which it came", () => {
  const rig = new Rig();
  const [a, b] = [rig.writer("a"), rig.writer("b")];
  rig.post(a, "one");
  rig.post(b, "two");
  rig.post(a, "three");
  expect(rig.sent).toEqual([]);
  rig.endRound();
  expect(rig.sent).toEqual(["a:one", "b:two", "a:three"]);
  expect(rig.outbox.isEmpty).toBe(true);
});

test("posts of one writer in a row are one write, and one call back serves a round", () => {
  const rig = new Rig();
  const a = rig.writer("a");
  rig.post(a, "one");
  rig.post(a, "two");
  expect(rig.due.length).toBe(1);
  rig.endRound();
  expect(rig.sent).toEqual(["a:onetwo"]);
  rig.post(a, "three");
  expect(rig.due.length).toBe(1);
});

test("a full buffer, and sixteen writers that wait, are sent at once", () => {
  const rig = new Rig(8);
  rig.post(rig.writer("a"), "12345");
  rig.post(rig.writer("b"), "6789");
  expect(rig.sent).toEqual(["a:12345"]);
  const many = new Rig();
  for (let index = 0; index < 17; index++) many.post(many.writer(String(index)), "x");
  expect(many.sent.length).toBe(16);
});

test("where a slow reader keeps the buffer, the others' octets move to the new one", () => {
  const rig = new Rig();
  const slow = rig.writer("slow", () => {
    rig.scratch = Buffer.alloc(64);
  });
  rig.post(slow, "kept");
  rig.post(rig.writer("b"), "moved");
  rig.post(rig.writer("c"), "too");
  rig.endRound();
  expect(rig.sent).toEqual(["slow:kept", "b:moved", "c:too"]);
});

test("a send that sends all again loses and repeats nothing", () => {
  const rig = new Rig();
  const a = rig.writer("a", () => rig.outbox.flush());
  rig.post(a, "one");
  rig.post(rig.writer("b"), "two");
  rig.post(rig.writer("c"), "three");
  rig.endRound();
  expect(rig.sent).toEqual(["a:one", "b:two", "c:three"]);
});

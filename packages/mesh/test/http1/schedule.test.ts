import { type Rng, SeededRng } from "@heddle/mesh/base/rng.ts";
import { expect, test } from "vitest";
import { openRelay } from "./rig.ts";

/** A message as a naive second reader sees it: only what these tests send. */
interface Message {
  readonly line: string;
  readonly body: string;
}

/** Takes whole messages from the front of `text`; what is left is returned with them. */
function takeMessages(text: string): { messages: Message[]; rest: string } {
  const messages: Message[] = [];
  let rest = text;
  for (;;) {
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd < 0) return { messages, rest };
    const head = rest.slice(0, headEnd);
    const [line] = head.split("\r\n", 1);
    const length = /^content-length: (\d+)$/im.exec(head)?.[1];
    let at = headEnd + 4;
    let body = "";
    if (length !== undefined) {
      if (rest.length < at + Number(length)) return { messages, rest };
      body = rest.slice(at, at + Number(length));
      at += body.length;
    } else if (/^transfer-encoding: chunked$/im.test(head)) {
      for (let isLast = false; !isLast; ) {
        const size = /^([0-9a-f]+)\r\n/.exec(rest.slice(at, at + 20));
        if (size === null) return { messages, rest };
        const count = Number.parseInt(size[1]!, 16);
        const end = at + size[0].length + count + 2;
        if (rest.length < end) return { messages, rest };
        body += rest.slice(at + size[0].length, end - 2);
        at = end;
        isLast = count === 0;
      }
    }
    if (!line!.includes(" 103 ")) messages.push({ line: line!, body });
    rest = rest.slice(at);
  }
}

function randomText(rng: Rng): string {
  const length = rng.below(4) === 0 ? rng.below(3000) : rng.below(30);
  return "0123456789\r\n".repeat(1 + length / 12).slice(0, length);
}

/** `body` behind `lines`, framed one way or the other. */
function frame(rng: Rng, lines: string, body: string): string {
  if (rng.below(2) === 0) return `${lines}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  let text = `${lines}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  for (let at = 0; at < body.length; ) {
    const piece = body.slice(at, at + 1 + rng.below(200));
    text += `${piece.length.toString(16)}${rng.below(5) === 0 ? ";x=y" : ""}\r\n${piece}\r\n`;
    at += piece.length;
  }
  return `${text}0\r\n\r\n`;
}

/** One schedule; how often a side stalled in it. */
function run(seed: number): number {
  const rng = new SeededRng(seed);
  const { down, up, clock } = openRelay();
  const sent: Message[] = [];
  const replies: Message[] = [];
  let toServer = "";
  for (let index = 1 + rng.below(6); index > 0; index--) {
    const hasBody = rng.below(2) === 0;
    const message = { line: `POST /${index} HTTP/1.1`, body: hasBody ? randomText(rng) : "" };
    const head = `${message.line}\r\nHost: kvs`;
    toServer += hasBody ? frame(rng, head, message.body) : `${head}\r\n\r\n`;
    sent.push(message);
  }
  let fromApp = "";
  let seen = 0;
  let stalls = 0;

  const answer = () => {
    const { messages } = takeMessages(up.output);
    for (; seen < messages.length; seen++) {
      const message = {
        line: `HTTP/1.1 200 For ${messages[seen]!.line.split(" ")[1]}`,
        body: randomText(rng),
      };
      if (rng.below(4) === 0) fromApp += "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
      fromApp += frame(rng, message.line, message.body);
      replies.push(message);
    }
  };
  const pass = (text: string, connection: typeof down): string => {
    const count = rng.below(3) === 0 ? text.length : rng.below(40);
    if (text !== "") connection.deliver(text.slice(0, count));
    return text.slice(count);
  };
  const steps = [
    () => {
      toServer = pass(toServer, down);
    },
    () => {
      fromApp = pass(fromApp, up);
    },
    () => {
      const connection = rng.below(2) === 0 ? down : up;
      if (connection.isStalled) connection.drain();
      else if (rng.below(2) === 0) {
        connection.isStalled = true;
        stalls++;
      }
    },
    () => clock.advance(0),
  ];
  const settle = () => {
    down.settle();
    up.settle();
    answer();
  };
  for (let step = 0; step < 400; step++) {
    steps[rng.below(steps.length)]!();
    settle();
  }
  for (let step = 0; step < 40; step++) {
    for (const connection of [down, up]) if (connection.isStalled) connection.drain();
    if (toServer !== "") down.deliver(toServer);
    if (fromApp !== "") up.deliver(fromApp);
    toServer = "";
    fromApp = "";
    settle();
  }
  expect(takeMessages(up.output)).toEqual({ messages: sent, rest: "" });
  expect(takeMessages(down.output)).toEqual({ messages: replies, rest: "" });
  expect(replies.length).toBe(sent.length);
  expect([down.isPaused, up.isPaused, down.hasEnded, up.hasEnded]).toEqual([
    false,
    false,
    false,
    false,
  ]);
  return stalls;
}

test("whatever the order of octets, stalls and drains, every octet arrives once and nothing is left paused", () => {
  let stalls = 0;
  for (let seed = 1; seed <= 400; seed++) {
    try {
      stalls += run(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  expect(stalls).toBeGreaterThan(1000);
});

import type { Reason } from "@heddle/mesh/model/reason.ts";
import { reasonRow } from "@heddle/mesh/model/reason.ts";
import { expect } from "vitest";
import { openRelay } from "./rig.ts";

/** A head of these lines, and what follows it. */
export function head(...lines: string[]): string {
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** A GET with these fields besides Host. */
export function get(...fields: string[]): string {
  return head("GET / HTTP/1.1", "Host: kvs", ...fields);
}

/** A POST with these fields besides Host. */
export function post(...fields: string[]): string {
  return head("POST / HTTP/1.1", "Host: kvs", ...fields);
}

/** Every place to cut `text` in two; a sample of them where it is long. */
export function cutsOf(text: string): number[] {
  const step = Math.max(1, Math.floor(text.length / 300));
  const cuts: number[] = [];
  for (let cut = 0; cut < text.length; cut += step) cuts.push(cut);
  return cuts;
}

/**
 * The caller gets one reply with the status of `reason` that says `connection: close`, the connection ends, and the
 * called sees no request at all: wherever the octets are cut.
 */
export function expectRefused(input: string, reason: Reason): void {
  for (const cut of cutsOf(input)) {
    const { down, up, relay } = openRelay();
    down.deliver(input, cut);
    expect(relay.refusals, `cut at ${cut}`).toEqual([reason]);
    expect(up.output, `cut at ${cut}`).toBe("");
    expectErrorReply(down.output, reason);
    expect(down.hasEnded).toBe(true);
    expect(down.writes.length).toBe(1);
  }
}

/** As `expectRefused`, for a fault in the body: the called may have seen a part of it, but never its end. */
export function expectBodyRefused(input: string): void {
  for (const cut of cutsOf(input)) {
    const { down, up } = openRelay();
    down.deliver(input, cut);
    expectErrorReply(down.output, "bad-request");
    expect(down.hasEnded, `cut at ${cut}`).toBe(true);
    expect(up.isReset, `cut at ${cut}`).toBe(true);
    expect(up.output).not.toMatch(/(^|\r\n)0\r\n/);
    expect(up.output.match(/HTTP\/1\.1/g)?.length).toBe(1);
  }
}

/** Exactly `forwarded` reaches the called, wherever the octets are cut, and the caller has had no answer yet. */
export function expectForwarded(input: string, forwarded: string): void {
  for (const cut of cutsOf(input)) {
    const { down, up, relay } = openRelay();
    down.deliver(input, cut);
    expect(relay.refusals, `cut at ${cut}`).toEqual([]);
    expect(unchunkTail(up.output), `cut at ${cut}`).toBe(unchunkTail(forwarded));
    expect(down.output).toBe("");
  }
}

/** A bad reply becomes 502 and the connection to its server is gone. */
export function expectBadReply(reply: string, request = get()): void {
  for (const cut of cutsOf(reply)) {
    const { down, up, client } = openRelay();
    down.deliver(request);
    up.deliver(reply, cut);
    expectErrorReply(down.output, "bad-response", false);
    expect(up.isReset, `cut at ${cut}`).toBe(true);
    expect(client.capacity).toBe(0);
  }
}

function expectErrorReply(output: string, reason: Reason, closes = true): void {
  expect(output.slice(0, 12)).toBe(`HTTP/1.1 ${reasonRow(reason).status}`);
  expect(output).toContain(`x-heddle-reason: ${reason}\r\n`);
  if (closes) expect(output).toContain("\r\nconnection: close\r\n\r\n");
  expect(output.match(/HTTP\/1\.1/g)?.length).toBe(1);
  expect(output).not.toMatch(/\r\nserver:/i);
}

/** Chunks may be cut differently than they came: what counts is their data. */
function unchunkTail(output: string): string {
  const bodyAt = output.indexOf("\r\n\r\n") + 4;
  if (!/transfer-encoding: chunked/.test(output.slice(0, bodyAt))) return output;
  return output.slice(0, bodyAt) + joinChunks(output.slice(bodyAt));
}

/** The data of a chunked body, `|` and its trailer section; a second, naive reading. */
export function joinChunks(text: string): string {
  let data = "";
  for (let rest = text; rest !== ""; ) {
    const [line] = rest.split("\r\n", 1);
    const size = Number.parseInt(line!, 16);
    rest = rest.slice(line!.length + 2);
    if (size === 0) return `${data}|${rest}`;
    data += rest.slice(0, size);
    expect(rest.slice(size, size + 2)).toBe("\r\n");
    rest = rest.slice(size + 2);
  }
  return data;
}

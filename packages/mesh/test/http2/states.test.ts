import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { data, post, reset, windowUpdate } from "./peer.ts";
import { openServer } from "./rig.ts";

/** What a client does to a stream, or the handler that answers it. */
type Act = "head" | "head-end" | "data" | "data-end" | "reset" | "window" | "answer" | "abort";

/**
 * A stream as RFC 9113 §5.1 has it, with what RFC 7540 said more: small enough to be read beside them.
 *
 *   idle ─▶ open ─▶ ended by the client ─▶ closed: by both · reset by the client · reset by us
 */
class Reference {
  readonly #streams = new Map<number, "open" | "asked" | "ended" | "reset" | "reset-by-us">();
  #last = 0;
  isBroken = false;

  /** Frames other than of messages that the server sends for `act`, as `Peer` spells them. */
  expect(id: number, act: Act): string[] {
    const state = this.#streams.get(id);
    switch (act) {
      case "head":
      case "head-end":
        if (state === undefined) return this.#open(id, act === "head-end");
        return this.#behind(id, state, act === "head-end" ? "end" : "malformed");
      case "data":
      case "data-end":
        if (state === undefined) return this.#break(1);
        return this.#behind(id, state, act === "data-end" ? "end" : "more");
      case "reset":
        if (state === undefined && id > this.#last) return this.#break(1);
        if (state !== undefined && state !== "ended") this.#streams.set(id, "reset");
        return [];
      case "window":
        return state === undefined && id > this.#last ? this.#break(1) : [];
      case "answer":
        if (state === "asked") this.#streams.set(id, "ended");
        if (state !== "open") return [];
        return this.#reset(id, 0); // the rest of the request is not wanted
      case "abort":
        return state === "open" || state === "asked" ? this.#reset(id, 2) : [];
    }
  }

  #open(id: number, isEnd: boolean): string[] {
    if (id <= this.#last) return this.#break(1); // passed over
    this.#last = id;
    this.#streams.set(id, isEnd ? "asked" : "open");
    return [];
  }

  #behind(id: number, state: string, what: "end" | "more" | "malformed"): string[] {
    switch (state) {
      case "open":
        if (what === "malformed") return this.#reset(id, 1);
        if (what === "end") this.#streams.set(id, "asked");
        return [];
      case "asked":
        return this.#reset(id, 5);
      case "reset":
        return [`RST ${id} 5`];
      case "ended":
        return this.#break(5);
      default:
        return [];
    }
  }

  #reset(id: number, code: number): string[] {
    this.#streams.set(id, "reset-by-us");
    return [`RST ${id} ${code}`];
  }

  #break(code: number): string[] {
    this.isBroken = true;
    return [`GOAWAY ${this.#last} ${code}`];
  }
}

const acts: readonly Act[] = "head head-end data data-end reset window answer abort".split(
  " ",
) as Act[];
const step = fc.tuple(fc.constantFrom(1, 3, 5, 7), fc.constantFrom(...acts));

test("any frames of any streams, in any order, meet what the reference says", () => {
  let broken = 0;
  let whole = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { handler, peer, send, written } = openServer();
      const reference = new Reference();
      for (const [id, act] of steps) {
        const request = handler.requests.find(({ stream }) => stream.ordinal === (id + 1) / 2);
        // In either case the codec must decode the block, so the peer's encoder goes on.
        if (act === "head" || act === "head-end")
          send(peer.headers(id, request ? [["x-sum", "1"]] : post, act === "head-end"));
        else if (act === "data" || act === "data-end") send(data(id, "abc", act === "data-end"));
        else if (act === "reset") send(reset(id, 8));
        else if (act === "window") send(windowUpdate(id, 100));
        else if (act === "abort") request?.stream.abort();
        else if (request?.failure === null) {
          request.stream.sendHead(new PlainReplyHead(200), 0);
          request.stream.sendEnd(null);
        }
        const lines = written().filter((line) => /^(RST|GOAWAY)/.test(line));
        expect({ id, act, lines }).toEqual({ id, act, lines: reference.expect(id, act) });
        if (reference.isBroken) break;
      }
      if (reference.isBroken) broken++;
      else whole++;
    }),
    { seed: 5, numRuns: 1000 },
  );
  expect(broken).toBeGreaterThan(100);
  expect(whole).toBeGreaterThan(100);
});

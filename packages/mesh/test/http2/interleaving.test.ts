import type { Clock } from "@heddle/mesh/base/clock.ts";
import { type Rng, SeededRng } from "@heddle/mesh/base/rng.ts";
import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type {
  ClientStream,
  ReplyFailure,
  ReplySink,
  RequestHandler,
  RequestSink,
  ServerStream,
} from "@heddle/mesh/net/codec.ts";
import { Http2Client } from "@heddle/mesh/net/http2/client.ts";
import { Http2Context } from "@heddle/mesh/net/http2/context.ts";
import { defaultHttp2Limits, type Http2Limits } from "@heddle/mesh/net/http2/limits.ts";
import { Http2Server } from "@heddle/mesh/net/http2/server.ts";
import { PlainReplyHead, PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { rough } from "@heddle/mesh/net/simulated/faults.ts";
import { SimulatedNetwork } from "@heddle/mesh/net/simulated/network.ts";
import type { Transport } from "@heddle/mesh/net/transport.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TinyRelay } from "../support/tiny-relay.ts";

const octetAt = (ordinal: number, at: number) => (ordinal * 31 + at * 7 + (at >> 8)) & 0xff;

/** Sends a body piece by piece, as fast as it is taken, and checks what comes back. */
class EchoCall implements ReplySink {
  readonly #size: number;
  readonly #piece: number;
  readonly #givesUpAt: number;
  stream: ClientStream | null = null;
  #sent = 0;
  received = 0;
  outcome: "open" | "whole" | "given-up" | "wrong" | ReplyFailure = "open";

  constructor(size: number, piece: number, givesUpAt: number) {
    this.#size = size;
    this.#piece = piece;
    this.#givesUpAt = givesUpAt;
  }

  begin(client: Http2Client): void {
    const head = new PlainRequestHead({ method: "POST", path: "/echo", authority: "kvs" });
    this.stream = client.start(this);
    this.stream.sendHead(head, "chunked");
    this.#send();
  }

  #send(): void {
    const stream = this.stream!;
    while (this.#sent < this.#size && this.outcome === "open") {
      const count = Math.min(this.#piece, this.#size - this.#sent);
      const bytes = Buffer.allocUnsafe(count + 3);
      for (let index = 0; index < count; index++) {
        bytes[index + 3] = octetAt(stream.ordinal, this.#sent + index);
      }
      this.#sent += count;
      const isTaken = stream.sendBody(bytes, 3, count + 3);
      bytes.fill(0xdb); // the octets are the sender's again
      if (!isTaken) return;
    }
    if (this.#sent === this.#size && this.outcome === "open") stream.sendEnd(null);
  }

  onInterim(): void {}
  onReplyHead(): void {}

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; at++) {
      if (bytes[at] !== octetAt(this.stream!.ordinal, this.received++)) this.outcome = "wrong";
    }
    if (this.received < this.#givesUpAt || this.outcome !== "open") return;
    this.outcome = "given-up";
    this.stream!.abort();
  }

  onReplyEnd(): void {
    if (this.outcome === "open") this.outcome = this.received === this.#size ? "whole" : "wrong";
  }

  onReplyFailed(failure: ReplyFailure): void {
    this.outcome = failure;
  }

  onWritable(): void {
    this.#send();
  }
}

/** Sends back what comes, and now and then takes nothing for a while. */
function echo(clock: Clock, rng: Rng): RequestHandler {
  return {
    onRequest(stream: ServerStream): RequestSink {
      stream.sendHead(new PlainReplyHead(200), "chunked");
      let isOver = false;
      return {
        onRequestBody(bytes, start, end) {
          if (!stream.sendBody(bytes, start, end)) stream.pauseRequest();
          else if (rng.below(8) === 0) {
            stream.pauseRequest();
            clock.after(rng.below(40), () => isOver || stream.resumeRequest());
          }
        },
        onRequestEnd: () => stream.sendEnd(null),
        onRequestFailed: () => void (isOver = true),
        onWritable: () => stream.resumeRequest(),
      };
    },
    onBadRequest() {},
    onConnectionClose() {},
  };
}

interface Plan {
  readonly seed: number;
  readonly windows: readonly (readonly [stream: number, connection: number])[];
  readonly calls: readonly (readonly [size: number, piece: number, givesUp: boolean])[];
}

function run(plan: Plan): readonly EchoCall[] {
  const clock = new VirtualClock();
  const rng = new SeededRng(plan.seed);
  const network = new SimulatedNetwork({ clock, rng: rng.fork("network") });
  network.setFaults(rough);
  const contextOf = (index: number) => {
    const [streamWindowBytes, connectionWindowBytes] = plan.windows[index]!;
    const limits: Http2Limits = {
      ...defaultHttp2Limits,
      streamWindowBytes,
      connectionWindowBytes,
      heldBytesMax: connectionWindowBytes,
    };
    return new Http2Context({ clock, limits });
  };
  const dial = (context: Http2Context, transport: Transport, port: number) => {
    const owner = { onOpen() {}, onExchangeEnd() {}, onCapacity() {}, onClose() {} };
    const client = new Http2Client(context, owner);
    client.attach(transport.dial({ address: tcp("127.0.0.1", port), tls: null }, client));
    return client;
  };
  const [caller, proxy, app] = ["caller", "proxy", "app"].map(
    (name) => network.process(name).transport,
  );
  const serve = (
    context: Http2Context,
    transport: Transport,
    port: number,
    handler: RequestHandler,
  ) =>
    transport.listen(
      { at: network.bind(tcp("127.0.0.1", port)), tls: null },
      (connection) => new Http2Server(context, connection, handler),
    );
  const middle = contextOf(1);
  void serve(contextOf(2), app!, 9000, echo(clock, rng.fork("echo")));
  const upstream = dial(middle, proxy!, 9000);
  void serve(middle, proxy!, 8000, new TinyRelay(upstream));
  clock.advance(100);
  const client = dial(contextOf(0), caller!, 8000);
  clock.advance(200);
  const calls = plan.calls.map(([size, piece, givesUp]) => {
    const call = new EchoCall(size, piece, givesUp ? size / 2 : Number.POSITIVE_INFINITY);
    clock.after(rng.below(100), () => call.begin(client));
    return call;
  });
  const isGoingOn = () =>
    calls.some(({ outcome, stream }) => outcome === "open" || stream === null);
  for (let ms = 0; ms < 600_000 && isGoingOn(); ms += 50) clock.advance(50);
  return calls;
}

const window = fc.tuple(
  fc.oneof(fc.integer({ min: 500, max: 5000 }), fc.integer({ min: 20_000, max: 300_000 })),
  fc.constantFrom(65_535, 100_000, 1_048_576),
);
const size = fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 20_000, max: 120_000 }));
const plan: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(1e6),
  windows: fc.tuple(window, window, window),
  calls: fc.array(
    fc.tuple(
      size,
      fc.integer({ min: 1000, max: 70_000 }),
      fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
    ),
    { minLength: 1, maxLength: 12 },
  ),
});

test("through two hops, under any windows and a rough network, each body arrives whole and in order", () => {
  fc.assert(
    fc.property(plan, (each) => {
      const calls = run(each);
      calls.forEach(({ outcome }, index) => {
        const [octets, , givesUp] = each.calls[index]!;
        expect(outcome).toBe(givesUp && octets > 0 ? "given-up" : "whole");
      });
    }),
    { seed: 7, numRuns: 20 },
  );
});

test("a window of one octet is a window", () => {
  const tiny = [1, 65_535] as const;
  const calls = run({ seed: 3, windows: [tiny, tiny, tiny], calls: [[300, 1000, false]] });
  expect(calls[0]!.outcome).toBe("whole");
});

import fc from "fast-check";
import { expect, test } from "vitest";
import { SeededRng } from "../../src/base/rng.ts";
import { VirtualClock } from "../../src/base/virtual-clock.ts";
import { tcp } from "../../src/model/address.ts";
import type { SpiffeId } from "../../src/model/identity.ts";
import { channelOfStream } from "../../src/net/carrier/carrier.ts";
import {
  FRAME_HEAD_BYTES,
  FrameReader,
  frameType,
  writeFrameHead,
} from "../../src/net/carrier/frame.ts";
import { defaultCarrierLimits } from "../../src/net/carrier/limits.ts";
import { CarrierTransport } from "../../src/net/carrier/transport.ts";
import { SimulatedNetwork } from "../../src/net/simulated/network.ts";
import type {
  PeerVerifier,
  TlsCredentials,
  TlsDialOptions,
  Transport,
} from "../../src/net/transport.ts";
import { Probe } from "./probe.ts";

const address = tcp("127.0.0.1", 8000);

function credentials(name: string, generation = 1): TlsCredentials {
  const spiffeId = `spiffe://mesh.test/ns/default/sa/${name}` as SpiffeId;
  return { generation, spiffeId, keyPem: "", chainPem: "", bundlePem: "" };
}

const believe: PeerVerifier = ([label]) => ({
  ok: true,
  id: Buffer.from(label!).toString("latin1") as SpiffeId,
});

/** Two processes, a network between them, and the connections that it has seen dialled. */
class Pair {
  readonly clock = new VirtualClock();
  readonly network: SimulatedNetwork;
  readonly dialler: Transport;
  readonly accepted: Probe[] = [];
  dials = 0;
  shown = credentials("kvs");
  close: () => Promise<void> = () => Promise.resolve();

  constructor(acceptsCarriers = true) {
    const { clock } = this;
    this.network = new SimulatedNetwork({
      clock,
      rng: new SeededRng(7),
      trace: (line) => {
        if (line.includes(" dial ")) this.dials++;
      },
    });
    this.dialler = new CarrierTransport(this.network.process("caller").transport, clock);
    const plain = this.network.process("kvs").transport;
    const acceptor = acceptsCarriers ? new CarrierTransport(plain, clock) : plain;
    const tls = {
      credentials: () => this.shown,
      selectAlpn: (_name: string, offered: readonly string[]) =>
        offered.includes("http/1.1") ? "http/1.1" : null,
      verify: believe,
    };
    void acceptor
      .listen({ at: address, tls }, (connection) => {
        const probe = new Probe();
        probe.connection = connection;
        this.accepted.push(probe);
        return probe;
      })
      .then((listening) => {
        this.close = () => listening.close();
      });
  }

  dial(changes: Partial<TlsDialOptions> = {}): Probe {
    const probe = new Probe();
    const tls = {
      credentials: caller,
      serverName: "kvs-0.kvs.8000",
      alpn: ["http/1.1"],
      verify: believe,
      ...changes,
    };
    probe.connection = this.dialler.dial({ address, tls }, probe);
    return probe;
  }

  async pass(ms: number): Promise<void> {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    this.clock.advance(ms);
  }

  /** Connections that stand, and the other ends of them in the same order. */
  async open(count: number): Promise<Probe[]> {
    const probes = Array.from({ length: count }, () => this.dial());
    await this.pass(100);
    expect(probes.every((probe) => probe.has("open"))).toBe(true);
    for (const probe of probes) probe.send("?");
    await this.pass(100);
    expect(this.accepted.length).toBe(count);
    return probes;
  }
}

const caller = credentials("caller");

test("many connections ride on one, named alike at both ends and unlike each other", async () => {
  const pair = new Pair();
  const probes = await pair.open(50);
  expect(pair.dials).toBe(1);
  const names = probes.map((probe) => probe.connection!.peer!.channel);
  expect(pair.accepted.map((probe) => probe.connection!.peer!.channel)).toEqual(names);
  expect(new Set(names).size).toBe(50);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(probes[0]!.connection!.peer).toMatchObject({
    alpn: "http/1.1",
    serverName: "kvs-0.kvs.8000",
  });
});

test("where they crowd there is another carrier, up to four", async () => {
  const pair = new Pair();
  for (let round = 0; round < 8; round++) {
    for (let each = 0; each < 65; each++) pair.dial();
    await pair.pass(100);
  }
  expect(pair.dials).toBe(defaultCarrierLimits.carriersMax);
});

test("octets and half-closes of any number of streams come through, whoever rests meanwhile", async () => {
  const step = fc.record({
    stream: fc.nat(3),
    side: fc.constantFrom("dialler", "acceptor"),
    act: fc.oneof(
      fc.nat(200_000).map((bytes) => ({ bytes })),
      fc.constantFrom("pause", "resume", "end", "wait"),
    ),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const pair = new Pair();
      const ends = { dialler: await pair.open(4), acceptor: pair.accepted };
      const sent = new Map<Probe, Buffer[]>();
      const other = (side: string) => (side === "dialler" ? ends.acceptor : ends.dialler);
      for (const probe of ends.acceptor) sent.set(probe, [Buffer.from("?")]);
      const ended = new Set<Probe>();
      for (const { stream, side, act } of steps) {
        const own = ends[side as keyof typeof ends][stream]!;
        const far = other(side)[stream]!;
        const connection = own.connection!;
        if (act === "pause") connection.pause();
        else if (act === "resume") connection.resume();
        else if (act === "wait") await pair.pass(5);
        else if (act === "end") {
          connection.end();
          ended.add(far);
        } else if (!ended.has(far)) {
          const block = Buffer.alloc(act.bytes, `${stream}${side}${act.bytes}`);
          sent.set(far, [...(sent.get(far) ?? []), block]);
          connection.write(block, 0, block.length);
        }
      }
      for (const probe of [...ends.dialler, ...ends.acceptor]) probe.connection!.resume();
      await pair.pass(1000);
      for (const probe of [...ends.dialler, ...ends.acceptor]) {
        const expected = Buffer.concat(sent.get(probe) ?? []);
        expect(Buffer.concat(probe.chunks).equals(expected)).toBe(true);
        expect(probe.has("end")).toBe(ended.has(probe));
        expect(probe.failure ?? null).toBe(null);
      }
    }),
    { numRuns: 60, seed: 34 },
  );
});

test("a reader that rests holds up nobody but its own writer, and little of it is held", async () => {
  const pair = new Pair();
  const [slow, quick] = await pair.open(2);
  pair.accepted[0]!.connection!.pause();
  const block = Buffer.alloc(50_000, "x");
  let taken = 0;
  while (slow!.connection!.write(block, 0, block.length) === "done") {
    taken += block.length;
    await pair.pass(1);
  }
  expect(taken).toBeLessThanOrEqual(defaultCarrierLimits.windowBytes);
  await pair.pass(100);
  quick!.send("quick");
  await pair.pass(10);
  expect(pair.accepted[1]!.text).toBe("?quick");
  expect(pair.accepted[0]!.text).toBe("?");
});

test("windows of readers that keep up grow, all of a carrier together by so much and no more", async () => {
  const pair = new Pair();
  const probes = await pair.open(40);
  const block = Buffer.alloc(40_000, "x");
  for (let round = 0; round < 60; round++) {
    for (const probe of probes) probe.connection!.write(block, 0, block.length);
    await pair.pass(5);
  }
  await pair.pass(60_000);
  expect(probes.every((probe) => probe.connection!.queuedBytes === 0)).toBe(true);
  for (const probe of pair.accepted) probe.connection!.pause();
  const large = Buffer.alloc(2_000_000, "y");
  for (const probe of probes) probe.connection!.write(large, 0, large.length);
  await pair.pass(1000);
  const left = probes.reduce((sum, probe) => sum + large.length - probe.connection!.queuedBytes, 0);
  const { windowBytes, windowBytesMax, grownBytesMax } = defaultCarrierLimits;
  expect(left).toBeGreaterThan(10 * windowBytesMax);
  expect(left).toBeLessThanOrEqual(grownBytesMax + 40 * windowBytes);
});

test("a reset ends one stream and tells its other end; the others go on, on the same carrier", async () => {
  const pair = new Pair();
  const [first, second] = await pair.open(2);
  first!.connection!.reset();
  await pair.pass(100);
  expect(first!.failure).toBe(null);
  expect(pair.accepted[0]!.failure?.kind).toBe("reset");
  second!.send("!");
  await pair.pass(100);
  expect(pair.accepted[1]!.text).toBe("?!");
  pair.dial();
  await pair.pass(100);
  expect(pair.dials).toBe(1);
});

test("a peer that speaks no carrier gets connections of their own, and is not asked again at once", async () => {
  const pair = new Pair(false);
  const first = pair.dial();
  first.send("first");
  await pair.pass(100);
  expect(first.has("open")).toBe(true);
  expect(pair.accepted.at(-1)!.text).toBe("first");
  expect(pair.dials).toBe(2);
  pair.dial();
  await pair.pass(100);
  expect(pair.dials).toBe(3);
});

test("a peer that falls silent amid something is given up; one that has nothing to say is left alone", async () => {
  const pair = new Pair();
  const [probe] = await pair.open(1);
  await pair.pass(600_000);
  expect(probe!.failure).toBe(undefined);
  pair.network.freeze("kvs");
  probe!.send("anybody there?");
  await pair.pass(4 * defaultCarrierLimits.silenceMs);
  expect(probe!.failure?.kind).toBe("timeout");
});

test("a carrier without streams ends after its time", async () => {
  const pair = new Pair();
  const [probe] = await pair.open(1);
  probe!.connection!.reset();
  await pair.pass(defaultCarrierLimits.idleMs + 2 * defaultCarrierLimits.silenceMs);
  pair.dial();
  await pair.pass(100);
  expect(pair.dials).toBe(2);
});

test("a listener that is closed takes no stream more; those that stand go on", async () => {
  const pair = new Pair();
  const [probe] = await pair.open(1);
  await pair.close();
  await pair.pass(100);
  const late = pair.dial();
  await pair.pass(100);
  expect(late.failure?.kind).toBe("refused");
  probe!.send("!");
  await pair.pass(100);
  expect(pair.accepted[0]!.text).toBe("?!");
});

test("another generation of our identity is shown on another carrier", async () => {
  const pair = new Pair();
  await pair.open(1);
  pair.dial({ credentials: credentials("caller", 2) });
  await pair.pass(100);
  expect(pair.dials).toBe(2);
});

test("an acceptor with a new identity shows it to the streams that come next", async () => {
  const pair = new Pair();
  await pair.open(1);
  pair.shown = credentials("kvs-renewed", 2);
  await pair.pass(2 * defaultCarrierLimits.silenceMs);
  const next = pair.dial();
  await pair.pass(100);
  expect(next.connection!.peer!.id).toBe(pair.shown.spiffeId);
  expect(pair.dials).toBe(2);
});

test("each dialler holds the peer to what it expects itself, on a carrier that stands too", async () => {
  const pair = new Pair();
  const [before] = await pair.open(1);
  const late = pair.dial({ verify: () => ({ ok: false, detail: "not whom we called" }) });
  await pair.pass(100);
  expect(late.failure?.kind).toBe("identity-mismatch");
  expect(before!.failure).toBe(undefined);
});

test("a stream for a protocol that is not spoken is refused, alone", async () => {
  const pair = new Pair();
  const [probe] = await pair.open(1);
  const other = pair.dial({ alpn: ["heddle-tcp"] });
  await pair.pass(100);
  expect(other.failure?.kind).toBe("refused");
  expect(probe!.failure).toBe(undefined);
});

test("frames cut anywhere are the same frames", () => {
  const frame = fc.record({
    type: fc.constantFrom(...Object.values(frameType)),
    flags: fc.nat(255),
    stream: fc.nat(0x7fff_ffff),
    payload: fc.uint8Array({ maxLength: 60 }),
  });
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 20 }),
      fc.array(fc.integer({ min: 1, max: 40 })),
      (frames, cuts) => {
        const bytes = Buffer.concat(
          frames.map(({ payload, ...head }) => {
            const out = Buffer.alloc(FRAME_HEAD_BYTES + payload.length);
            out.set(payload, writeFrameHead(out, 0, { ...head, length: payload.length }));
            return out;
          }),
        );
        const seen: { type: number; flags: number; stream: number; octets: number[] }[] = [];
        const reader = new FrameReader({
          isDeaf: false,
          onFrameHead: (type, flags, stream) => seen.push({ type, flags, stream, octets: [] }) > 0,
          onFrameData: (part, start, end) => seen.at(-1)!.octets.push(...part.subarray(start, end)),
          onFrameEnd: (payload, length) => seen.at(-1)!.octets.push(...payload.subarray(0, length)),
        });
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const end = Math.min(
            bytes.length,
            at + (cuts[turn % Math.max(1, cuts.length)] ?? bytes.length),
          );
          reader.read(bytes, at, end);
          at = end;
        }
        expect(seen).toEqual(
          frames.map(({ payload, ...head }) => ({ ...head, octets: [...payload] })),
        );
      },
    ),
  );
});

test("whatever a peer sends, the worst that comes of it is the end of its carrier", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 200 }),
      fc.nat(4),
      async (junk, type) => {
        const pair = new Pair();
        const probe = new Probe();
        const tls = {
          credentials: caller,
          serverName: "kvs-0.kvs.8000",
          alpn: ["heddle/1", "http/1.1"],
          verify: believe,
        };
        probe.connection = pair.network.process("junk").transport.dial({ address, tls }, probe);
        await pair.pass(100);
        expect(probe.connection.peer!.alpn).toBe("heddle/1");
        const bytes = Buffer.from(junk);
        if (bytes.length > 3) bytes.set([0, 0, bytes[2]! % 70, type === 4 ? 8 : type], 0); // often a frame that might be one
        probe.connection.write(bytes, 0, bytes.length);
        await pair.pass(100);
        for (const each of pair.accepted) each.connection!.reset();
        await pair.pass(100);
      },
    ),
    { numRuns: 200, seed: 34 },
  );
});

/** Somebody who dials a carrier and says frames of its own. */
async function dialRaw(pair: Pair): Promise<Probe> {
  const probe = new Probe();
  const alpn = ["heddle/1", "http/1.1"];
  const tls = { credentials: caller, serverName: "kvs-0.kvs.8000", alpn, verify: believe };
  probe.connection = pair.network.process("peer").transport.dial({ address, tls }, probe);
  await pair.pass(100);
  expect(probe.connection.peer!.alpn).toBe("heddle/1");
  return probe;
}

/** Frames of a type, on one stream after another. */
function frames(count: number, type: number, text: string): string {
  const frame = Buffer.alloc(FRAME_HEAD_BYTES + text.length);
  return Array.from({ length: count }, (_, index) => {
    const at = writeFrameHead(frame, 0, {
      length: text.length,
      type,
      flags: 0,
      stream: 2 * index + 1,
    });
    frame.write(text, at, "latin1");
    return frame.toString("latin1");
  }).join("");
}

test("PINGs that come together have one answer", async () => {
  const pair = new Pair();
  const probe = await dialRaw(pair);
  probe.send(frames(1000, frameType.ping, ""));
  await pair.pass(100);
  expect(probe.received).toBeGreaterThan(0);
  expect(probe.received).toBeLessThan(20 * FRAME_HEAD_BYTES); // one for each piece in which they came
});

test("streams that are refused without end are the end of their carrier", async () => {
  const pair = new Pair();
  const probe = await dialRaw(pair);
  probe.send(frames(10_001, frameType.open, "other"));
  await pair.pass(1000);
  expect(probe.failure).not.toBe(undefined);
});

test("names of streams differ from their carrier's and from each other", () => {
  const channel = "0123456789abcdef0123456789abcdef";
  expect(channelOfStream(channel, 1)).toBe("0123456789abcdef0123456789abcdee");
  expect(channelOfStream(channel, 0x7fff_ffff)).toMatch(/^0123456789abcdef01234567[0-9a-f]{8}$/);
});

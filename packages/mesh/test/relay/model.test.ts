import type { RetryDoc } from "@heddle/mesh/model/policy.ts";
import { PlainFields } from "@heddle/mesh/net/plain-head.ts";
import { FaultDraws } from "@heddle/mesh/policy/fault.ts";
import { type State, states } from "@heddle/mesh/relay/states.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Asked, type FakeServer, Rig, sendBody } from "./harness.ts";

type Phase = State["phase"];

/** What the reference knows: the phase, as a sentence about the past would give it, and all that was said. */
interface Model {
  phase: Phase;
  method: string;
  said: string;
  hasEnded: boolean;
  isGone: boolean;
  /** It is a call of gRPC whose failures are tried again. */
  readonly isCall: boolean;
  /** It asks for a tunnel; has one been granted, and has the server's side of it ended? */
  readonly isTunnel: boolean;
  hasReplyEnded: boolean;
  answered: string;
  /** Attempts whose request may have been executed. */
  executions: number;
}

/** The real thing. */
interface Real {
  readonly rig: Rig;
  readonly asked: Asked;
  readonly replies: string[];
}

type Command = fc.Command<Model, Real>;

const dialling = (rig: Rig) => rig.servers.filter((server) => server.phase === "dialling");
const busy = (rig: Rig) => rig.servers.find((server) => server.phase === "busy" && server.sink);

/** Holds after every step, whatever it was. */
function check(model: Model, { rig, asked }: Real): void {
  const { client, exchange } = asked;
  const isOver = exchange.phase === "over";
  expect(rig.records).toHaveLength(isOver ? 1 : 0);
  if (isOver) {
    expect(client.end !== "none" || model.isGone).toBe(true);
    expect(busy(rig)).toBeUndefined();
    expect(rig.backend.waitingCount).toBe(0);
    expect(rig.context.tunnels.size).toBe(0);
  } else {
    const isEnded = model.hasReplyEnded || exchange.phase === "parting";
    expect(client.end).toBe(isEnded ? "whole" : "none");
  }
  const server = busy(rig);
  if (server !== undefined) {
    expect(server.head?.method).toBe(model.method);
    expect(server.body).toBe(model.said);
    expect(server.hasEnded).toBe(model.hasEnded || exchange.phase === "parting");
  }
  const isAnswering = exchange.phase === "answering" || exchange.phase === "tunnelling";
  if (isAnswering) expect(client.body).toBe(model.answered);
  const most = model.isCall ? 1 + callRetry.retriesMax : model.method === "POST" ? 1 : 2;
  expect(model.executions).toBeLessThanOrEqual(most);
}

/** How often each phase was come to: the check is worth nothing if it never went anywhere. */
const reached = new Map<Phase, number>();
const reach = (phase: Phase) => reached.set(phase, (reached.get(phase) ?? 0) + 1);

/** A step that may happen while `isPossible`, and the phases that may follow by the reference. */
function step(
  name: string,
  isPossible: (model: Model, rig: Rig) => boolean,
  run: (model: Model, real: Real) => readonly Phase[],
): Command {
  let isDone = false;
  return {
    check: () => true,
    run: (model, real) => {
      if (!isPossible(model, real.rig)) return;
      isDone = true;
      const expected = run(model, real);
      const { phase } = real.asked.exchange;
      expect(expected).toContain(phase);
      if (phase !== model.phase) reach(phase);
      model.phase = phase;
      check(model, real);
    },
    toString: () => (isDone ? name : `(${name})`),
  };
}

/** Octets of a tunnel come only once it was granted, and nothing comes of one that was refused. */
const mayAsk = (model: Model) =>
  isOpen(model) &&
  !model.hasEnded &&
  (!model.isTunnel || model.phase === "tunnelling" || model.phase === "parting");
const isOpen = (model: Model) => model.phase !== "over" && !model.isGone;
const hasServer = (phase: Phase) => (model: Model, rig: Rig) =>
  model.phase === phase && busy(rig) !== undefined;
const server = (real: Real): FakeServer => busy(real.rig)!;

const clientBody = (text: string) =>
  step(`body ${text}`, mayAsk, (model, { asked }) => {
    if (model.phase !== "parting") model.said += text;
    sendBody(asked.exchange, text);
    return [model.phase];
  });
const clientEnd = () =>
  step("end", mayAsk, (model, { asked }) => {
    model.hasEnded = true;
    asked.exchange.onRequestEnd(null);
    return [model.hasReplyEnded ? "over" : model.phase];
  });
const clientGone = () =>
  step("gone", isOpen, (model, { asked }) => {
    model.isGone = true;
    asked.exchange.onRequestFailed("client-gone", "gone");
    return ["over"];
  });
const clientWritable = () =>
  step("client writable", isOpen, (model, { asked }) => {
    asked.exchange.onWritable();
    return [model.phase];
  });
const open = (which: number) =>
  step(
    `open ${which}`,
    (_, rig) => dialling(rig).length > 0,
    (model, { rig }) => {
      const all = dialling(rig);
      all[which % all.length]!.open();
      const isWaiting = model.phase === "connecting" || model.phase === "choosing";
      return isWaiting ? ["asking", "connecting", "choosing"] : [model.phase];
    },
  );
const refuse = (which: number) =>
  step(
    `refuse ${which}`,
    (_, rig) => dialling(rig).length > 0,
    (model, { rig }) => {
      const all = dialling(rig);
      all[which % all.length]!.lose({ kind: "refused", detail: "refused" });
      const isWaiting = model.phase === "connecting" || model.phase === "choosing";
      return isWaiting ? ["asking", "connecting", "choosing", "over"] : [model.phase];
    },
  );
const interim = () =>
  step("interim", hasServer("asking"), (_, real) => {
    server(real).interim(103);
    return ["asking"];
  });
const replyHead = () =>
  step("reply head", hasServer("asking"), (model, real) => {
    model.executions++;
    server(real).replyHead(200);
    return model.isCall ? ["peeking"] : ["answering", "over"]; // the latter by a fault
  });
const peekedEnd = (status: number) =>
  step(`trailers ${status}`, hasServer("peeking"), (_, real) => {
    server(real).replyEnd(new PlainFields([["grpc-status", String(status)]]));
    return status === 0 ? ["over"] : ["delaying", "over"];
  });
const grant = () =>
  step(
    "grant",
    (model, rig) => model.isTunnel && hasServer("asking")(model, rig),
    (model, real) => {
      model.executions++;
      server(real).replyHead(101, [], "tunnel");
      return ["tunnelling", "over"];
    },
  );
const isReplying = (model: Model, rig: Rig) =>
  ["peeking", "answering", "tunnelling", "parting"].includes(model.phase) &&
  !model.hasReplyEnded &&
  busy(rig) !== undefined;
const replyBody = (text: string) =>
  step(`reply body ${text}`, isReplying, (model, real) => {
    if (model.phase !== "parting") model.answered += text;
    server(real).replyBody(text);
    return model.phase === "peeking" ? ["answering", "over"] : [model.phase]; // the latter by a fault
  });
const replyEnd = () =>
  step("reply end", isReplying, (model, real) => {
    const isHalf = model.phase === "tunnelling" || model.phase === "parting";
    if (isHalf) model.hasReplyEnded = true;
    server(real).replyEnd();
    return [isHalf && !model.hasEnded ? model.phase : "over"];
  });
const drain = () =>
  step(
    "drain",
    () => true,
    (model, { rig }) => {
      rig.context.drain();
      return [model.phase];
    },
  );
const serverFails = (sent: boolean) =>
  step(
    `server fails, ${sent ? "" : "un"}sent`,
    (model, rig) => (isReplying(model, rig) || model.phase === "asking") && busy(rig) !== undefined,
    (model, real) => {
      const wasAsking = model.phase === "asking";
      const { phase, isCall } = model;
      if (wasAsking && sent) model.executions++;
      server(real).fail({ sent: sent || !wasAsking });
      if (phase === "peeking") return ["delaying", "over"];
      const again = ["connecting", "choosing", "asking", "over"] as const;
      return wasAsking ? (isCall ? ["delaying", ...again] : again) : ["over"];
    },
  );
const serverWritable = () =>
  step(
    "server writable",
    (_, rig) => busy(rig) !== undefined,
    (model, real) => {
      server(real).sink!.onWritable();
      return [model.phase];
    },
  );
const pass = (ms: number) =>
  step(
    `${ms} ms`,
    () => true,
    (model, { rig }) => {
      rig.clock.advance(ms);
      switch (model.phase) {
        case "delaying":
          return ["delaying", "choosing", "connecting", "asking", "over"];
        case "choosing":
        case "connecting":
          return ["choosing", "connecting", "asking", "over"];
        case "asking":
          return ["asking", "over"];
        case "peeking":
          return ["peeking", "over"];
        case "answering":
          return ["answering", "over"];
        case "tunnelling":
          return ["tunnelling", "parting", "over"];
        case "parting":
          return ["parting", "over"];
        case "over":
          return ["over"];
      }
    },
  );

const faultEffects = ["held back 500 ms", "reset after the process", "reset before it was sent"];
const faultOf = (seed: number) => {
  const [delay, reset] = [{ share: 0.7, delayMs: 500 }, { share: 0.5 }];
  return new FaultDraws({ name: "slow", seed, callers: null, delay, reset }, "caller");
};

/** Calls that fail so are tried again, after a pause. */
const callRetry: RetryDoc = {
  retriesMax: 2,
  codes: [],
  grpcCodes: [14],
  connectionErrors: true,
  backoff: { baseMs: 25, maxMs: 250 },
  methods: "safe",
  bodyBytesMax: 65_536,
};

const text = fc.string({ minLength: 1, maxLength: 5, unit: "grapheme-ascii" });
const which = fc.nat({ max: 3 });
const commands = fc.commands(
  [
    text.map(clientBody),
    fc.constant(null).map(clientEnd),
    fc.constant(null).map(clientGone),
    fc.constant(null).map(clientWritable),
    which.map(open),
    which.map(open),
    which.map(open),
    which.map(refuse),
    fc.constant(null).map(interim),
    fc.constant(null).map(replyHead),
    fc.constantFrom(0, 14, 14).map(peekedEnd),
    fc.constant(null).map(grant),
    fc.constant(null).map(grant),
    text.map(replyBody),
    fc.constant(null).map(replyEnd),
    fc.constant(null).map(drain),
    fc.boolean().map(serverFails),
    fc.constant(null).map(serverWritable),
    fc.constantFrom(1, 90, 900, 2500).map(pass),
    fc.constantFrom(900, 900, 2500).map(pass),
  ],
  { maxCommands: 25 },
);

test("any sequence of inputs leaves the exchange where the reference says, and ends it once", () => {
  const faults = new Set<string>();
  let replays = 0;
  fc.assert(
    fc.property(
      commands,
      fc.constantFrom("GET", "PUT", "POST"),
      fc.boolean(),
      fc.option(fc.nat(), { freq: 3 }),
      fc.constantFrom("body", "tunnel", "granted tunnel", "draining tunnel", "call"),
      (steps, method, isWarm, seed, kind) => {
        const isTunnel = kind.endsWith("tunnel");
        const isCall = kind === "call";
        const isGranted = kind.endsWith(" tunnel");
        const fault = seed === null || isGranted ? null : faultOf(seed);
        const rig = new Rig({
          endpoints: 2,
          requestTimeoutMs: 4000,
          fault,
          ...(isCall ? { policy: { retry: callRetry }, speaks: "http/1.1" } : {}),
        });
        if (isWarm && fault === null && !isGranted && !isCall) {
          rig.warm();
          rig.warm();
        }
        rig.context.tunnelLimits = { idleMs: 3000, lifetimeMs: 5000, drainQuietMs: 700 };
        const upgrade = isTunnel ? "websocket" : null;
        const asked = rig.ask({
          method,
          length: isTunnel ? "tunnel" : "chunked",
          upgrade,
          ...(isCall ? { protocol: "h2", fields: [["content-type", "application/grpc"]] } : {}),
        });
        const model: Model = {
          phase: asked.exchange.phase,
          method,
          said: "",
          hasEnded: false,
          isGone: false,
          isCall,
          isTunnel,
          hasReplyEnded: false,
          answered: "",
          executions: 0,
        };
        if (isGranted) {
          rig.server.open();
          rig.server.replyHead(101, [], "tunnel");
          Object.assign(model, { phase: "tunnelling", executions: 1 });
          if (kind === "draining tunnel") rig.context.drain();
        }
        reach(model.phase);
        fc.modelRun(() => ({ model, real: { rig, asked, replies: [] } }), steps);
        rig.clock.advance(10_000);
        expect(rig.records).toHaveLength(1);
        expect(rig.context.inFlight).toBe(0);
        if (rig.record.replayed) replays++;
        const { detail } = rig.record;
        for (const effect of faultEffects) if (detail.includes(effect)) faults.add(effect);
      },
    ),
    { seed: 20_261_122, numRuns: 4500 },
  );
  for (const { phase } of states) expect(reached.get(phase) ?? 0).toBeGreaterThan(20);
  expect(replays).toBeGreaterThan(20);
  expect([...faults].toSorted()).toEqual(faultEffects);
});

test("every state says what it does with every input", () => {
  const inputs = Object.keys(states[0]!);
  for (const state of states) expect(Object.keys(state)).toEqual(inputs);
});

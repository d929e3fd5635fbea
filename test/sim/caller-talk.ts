import type { Fields, ReplyHead } from "@heddle/mesh/model/head.ts";
import type { BodyLength, ClientStream, ReplyFailure, ReplySink } from "@heddle/mesh/net/codec.ts";
import { PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { websocketKey } from "@heddle/mesh/net/websocket-key.ts";
import type { ClientCodec } from "@heddle/mesh/upstream/session.ts";
import type { CallerApp } from "./caller-app.ts";
import type { LineUser } from "./caller-lines.ts";
import { freshPorts, talkPorts, upgradePorts } from "./intent.ts";
import { OctetsEnd, type OctetsEndOptions } from "./octets-end.ts";
import { clientWire, OctetsConnection } from "./octets-wires.ts";
import type { TalkPlan } from "./talks.ts";

/** A caller's side of one connection of octets: to a listener, or in a tunnel that is asked for. */
export class CallerTalk implements ReplySink, LineUser {
  readonly #app: CallerApp;
  readonly #plan: TalkPlan;
  readonly #beganMs: number;
  #stream: ClientStream | null = null;
  #end: OctetsEnd | null = null;
  #refusal = "";
  #isOver = false;

  constructor(app: CallerApp, plan: TalkPlan) {
    this.#app = app;
    this.#plan = plan;
    this.#beganMs = app.clock.monotonicMs();
  }

  begin(): void {
    const { way, first, abortAfterMs, isFresh = false } = this.#plan;
    const { addressOf, lines, process, clock } = this.#app;
    if (abortAfterMs !== null) clock.after(abortAfterMs, () => this.#abort());
    if (way.kind === "upgrade") {
      lines.use(addressOf(`default/wire:${upgradePorts[way.entry]}`), way.version, this);
    } else if (way.kind === "connect") {
      lines.use(addressOf("forward"), "http/1.1", this);
    } else {
      const isUnseen = isFresh && way.kind !== "opaque";
      const port = isUnseen ? freshPorts[way.kind] : talkPorts[way.kind][first];
      const address = addressOf(`default/wire:${port}`);
      const octets = new OctetsConnection(this.#options);
      octets.connection = process.transport.dial({ address, tls: null }, octets);
      this.#end = octets.talker;
    }
  }

  start(codec: ClientCodec): void {
    if (this.#isOver) return;
    const { way, id, first } = this.#plan;
    this.#stream = codec.start(this);
    this.#stream.sendHead(
      way.kind === "upgrade" ? upgradeHead(id, way) : connectHead(talkPorts.detect[first]),
      "tunnel",
    );
  }

  lost(detail: string): void {
    if (this.#end !== null) this.#end.onBroken(detail);
    else this.#over(`broken: ${detail}`);
  }

  onInterim(): void {}

  onReplyHead(head: ReplyHead, length: BodyLength): void {
    if (length !== "tunnel") {
      this.#refusal = `refused: ${head.status} ${head.get("x-heddle-reason")}`;
      return;
    }
    this.#end = new OctetsEnd({ ...this.#options, wire: clientWire(this.#stream!) });
    this.#end.open();
  }

  onReplyBody(bytes: Buffer, start: number, end: number): void {
    this.#end?.onBytes(bytes, start, end);
  }

  onReplyEnd(_trailers: Fields | null): void {
    if (this.#end !== null) this.#end.onEnd();
    else this.#over(this.#refusal);
  }

  onReplyFailed(failure: ReplyFailure): void {
    this.lost(failure.reason);
  }

  onWritable(): void {
    this.#end?.onWritable();
  }

  get #options(): Omit<OctetsEndOptions, "wire"> {
    const { id, clientBytes, isSlow, hesitates, first } = this.#plan;
    const { process, clock, rng, talks } = this.#app;
    return {
      process,
      clock,
      rng,
      talks,
      number: id,
      bytes: clientBytes,
      speaksFirst: first === "client",
      isSlow,
      hesitates,
      onFirst: () => talks.firstOctet(this.#plan, clock.monotonicMs() - this.#beganMs),
      onOver: (ending) => this.#over(ending),
    };
  }

  #abort(): void {
    if (this.#isOver) return;
    if (this.#end !== null) {
      this.#end.abort();
      return;
    }
    this.#stream?.abort();
    this.#over("aborted");
  }

  #over(ending: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#app.talks.ended(this.#plan, ending);
  }
}

type Upgrade = Extract<TalkPlan["way"], { readonly kind: "upgrade" }>;

function upgradeHead(id: number, { version, protocol }: Upgrade): PlainRequestHead {
  const head = new PlainRequestHead({ method: "GET", path: `/talk/${id}`, authority: "wire" }, [
    ["x-talk", String(id)],
  ]);
  head.upgrade = protocol;
  if (protocol === "websocket") {
    head.add("sec-websocket-version", "13");
    if (version === "http/1.1") head.add("sec-websocket-key", websocketKey(String(id)));
  }
  return head;
}

function connectHead(port: number): PlainRequestHead {
  return new PlainRequestHead({ method: "CONNECT", path: "", authority: `wire:${port}` });
}

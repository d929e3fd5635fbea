import { parseSpiffeId, type SpiffeId } from "../model/identity.ts";
import type { ServiceKey } from "../model/service-key.ts";
import type { RecordedBatch } from "./batch.ts";
import { answerContent, attemptContent, type ContractDocs, requestContent } from "./content.ts";
import { outsideName, processName, proxyName } from "./endpoint-name.ts";
import type { EndpointName, HistoryEvent, Message, ReplyContent } from "./event.ts";
import {
  type ConnectionName,
  isCopy,
  isOpaque,
  messageId,
  type RecordedAttempt,
  type RecordedExchange,
} from "./exchange.ts";

/**
 * The events of a proxy and those it can infer of the endpoint on the other side of a plain hop: the process beside it, a
 * caller or a callee outside the mesh. A peer's proxy records its own.
 *
 * ```
 *   outbound                                             inbound
 *   P Send•M1 │ Recv•M1 … Send•M2 ▶ peer's proxy         peer's proxy ▶ Recv•M2 … Send•M3 │ P Recv•M3
 *   P Recv•M6 │ Send•M6 … Recv•M5 ◀ peer's proxy         peer's proxy ◀ Send•M5 … Recv•M4 │ P Send•M4
 * ```
 *
 * What is left of a bar, or right of it at inbound, is inferred: it has the place in order that the proxy saw it in.
 * That a process received a request is known only once it has answered. A WebSocket, or whatever else follows an upgrade or a
 * CONNECT, is the request that asked for it and the reply that granted it. A connection of octets is no message at all.
 */
export function eventsOf(
  batch: RecordedBatch,
  contracts: ContractDocs = new Map(),
): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  const { namespace, name } = batch.workload;
  const process = processName(namespace, name);
  for (const exchange of batch.exchanges) {
    new ExchangeEvents({ events, process, epoch: batch.life, exchange, contracts }).add();
  }
  return events;
}

/** One end of a hop: who, where, and who the other end proved to be. */
interface End {
  readonly endpoint: EndpointName;
  readonly address: string;
  readonly peer: SpiffeId | null;
}

/** The place of an event in the proxy's order, and its time. */
interface Moment {
  readonly seq: number;
  readonly atMs: number;
}

class ExchangeEvents {
  readonly #events: HistoryEvent[];
  readonly #process: EndpointName;
  readonly #proxy: EndpointName;
  readonly #epoch: string;
  readonly #exchange: RecordedExchange;
  readonly #contracts: ContractDocs;
  readonly #answer: ReplyContent;

  constructor(options: {
    readonly events: HistoryEvent[];
    readonly process: EndpointName;
    readonly epoch: string;
    readonly exchange: RecordedExchange;
    readonly contracts: ContractDocs;
  }) {
    this.#events = options.events;
    this.#process = options.process;
    this.#proxy = proxyName(options.process);
    this.#epoch = options.epoch;
    this.#exchange = options.exchange;
    this.#contracts = options.contracts;
    this.#answer = answerContent(options.exchange, options.contracts);
  }

  add(): void {
    const { front, receivedSeq, answeredSeq, startMs, headMs, reason } = this.#exchange;
    // Octets that nobody has read are no messages: what was sent with them, and how often, no record could tell.
    if (isOpaque(this.#exchange)) return;
    if (receivedSeq === 0) {
      if (isCopy(this.#exchange)) for (const one of this.#exchange.attempts) this.#addAttempt(one);
      return;
    }
    const us: End = { endpoint: this.#proxy, address: front.own, peer: front.peer };
    const caller = this.#caller();
    const asked = { seq: receivedSeq, atMs: startMs };
    const { path, receivedPath = path } = this.#exchange;
    const request = this.#request(front, this.#askedService(), receivedPath);
    if (caller !== null) this.#send(caller, asked, request, us);
    const saidBy = this.#saidBy();
    this.#recv(us, asked, saidBy === null ? request : { ...request, saidBy });

    for (const attempt of this.#exchange.attempts) this.#addAttempt(attempt);

    if (answeredSeq === 0) return;
    const answered = { seq: answeredSeq, atMs: headMs };
    const reply = this.#reply(front, this.#answer);
    // Who a plain caller of our listener is, its own record says, if there is one.
    const meant = this.#exchange.direction === "inbound" ? null : (caller?.endpoint ?? null);
    this.#send(us, answered, reply, { endpoint: meant, address: front.source });
    if (caller !== null && reason !== "client-gone") this.#recv(caller, answered, reply);
  }

  #addAttempt(attempt: RecordedAttempt): void {
    const { connection, ordinal, sentSeq, sentMs, replySeq, replyMs, target } = attempt;
    if (connection === null || sentSeq === 0) return;
    const us: End = { endpoint: this.#proxy, address: attempt.own, peer: attempt.identity };
    const callee = this.#callee(attempt);
    const sent = { seq: sentSeq, atMs: sentMs };
    const { path } = this.#exchange;
    const request = this.#request({ connection, ordinal }, this.#sentService(), path);
    this.#send(us, sent, request, { endpoint: this.#meant(attempt), address: target });
    if (replySeq === 0) return;
    const replied = { seq: replySeq, atMs: replyMs };
    const content = attemptContent(this.#exchange, attempt, this.#answer);
    const reply = this.#reply({ connection, ordinal }, content);
    if (callee !== null) {
      this.#recv(callee, sent, request);
      this.#send(callee, replied, reply, us);
    }
    this.#recv(us, replied, reply);
  }

  /** The caller, where only we can tell of it: null for a peer, whose proxy does. */
  #caller(): End | null {
    const { direction, front } = this.#exchange;
    const { source: address, peer, caller } = front;
    switch (direction) {
      case "outbound":
      case "egress":
        return { endpoint: this.#process, address, peer: null };
      case "gateway":
        return { endpoint: outsideName(address), address, peer: null };
      case "inbound": // a plain call past all proxies names nobody
        if (peer !== null || caller !== null) return null;
        return { endpoint: outsideName(address), address, peer: null };
    }
  }

  /** A peer's proxy tells its workload's name; its namespace the certificate proves, and without one it is taken for ours. */
  #saidBy(): EndpointName | null {
    const { direction, front } = this.#exchange;
    if (direction !== "inbound" || front.caller === null) return null;
    const identity = front.peer === null ? null : parseSpiffeId(front.peer);
    const namespace = identity?.namespace ?? this.#process.split("/")[0]!;
    return proxyName(processName(namespace, front.caller));
  }

  /** Who was asked, where only we can tell of it. */
  #callee({ endpointUid, target: address, connection }: RecordedAttempt): End | null {
    if (endpointUid === "app") {
      // Where it listens the connection says, and not he who meant to reach it.
      const listening = connection?.split(">")[1] ?? address;
      return { endpoint: this.#process, address: listening, peer: null };
    }
    if (this.#exchange.direction !== "egress") return null;
    return { endpoint: outsideName(address), address, peer: null };
  }

  #meant({ endpointUid, endpoint }: RecordedAttempt): EndpointName | null {
    if (endpointUid === "app") return this.#process;
    const { direction, backend, service } = this.#exchange;
    if (direction === "egress") return null;
    const [namespace = ""] = (backend ?? service).split("/");
    return proxyName(processName(namespace, endpoint));
  }

  #askedService(): string | null {
    const { service, servicePort } = this.#exchange;
    return serviceText(service, servicePort);
  }

  #sentService(): string | null {
    const { backend, backendPort } = this.#exchange;
    return backend === null ? this.#askedService() : serviceText(backend, backendPort);
  }

  #request({ connection, ordinal }: Hop, service: string | null, path: string): SharedMessage {
    const content = requestContent(this.#exchange, path, this.#contracts);
    return { id: messageId(connection, ordinal, "request"), type: "request", service, content };
  }

  #reply({ connection, ordinal }: Hop, content: ReplyContent): SharedMessage {
    return { id: messageId(connection, ordinal, "reply"), type: "reply", service: null, content };
  }

  #send(
    end: End,
    moment: Moment,
    message: SharedMessage,
    to: { readonly endpoint: EndpointName | null; readonly address: string },
  ): void {
    const sent = { ...message, target: to.address, targetEndpoint: to.endpoint };
    this.#emit("send", end, moment, sent);
  }

  #recv(end: End, moment: Moment, message: SharedMessage): void {
    this.#emit("recv", end, moment, { ...message, target: null, targetEndpoint: null });
  }

  #emit(kind: HistoryEvent["kind"], end: End, moment: Moment, message: Message): void {
    this.#events.push({
      kind,
      ...end,
      ...moment,
      epoch: this.#epoch,
      observer: this.#proxy,
      isInferred: end.endpoint !== this.#proxy,
      message,
      exchange: this.#exchange.id,
    });
  }
}

/** What both ends know of a message. */
type SharedMessage = Omit<Message, "target" | "targetEndpoint">;

interface Hop {
  readonly connection: ConnectionName;
  readonly ordinal: number;
}

function serviceText(service: ServiceKey | "", port: number): string | null {
  return service === "" ? null : `${service}:${port}`;
}

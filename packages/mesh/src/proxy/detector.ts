import { unreachable } from "../base/assert.ts";
import { Deadline, type DeadlineHandler } from "../base/deadline-wheel.ts";
import type { CarriedProtocol, HttpProtocol } from "../model/protocol.ts";
import type { Reason } from "../model/reason.ts";
import { readClientHello } from "../net/client-hello.ts";
import { detect, detectVersion, guess } from "../net/detect.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "../net/transport.ts";
import type { RelayContext } from "../relay/context.ts";
import type { FrontendSlot } from "../relay/frontend.ts";
import type { Carried, TcpRelay, TcpRoute, TcpSuitor } from "../relay/tcp.ts";
import type { EndpointWaiter } from "../upstream/backend.ts";
import type { Drainable } from "./connections.ts";
import type { PortHabit, ProtocolMemory } from "./protocol-memory.ts";

/** How long a client may be silent before a server is dialled for it, in ms; it may take 10 ms more. */
export const silenceMs = 10;
/** The same where rules for requests could choose the target or HTTP was spoken last; and for octets that fit several protocols. */
export const holdMs = 90;
/** How long a client that speaks HTTP, or TLS where its server name must be known, may take to begin, in ms. */
const beginMs = 10_000;
/** How long one may be silent whose port speaks HTTP, in ms: as long as between two requests. */
const idleMs = 75_000;
/** The same where there is no server, or everything is refused, in ms: a protocol in which the server speaks first would wait for it. */
export const refusingMs = 1000;

/** Makes what serves a connection, once it is known what that must be. */
export interface DetectorHost {
  readonly context: RelayContext;
  readonly slot: FrontendSlot;
  readonly memory: ProtocolMemory;
  /** A codec for the connection; it tells itself when the connection is gone, and so does a relay. */
  serveHttp(protocol: HttpProtocol, detected: string): ConnectionEvents & Drainable;
  /** A relay of octets, not begun. */
  relayTcp(suitor: TcpSuitor): TcpRelay;
  /** What the server name decides; null: nothing. */
  routeTls(serverName: string | null): TcpRoute | null;
  /** It is known what is carried; never told where that was declared. @param afterMs since the connection began */
  onDetected(protocol: CarriedProtocol, detected: string, afterMs: number): void;
  /** The client has said too little for too long, and is sent away. */
  refuse(detail: string): void;
  /** The connection is `server`'s from now on; the detector is done. */
  onHanded(server: Drainable): void;
  /** The connection is gone before it was handed over. */
  onGone(): void;
}

/** Of a client that need not be asked for more, in octets. */
const firstBytesMax = 65_536;
const spoken = { "http/1.1": "client spoke HTTP/1.1", h2: "client spoke HTTP/2" } as const;
const begun = { "http/1.1": "client began HTTP/1.1", h2: "client began HTTP/2" } as const;
const noOctets: Buffer = Buffer.alloc(0);

/**
 * Finds out what a connection carries, where its port does not say: it holds the first octets, looks who speaks first, and
 * hands the connection over, once and for all. Nobody waits for longer than it takes to tell.
 *
 * ```
 *  documents ─▶ silence ──client speaks HTTP──────────────────────────▶ codec
 *                  │  └───client speaks something else────┐         ▲
 *                  └─10 ms, 100 with rules─▶ racing ──────┼─client──┘
 *                                              └─server───┴──▶ relay of octets
 * ```
 * While it is racing a server has been dialled and the client may still speak HTTP: then what was dialled is given up.
 */
export class Detector
  implements ConnectionEvents, Drainable, DeadlineHandler, EndpointWaiter, TcpSuitor
{
  readonly #host: DetectorHost;
  readonly #connection: Connection;
  readonly #deadline: Deadline = new Deadline(this);
  readonly #beganMs: number;
  #phase: "documents" | "silence" | "racing" | "handed" | "over" = "silence";
  #first = noOctets;
  #hasEnded = false;
  #hasBegun = false;
  /** Of the race. */
  #tcp: TcpRelay | null = null;
  #hasServer = true;
  #isPaused = false;
  /** Whose the connection is, once that is known. */
  #next: ConnectionEvents | null = null;
  #nextDrain: Drainable | null = null;

  constructor(host: DetectorHost, connection: Connection) {
    this.#host = host;
    this.#connection = connection;
    this.#beganMs = host.context.clock.monotonicMs();
  }

  /** Starts; nothing may have come from the connection before. */
  begin(): void {
    const { pending } = this.#host.slot.frontend;
    if (pending === null) {
      this.#start();
    } else {
      // What is declared wins, so it is to be known first.
      this.#phase = "documents";
      pending.wait(this);
    }
    this.#hasBegun = true;
  }

  onEndpoint(): void {
    this.#start();
  }

  onNoEndpoint(): void {
    this.#start(); // whoever gets it says what is missing
  }

  #start(): void {
    this.#phase = "silence";
    const { frontend } = this.#host.slot;
    if (frontend.protocol === "opaque") {
      this.#carry({ protocol: null, detected: "", serverName: null }, null);
      return;
    }
    if (this.#first.length > 0 || this.#hasEnded) this.#look(this.#first);
    else if (this.#isHttp) this.#wait(frontend.fails === null ? idleMs : refusingMs);
    else if (this.#mustSayName) this.#wait(beginMs);
    else if (this.#isServerFirst) this.#race();
    else this.#wait(this.#hasRules || this.#habit === "http" ? holdMs : silenceMs);
  }

  drain(): void {
    if (this.#next !== null) {
      this.#nextDrain!.drain();
      return;
    }
    if (this.#first.length > 0) return; // it is about to be handed over
    this.#leave();
    this.#connection.end();
  }

  // ── the client ────────────────────────────────────────────────────────────────────────────────────────────────

  onOpen(): void {}

  onBytes(bytes: Buffer, start: number, end: number): void {
    if (this.#next !== null) this.#next.onBytes(bytes, start, end);
    else if (this.#phase !== "over") this.#onFirst(bytes, start, end);
  }

  onEnd(): void {
    if (this.#next !== null) {
      this.#next.onEnd();
      return;
    }
    this.#hasEnded = true;
    if (this.#phase === "over") this.#connection.end();
    else if (this.#phase !== "documents") this.#look(this.#first);
  }

  onDrain(): void {
    this.#next?.onDrain();
  }

  onClose(failure: TransportFailure | null): void {
    if (this.#next !== null) {
      this.#next.onClose(failure);
      return;
    }
    this.#leave();
    this.#host.onGone();
  }

  #onFirst(bytes: Buffer, start: number, end: number): void {
    const isAlone = this.#first.length === 0;
    const first = isAlone
      ? bytes.subarray(start, end)
      : Buffer.concat([this.#first, bytes.subarray(start, end)]);
    if (this.#phase !== "documents") this.#look(first);
    if (this.#next !== null) return;
    this.#first = isAlone ? Buffer.from(first) : first;
    if (this.#isPaused || first.length <= firstBytesMax) return;
    this.#isPaused = true;
    this.#connection.pause();
  }

  /** Is it known by now? @param first all that the client has said; nobody keeps it */
  #look(first: Buffer): void {
    if (this.#isHttp) this.#lookForVersion(first);
    else this.#lookForProtocol(first);
  }

  #lookForVersion(first: Buffer): void {
    const version = detectVersion(first, 0, first.length);
    if (version !== "more") this.#serve(version, "", first);
    else if (this.#hasEnded) this.#serve("http/1.1", "", first);
    else this.#wait(beginMs);
  }

  #lookForProtocol(first: Buffer): void {
    const found = this.#hasEnded ? guess(first, 0, first.length) : detect(first, 0, first.length);
    switch (found) {
      case "http/1.1":
      case "h2":
        if (this.#host.slot.frontend.protocol === "tls") this.#carryClient(first, null);
        else this.#serve(found, spoken[found], first);
        return;
      case "tls":
        this.#lookForName(first);
        return;
      case "tcp":
        this.#carryClient(first, null);
        return;
      case "more":
        this.#wait(this.#hasRules || this.#isFromOutside ? holdMs : silenceMs);
        return;
      default:
        unreachable(found);
    }
  }

  /** The server name may decide, and is to be recorded in any case. */
  #lookForName(first: Buffer): void {
    const hello = readClientHello(first, 0, first.length);
    if (hello !== "more" || this.#hasEnded) {
      this.#carryTls(first, hello === "more" ? null : (hello?.serverName ?? null));
    } else this.#wait(this.#hasTlsRoutes ? beginMs : holdMs);
  }

  // ── time ──────────────────────────────────────────────────────────────────────────────────────────────────────

  #wait(delayMs: number): void {
    this.#host.context.wheel.set(this.#deadline, delayMs);
  }

  onDeadline(): void {
    const first = this.#first;
    if (this.#isHttp) this.#onHttpTime();
    else if (this.#mustSayName) this.#sendAway();
    else if (first.length > 0) this.#onHeld(first);
    else if (this.#phase === "silence") this.#race();
    else this.#carryFailed();
  }

  #onHttpTime(): void {
    if (this.#first.length > 0) this.#sendAway();
    else this.drain(); // as a codec would do it
  }

  /** What has come fits several protocols, and no more comes. */
  #onHeld(first: Buffer): void {
    const found = guess(first, 0, first.length);
    const isDeclared = this.#host.slot.frontend.protocol === "tls";
    if (found === "tls") {
      if (this.#hasTlsRoutes)
        this.#sendAway(); // half a ClientHello
      else this.#carryTls(first, null);
    } else if (found === "tcp" || isDeclared) {
      this.#carryClient(first, "client's octets fit no protocol after 100 ms");
    } else {
      this.#serve(found, begun[found], first);
    }
  }

  #sendAway(): void {
    this.#leave();
    this.#host.refuse(`nothing asked within ${beginMs} ms`);
    this.#connection.reset();
  }

  // ── the race ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** A server is dialled; whoever speaks first decides. */
  #race(): void {
    this.#phase = "racing";
    const tcp = this.#host.relayTcp(this);
    this.#tcp = tcp;
    tcp.begin(null);
  }

  onServerFirst(hasSpoken: boolean): void {
    if (hasSpoken) this.#learn("server-first");
    const detected = hasSpoken ? "server spoke first" : "server ended first";
    this.#carry({ protocol: "tcp", detected, serverName: null }, null);
  }

  onNoServer(reason: Reason): void {
    const isOurShortage = reason === "queue-full" || reason === "shed";
    if (isOurShortage && !this.#isServerFirst && this.#first.length === 0) {
      // Idle clients of HTTP, most likely: one that has nothing to say needs no server.
      this.#dropRace();
      this.#phase = "silence";
      this.#wait(idleMs);
      return;
    }
    this.#hasServer = false;
    // The client may still ask in HTTP, and be told why not.
    if (this.#next === null && this.#first.length === 0) this.#wait(refusingMs);
  }

  #dropRace(): void {
    this.#tcp?.giveUp();
    this.#tcp = null;
  }

  #carryFailed(): void {
    if (this.#hasServer) return;
    const detected = "client said nothing, and there is no server";
    this.#carry({ protocol: "tcp", detected, serverName: null }, null);
  }

  // ── handed over ───────────────────────────────────────────────────────────────────────────────────────────────

  #serve(protocol: HttpProtocol, detected: string, first: Buffer): void {
    if (detected !== "") this.#learn("http");
    this.#dropRace();
    this.#tell(protocol, detected);
    const server = this.#host.serveHttp(protocol, detected);
    this.#hand(server, server);
    // Before what has come is looked at by its new owner: it may pause.
    if (first.length > 0) server.onBytes(first, 0, first.length);
    if (this.#hasEnded) server.onEnd();
  }

  #carryClient(first: Buffer, why: string | null): void {
    this.#learn("octets");
    const isDeclared = this.#host.slot.frontend.protocol === "tls";
    const found = first.length === 0 ? "client ended first" : "client spoke neither HTTP nor TLS";
    const detected = isDeclared ? "declared as TLS, and is none" : (why ?? found);
    const route = isDeclared && this.#hasTlsRoutes ? this.#host.routeTls(null) : null;
    this.#first = first;
    this.#carry({ protocol: "tcp", detected, serverName: null }, route);
  }

  #carryTls(first: Buffer, serverName: string | null): void {
    const isDeclared = this.#host.slot.frontend.protocol === "tls";
    this.#learn("octets");
    const route = this.#hasTlsRoutes ? this.#host.routeTls(serverName) : null;
    if (route !== null) this.#dropRace(); // it went wherever connections without a name go
    this.#first = first;
    const detected = isDeclared ? "" : "client spoke TLS";
    this.#carry({ protocol: "tls", detected, serverName }, route);
  }

  /** What was said so far is copied: it is held until there is a server. */
  #carry(carried: Carried, route: TcpRoute | null): void {
    const isNew = this.#tcp === null;
    const tcp = this.#tcp ?? this.#host.relayTcp(this);
    this.#tcp = tcp;
    if (carried.protocol !== null) this.#tell(carried.protocol, carried.detected);
    const held = this.#first.length === 0 ? noOctets : Buffer.from(this.#first);
    this.#hand(tcp.near, tcp);
    tcp.carry(carried, held, this.#hasEnded);
    if (isNew) tcp.begin(route);
  }

  #tell(protocol: CarriedProtocol, detected: string): void {
    if (detected === "") return;
    const { clock } = this.#host.context;
    this.#host.onDetected(protocol, detected, clock.monotonicMs() - this.#beganMs);
  }

  #hand(next: ConnectionEvents, drainable: Drainable): void {
    this.#host.context.wheel.clear(this.#deadline);
    this.#phase = "handed";
    this.#first = noOctets;
    this.#next = next;
    this.#nextDrain = drainable;
    this.#host.onHanded(drainable);
    if (this.#hasBegun) this.#connection.handTo?.(next);
    if (this.#isPaused) this.#connection.resume(); // before the new owner has a will of its own
  }

  /** Nothing is waited for any more. */
  #leave(): void {
    const { slot, context } = this.#host;
    if (this.#phase === "documents") slot.frontend.pending?.cancel(this);
    context.wheel.clear(this.#deadline);
    this.#dropRace();
    this.#phase = "over";
  }

  get #port(): string {
    const { service, port } = this.#host.slot.frontend;
    return `${service}:${port}`;
  }

  get #isHttp(): boolean {
    const { protocol = "http" } = this.#host.slot.frontend;
    return protocol === "http" || protocol === "http1" || protocol === "h2c";
  }

  /** What was seen at the port last; null: nothing, lately. */
  get #habit(): PortHabit | null {
    const { memory, context } = this.#host;
    return memory.habitOf(this.#port, context.clock.monotonicMs());
  }

  get #isServerFirst(): boolean {
    return this.#habit === "server-first";
  }

  #learn(habit: PortHabit): void {
    const { memory, context } = this.#host;
    memory.learn(this.#port, habit, context.clock.monotonicMs());
  }

  get #hasTlsRoutes(): boolean {
    return (this.#host.slot.frontend.tlsRoutes ?? null) !== null;
  }

  /** Is the server name all there is to go by? */
  get #mustSayName(): boolean {
    const { protocol } = this.#host.slot.frontend;
    return protocol === "tls" && this.#hasTlsRoutes;
  }

  /** Else it is a peer's proxy without identity, which has waited for more itself. */
  get #isFromOutside(): boolean {
    return this.#host.slot.frontend.direction !== "inbound";
  }

  /** Could what a client says choose the target? */
  get #hasRules(): boolean {
    const { routes, backend } = this.#host.slot.frontend;
    return routes !== null || this.#hasTlsRoutes || backend?.placement?.readsRequest === true;
  }
}

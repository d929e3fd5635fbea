import type { ProxyDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import type { Reason } from "../model/reason.ts";
import type { BodyLength, RequestHandler, RequestSink, ServerStream } from "../net/codec.ts";
import { Http1RequestHead } from "../net/http1/request-head.ts";
import type { Http1ServerStream } from "../net/http1/server-stream.ts";
import type { Connection } from "../net/transport.ts";
import type { RelayContext } from "../relay/context.ts";
import type { Frontend, FrontendSlot, Source } from "../relay/frontend.ts";
import { recordCodecAnswer, recordRefusal } from "../relay/refusal.ts";
import { Exchange } from "../relay/relay.ts";
import { parseAuthority, serviceOfHost } from "./authority.ts";
import type { Egress } from "./egress.ts";
import { EgressTunnel } from "./egress-tunnel.ts";
import { openMeshTunnel, type ServeTunnel } from "./mesh-tunnel.ts";
import type { ServiceTable } from "./service-table.ts";

/** Where `HTTP_PROXY` requests go, by what they name: a service of the mesh, or the world outside. */
export interface ForwardProxyOptions {
  readonly context: RelayContext;
  readonly services: ServiceTable;
  readonly egress: Egress;
  /** The newest proxy document. */
  readonly doc: () => ProxyDoc;
  /** Serves whatever is spoken inside a tunnel to a service. */
  readonly serveTunnel: ServeTunnel;
}

/** One connection of the workload's own application that treats us as its HTTP proxy (RFC 9110 §3.7). */
export class ForwardProxyDoor implements RequestHandler {
  readonly #options: ForwardProxyOptions;
  readonly #source: Source;
  readonly #onClose: (connection: Connection) => void;

  constructor(
    options: ForwardProxyOptions,
    source: Source,
    onClose: (connection: Connection) => void,
  ) {
    this.#options = options;
    this.#source = source;
    this.#onClose = onClose;
  }

  onRequest(stream: ServerStream, head: RequestHead, length: BodyLength): RequestSink {
    if (head.method === "CONNECT") return this.#connect(stream as Http1ServerStream, head);
    const exchange = new Exchange(
      this.#options.context,
      this.#slotOf(head),
      this.#source,
      stream,
      head,
      length,
    );
    exchange.begin();
    return exchange;
  }

  onBadRequest(_connection: Connection, reason: Reason, detail: string, ordinal: number): void {
    const refusal = { reason, detail, ordinal, isAnswered: true };
    recordRefusal(this.#options.context, noProxyRequest, this.#source, refusal);
  }

  onAnswered(head: RequestHead, status: number, ordinal: number): void {
    const answer = { head, status, ordinal };
    const { frontend } = this.#slotOf(head);
    recordCodecAnswer(this.#options.context, frontend, this.#source, answer);
  }

  onConnectionClose(connection: Connection): void {
    this.#onClose(connection);
  }

  #slotOf(head: RequestHead): FrontendSlot {
    if (!(head instanceof Http1RequestHead) || head.targetForm !== "absolute") {
      return { frontend: noProxyRequest };
    }
    if (head.isHttps) return { frontend: httpsInPlain };
    const { host, port } = parseAuthority(head.authority);
    const slot = this.#meshSlot(host, port ?? 80);
    if (slot === null) return this.#options.egress.slot(host, port ?? 80);
    const { service, port: number, protocol } = slot.frontend;
    if (protocol !== "opaque" && protocol !== "tls") return slot;
    const detail = `${service}:${number} is declared as ${protocol}: ask for it by CONNECT`;
    return { frontend: { ...refusing("unsupported", detail), service, port: number } };
  }

  /** The slot of a service that we can see, whatever its port; null for the world outside. */
  #meshSlot(host: string, port: number): FrontendSlot | null {
    const doc = this.#options.doc();
    const service = serviceOfHost(host, doc.workload.namespace, doc.clusterDomain);
    if (service === null || !doc.outbound.some((listener) => listener.service === service)) {
      return null;
    }
    const { services } = this.#options;
    // Clients name whatever port they like: only those that may exist are kept a place for.
    if (services.lacks(service, port)) {
      const frontend = refusing("no-route", `${service} has no port ${port}`);
      return { frontend: { ...frontend, service, port } };
    }
    return services.slot(service, port);
  }

  #connect(stream: Http1ServerStream, head: RequestHead): RequestSink {
    const { context, egress, serveTunnel } = this.#options;
    const { host, port } = parseAuthority(head.authority);
    const slot = this.#meshSlot(host, port ?? 443);
    if (slot !== null) {
      return openMeshTunnel({ context, slot, source: this.#source, stream, head, serveTunnel });
    }
    const tunnel = new EgressTunnel({
      context,
      source: this.#source,
      stream,
      head,
      egress,
      host,
      port: port ?? 443,
    });
    tunnel.begin();
    return tunnel;
  }
}

const refusing = (reason: Reason, detail: string): Frontend => ({
  direction: "outbound",
  service: "",
  port: 0,
  fails: { reason, detail },
  pending: null,
  edit: null,
  gate: null,
  routes: null,
  backend: null,
  backendOf: () => {
    throw new Error("a frontend that refuses has no backend");
  },
  requestTimeoutMs: null,
  budgetOf: null,
  isEdge: false,
});

const noProxyRequest = refusing(
  "bad-request",
  "this is an HTTP proxy: it expects an absolute-form target or CONNECT",
);
const httpsInPlain = refusing("unsupported", "https is asked for by CONNECT, not by absolute-form");

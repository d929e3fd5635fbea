import { Socket } from "node:net";
import {
  checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  getCACertificates,
  type PeerCertificate,
  type SecureContext,
} from "node:tls";
import { type Address, formatAddress } from "../model/address.ts";
import { SocketConnection } from "./socket/connection.ts";
import type { Connection, ConnectionEvents } from "./transport.ts";

/** Authorities whose contexts are kept. */
const contextsMax = 64;

export interface OriginTlsOptions {
  readonly address: Address;
  /** SNI. */
  readonly serverName: string;
  /** PEM of those it trusts; null: the system's. */
  readonly ca: string | null;
  /** Host names and URIs, one of which the certificate must have. */
  readonly names: readonly string[];
  /** The version of HTTP offered; null: none, it is octets. */
  readonly alpn: string | null;
}

/** TLS to a process that proves a name, and to which we prove nothing: not between proxies, but from one to what stands beside it. */
export class OriginTls {
  readonly #contexts = new Map<string | null, SecureContext>();

  /** As `Transport.dial`. A server that chooses no protocol is taken to speak HTTP/1.1 (RFC 7301 §3.2: it may know nothing of ALPN). */
  dial(options: OriginTlsOptions, events: ConnectionEvents): Connection {
    const { address, serverName, names, alpn } = options;
    const socket = new Socket({ allowHalfOpen: true });
    const connection = new SocketConnection(socket, true, events, address);
    const stream = connectTls({
      socket,
      secureContext: this.#contextOf(options.ca),
      servername: serverName,
      ...(alpn === null ? {} : { ALPNProtocols: [alpn] }),
      rejectUnauthorized: false, // what is wrong with it is told below
      checkServerIdentity: (_, certificate) =>
        hasName(certificate, names)
          ? undefined
          : new Error(`its certificate is not of ${names.join(", ")}`),
    });
    stream.on("error", (error) => connection.onError(error));
    stream.once("close", () => socket.destroy());
    socket.once("end", () => {
      if (!stream.authorized && !connection.isClosed) {
        connection.fail({ kind: "reset", detail: "handshake: EOF" });
      }
    });
    stream.once("secureConnect", () => {
      if (connection.isClosed) return;
      if (!stream.authorized) {
        const why = stream.authorizationError as Error | string;
        const detail = `${serverName}: ${typeof why === "string" ? why : why.message}`;
        connection.fail({ kind: "identity-mismatch", detail });
      } else if (alpn === "h2" && stream.alpnProtocol !== "h2") {
        connection.fail({ kind: "misdirected", detail: "the process did not choose h2" });
      } else {
        connection.onReady(stream, null);
      }
    });
    connectTo(socket, connection, address);
    return connection;
  }

  /** Reads the authorities now, a tenth of a second of work for the system's, so that no dial waits for it. */
  prepare(ca: string | null): void {
    this.#contextOf(ca);
  }

  #contextOf(ca: string | null): SecureContext {
    const known = this.#contexts.get(ca);
    if (known !== undefined) return known;
    if (this.#contexts.size >= contextsMax) this.#contexts.clear();
    const context = createSecureContext({ ca: ca ?? systemAuthorities() });
    this.#contexts.set(ca, context);
    return context;
  }
}

/** Where the system has none that can be read, those that Node brings along. */
function systemAuthorities(): string[] {
  const found = getCACertificates("system");
  return found.length > 0 ? found : getCACertificates("default");
}

function connectTo(socket: Socket, connection: SocketConnection, address: Address): void {
  switch (address.kind) {
    case "tcp":
      socket.setNoDelay(true);
      socket.connect({ host: address.host, port: address.port });
      return;
    case "unix":
      socket.connect({ path: address.path });
      return;
    case "vip":
      process.nextTick(() => {
        const detail = `${formatAddress(address)}: a virtual address is not for dialling`;
        connection.fail({ kind: "unreachable", detail });
      });
  }
}

/** Is one of `names` a DNS name of the certificate, wildcards included (RFC 6125 §6.4), or one of its URIs, as it is? */
function hasName(certificate: PeerCertificate, names: readonly string[]): boolean {
  const uris = urisOf(certificate.subjectaltname ?? "");
  return names.some((name) =>
    name.includes(":") ? uris.includes(name) : checkServerIdentity(name, certificate) === undefined,
  );
}

/** `DNS:a.b, URI:spiffe://a/b, URI:"with, a comma"`. */
function urisOf(text: string): readonly string[] {
  return [...text.matchAll(/(?:^|, )URI:("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, value]) =>
    value!.startsWith('"') ? (JSON.parse(value!) as string) : value!,
  );
}

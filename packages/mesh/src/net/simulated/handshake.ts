import { formatAddress } from "../../model/address.ts";
import type { Peer, TlsCredentials } from "../transport.ts";
import type { SimulatedConnection } from "./connection.ts";
import type { SimulatedDial, SimulatedListener } from "./sockets.ts";
import type { SimulatedWorld } from "./world.ts";

export interface HandshakeOptions {
  readonly world: SimulatedWorld;
  readonly dial: SimulatedDial;
  readonly listener: SimulatedListener;
  readonly accepted: SimulatedConnection;
  /** By the dialler's credentials, then by name and address: whose session may be resumed. */
  readonly sessions: WeakMap<TlsCredentials, Map<string, TlsCredentials>>;
}

/**
 * TLS 1.3 as far as a mesh can tell: hello → the acceptor chooses a protocol or refuses → the dialler verifies and opens →
 * the acceptor verifies, a flight later, and takes or refuses what the dialler may have sent on already.
 */
export function handshake(options: HandshakeOptions): void {
  const { world, dial, listener } = options;
  world.travel(dial.process, listener.process, () => hello(options));
}

function hello({ world, dial, listener, accepted, sessions }: HandshakeOptions): void {
  const { connection } = dial;
  const client = dial.options.tls!;
  const server = listener.options.tls!;
  const credentials = server.credentials();
  const alpn = server.selectAlpn(client.serverName, client.alpn);
  if (alpn === null || !client.alpn.includes(alpn)) {
    server.onRefused?.({ kind: "misdirected", detail: "simulated: no application protocol" });
    accepted.close(null);
    world.travel(listener.process, dial.process, () =>
      connection.close({ kind: "misdirected", detail: "simulated: no application protocol" }),
    );
    return;
  }
  const key = `${client.serverName} ${formatAddress(dial.options.address)}`;
  let known = sessions.get(client.credentials);
  if (known === undefined) sessions.set(client.credentials, (known = new Map()));
  const shared = {
    serverName: client.serverName,
    alpn,
    resumed: known.get(key) === credentials,
    channel: Array.from({ length: 4 }, () => word(world.rng.next())).join(""),
  };
  world.travel(listener.process, dial.process, () => {
    if (connection.isClosed) return;
    const verdict = client.verify([label(credentials)]);
    if (!verdict.ok) {
      known.delete(key);
      world.travel(dial.process, listener.process, () => {
        if (accepted.isClosed) return;
        server.onRefused?.({ kind: "reset", detail: "simulated: the dialler hung up" });
        accepted.close(null);
      });
      connection.close({ kind: "identity-mismatch", detail: verdict.detail });
      return;
    }
    // Sent before the dialler's first bytes, so that it arrives before them.
    world.travel(dial.process, listener.process, () =>
      finish({ world, dial, listener, accepted, sessions }, shared, () =>
        known.set(key, credentials),
      ),
    );
    connection.onReady({ id: verdict.id, ...shared });
  });
}

function finish(
  { world, dial, listener, accepted }: HandshakeOptions,
  shared: Omit<Peer, "id">,
  keepSession: () => void,
): void {
  const server = listener.options.tls!;
  if (accepted.isClosed) return;
  const verdict = server.verify([label(dial.options.tls!.credentials)]);
  if (verdict.ok) {
    keepSession();
    accepted.onAccepted({ id: verdict.id, ...shared }, listener.accept);
    return;
  }
  const { detail } = verdict;
  server.onRefused?.({ kind: "identity-mismatch", detail });
  accepted.close(null);
  world.travel(listener.process, dial.process, () =>
    dial.connection.close({ kind: "identity-mismatch", detail: "the peer did not accept us" }),
  );
}

function label(credentials: TlsCredentials): Uint8Array {
  return Buffer.from(credentials.spiffeId, "latin1");
}

function word(value: number): string {
  return value.toString(16).padStart(8, "0");
}

import { readFileSync } from "node:fs";
import { parseProxyMessage } from "@heddle/mesh/discovery/codec.ts";
import { LineConnection } from "@heddle/mesh/discovery/lines.ts";
import { controlAlpn, type Records } from "@heddle/mesh/discovery/protocol.ts";
import { makePeerVerifier } from "@heddle/mesh/identity/verify-peer.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import { toSpiffeId } from "@heddle/mesh/model/identity.ts";
import { SocketTransport } from "@heddle/mesh/net/socket/transport.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import type { Connection } from "@heddle/mesh/net/transport.ts";
import type { Rig } from "../rig/rig.ts";

/** The part of a control plane that takes records: says at once that they are kept, and counts them. */
export class RecordKeeper {
  readonly port: number;
  readonly #close: () => void;
  /** Exchanges that came. */
  kept = 0;

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.#close = close;
  }

  static async open(rig: Rig): Promise<RecordKeeper> {
    const { bundle, control } = rig.certificates();
    const clock = new SystemClock();
    const bundlePem = readFileSync(bundle, "utf8");
    const credentials = {
      generation: 1,
      spiffeId: toSpiffeId(control.spiffeId)!,
      keyPem: readFileSync(control.key, "utf8"),
      chainPem: readFileSync(control.certificate, "utf8"),
      bundlePem,
    };
    const verify = makePeerVerifier({
      bundlePem: () => bundlePem,
      trustDomain: "bench",
      clock,
    });
    const connections = new Set<Connection>();
    const transport = new SocketTransport({ clock });
    const listening = await transport.listen(
      {
        at: tcp("127.0.0.1", 0),
        tls: { credentials: () => credentials, selectAlpn: () => controlAlpn, verify },
      },
      (connection) => {
        connections.add(connection);
        return keeper.#serve(connection, () => connections.delete(connection));
      },
    );
    const { address } = listening;
    if (address.kind !== "tcp") throw new Error("no port");
    const keeper = new RecordKeeper(address.port, () => {
      listening.close();
      for (const connection of connections) connection.reset();
    });
    return keeper;
  }

  close(): void {
    this.#close();
  }

  #serve(connection: Connection, onClose: () => void): LineConnection {
    const line = new LineConnection({
      onOpen: () => {},
      onMessage: (received) => {
        const message = parseProxyMessage(received);
        if (typeof message === "string") throw new Error(message);
        if (message.type === "records") line.send(this.#keep(message));
      },
      onDrain: () => {},
      onClose,
    }).attach(connection);
    return line;
  }

  #keep({ batch }: Records) {
    const { life, store, from, count } = batch;
    this.kept += count;
    return { type: "recorded", life, store, next: from + count };
  }
}

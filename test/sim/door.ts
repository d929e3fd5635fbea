import type { Controller } from "@heddle/control/watch/controller.ts";
import { parseProxyMessage } from "@heddle/mesh/discovery/codec.ts";
import { LineConnection, type LineEvents } from "@heddle/mesh/discovery/lines.ts";
import { controlAlpn, controlServerName } from "@heddle/mesh/discovery/protocol.ts";
import { controlIdentity } from "@heddle/mesh/identity/well-known.ts";
import type { BoundSocket, Connection, Transport } from "@heddle/mesh/net/transport.ts";
import { meshSettings } from "@heddle/mesh/resource/heddle/mesh.ts";
import { diffSnapshots, sameVersion } from "@heddle/mesh/snapshot/diff.ts";
import { Digester } from "@heddle/mesh/snapshot/digest.ts";
import type { Snapshot } from "@heddle/mesh/snapshot/snapshot.ts";
import { labelCredentials, verifyMember } from "./credentials.ts";
import type { Oracle } from "./oracle.ts";

/** Where proxies connect: whole or delta, one at a time, the next after the acknowledgement. */
export class ControlDoor {
  readonly controller: Controller;
  readonly digester = new Digester();
  readonly oracle: Oracle;
  readonly #sessions = new Set<Session>();
  #wholes = 0;
  #deltas = 0;

  constructor(options: {
    readonly controller: Controller;
    readonly transport: Transport;
    readonly socket: BoundSocket;
    readonly oracle: Oracle;
  }) {
    this.controller = options.controller;
    this.oracle = options.oracle;
    const credentials = labelCredentials(controlIdentity(meshSettings(null).trustDomain));
    const tls = {
      credentials: () => credentials,
      selectAlpn: (name: string, offered: readonly string[]) =>
        name === controlServerName && offered.includes(controlAlpn) ? controlAlpn : null,
      verify: verifyMember,
    };
    void options.transport.listen({ at: options.socket, tls }, (connection) =>
      this.#accept(connection),
    );
  }

  get sent(): { readonly wholes: number; readonly deltas: number } {
    return { wholes: this.#wholes, deltas: this.#deltas };
  }

  /** Tells every proxy what is new to it. */
  push(): void {
    for (const session of this.#sessions) session.push();
  }

  count(isWhole: boolean): void {
    if (isWhole) this.#wholes++;
    else this.#deltas++;
  }

  forget(session: Session): void {
    this.#sessions.delete(session);
  }

  #accept(connection: Connection): LineConnection {
    const session = new Session(this);
    this.#sessions.add(session);
    return session.line.attach(connection);
  }
}

class Session implements LineEvents {
  readonly line = new LineConnection(this);
  readonly #door: ControlDoor;
  #uid: string | null = null;
  /** What the proxy has, by its own word. */
  #known: Snapshot | null = null;
  #sent: Snapshot | null = null;

  constructor(door: ControlDoor) {
    this.#door = door;
  }

  push(): void {
    if (this.#uid === null || this.#sent !== null) return;
    const { controller, digester } = this.#door;
    const snapshot = controller.snapshotFor(this.#uid);
    if (snapshot === null) return;
    if (this.#known !== null && sameVersion(snapshot, this.#known)) return;
    const delta = diffSnapshots(this.#known, snapshot, digester);
    this.#door.count(delta.base === null);
    this.#sent = snapshot;
    this.line.send({ type: "delta", delta });
  }

  onOpen(): void {}

  onMessage(received: unknown): void {
    const message = parseProxyMessage(received);
    const { controller, oracle, digester } = this.#door;
    if (typeof message === "string") {
      oracle.violate(`control was sent a malformed message: ${message}`);
      return;
    }
    switch (message.type) {
      case "hello": {
        this.#uid = message.workloadUid;
        controller.setConnected(this.#uid, true);
        controller.want(this.#uid, message.wants);
        const now = controller.snapshotFor(this.#uid);
        const isCurrent =
          now !== null &&
          message.version !== null &&
          sameVersion(message.version, now) &&
          message.digest === digester.digest(now.documents);
        this.#known = isCurrent ? now : null;
        this.#sent = null;
        if (isCurrent) controller.acknowledged(this.#uid, now, new Map());
        else this.push();
        return;
      }
      case "want":
        if (this.#uid !== null && controller.want(this.#uid, message.services)) this.push();
        return;
      case "ack":
        if (this.#uid === null || this.#sent === null || !sameVersion(this.#sent, message)) return;
        this.#known = this.#sent;
        this.#sent = null;
        if (digester.digest(this.#known.documents) !== message.digest) {
          oracle.violate(`${this.#uid} acknowledged another digest than it was sent`);
        }
        controller.acknowledged(this.#uid, this.#known, new Map());
        this.push();
        return;
      case "nack":
        oracle.violate(`${this.#uid} refused ${message.document}: ${message.errors.join("; ")}`);
        return;
      default:
        return;
    }
  }

  onDrain(): void {}

  onClose(): void {
    this.#door.forget(this);
    if (this.#uid !== null) this.#door.controller.setConnected(this.#uid, false);
  }
}

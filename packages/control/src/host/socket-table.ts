import type { SocketSpec } from "./link.ts";

/** A socket that is bound and does not listen: whoever it is passed to does that. */
export interface HeldSocket {
  readonly port: number;
  /** What `child_process` passes along with a message. */
  readonly handle: unknown;
  close(): void;
}

/** Binds a socket, of TCP where nothing is said. @throws with the operating system's words where it cannot. */
export type Bind = (host: string, port: number, protocol?: "tcp" | "udp") => HeldSocket;

/**
 * The listening sockets of the mesh, bound once and held here for as long as they are wanted, so that whoever serves
 * one may die and come back without one refused connection.
 */
export class SocketTable {
  readonly #bind: Bind;
  readonly #held = new Map<string, Held>();
  readonly #failed = new Map<string, string>();

  constructor(bind: Bind) {
    this.#bind = bind;
  }

  /** Binds what is named and not held, lets go what is not named. Returns the names bound just now. */
  apply(specs: readonly SocketSpec[]): readonly string[] {
    const named = new Map(specs.map((spec) => [spec.name, spec]));
    for (const [name, held] of this.#held) {
      const spec = named.get(name);
      if (spec !== undefined && isSame(spec, held)) continue;
      held.socket.close();
      this.#held.delete(name);
    }
    this.#failed.clear();
    const bound: string[] = [];
    for (const spec of named.values()) {
      if (this.#held.has(spec.name)) continue;
      try {
        this.#held.set(spec.name, {
          socket: this.#bind(spec.host, spec.port, spec.protocol),
          spec,
        });
        bound.push(spec.name);
      } catch (error) {
        this.#failed.set(spec.name, explain(spec, error as NodeJS.ErrnoException));
      }
    }
    return bound;
  }

  get(name: string): HeldSocket | null {
    return this.#held.get(name)?.socket ?? null;
  }

  /** Why `name` could not be bound, or null. */
  failure(name: string): string | null {
    return this.#failed.get(name) ?? null;
  }

  get names(): readonly string[] {
    return [...this.#held.keys()];
  }

  get ports(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#held].map(([name, held]) => [name, held.socket.port]));
  }

  get failed(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#failed);
  }

  close(): void {
    for (const held of this.#held.values()) held.socket.close();
    this.#held.clear();
  }
}

interface Held {
  readonly socket: HeldSocket;
  readonly spec: SocketSpec;
}

function isSame(spec: SocketSpec, held: Held): boolean {
  if (spec.host !== held.spec.host || spec.protocol !== held.spec.protocol) return false;
  return spec.port === held.spec.port || spec.port === held.socket.port;
}

function explain({ host, port }: SocketSpec, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case "EADDRINUSE":
      return `${host}:${port} is taken by another program`;
    case "EACCES":
      return `${host}:${port} may not be bound by this user`;
    case "EADDRNOTAVAIL":
      return `${host} is no address of this machine`;
    default:
      return `${host}:${port}: ${message}`;
  }
}

import type { Log } from "../base/log.ts";
import { type Address, formatAddress } from "../model/address.ts";
import type { ListenerDoc } from "../model/document.ts";
import type {
  Accept,
  BoundSocket,
  Listening,
  TlsListenOptions,
  Transport,
} from "../net/transport.ts";

/** Where listening sockets come from. */
export interface SocketSource {
  /**
   * The socket the supervisor bound under `name`; `bind` where there is no supervisor and the address is ours to bind;
   * `later` where it has not been passed yet: `Listeners.reconcile` is called again when it has.
   */
  take(name: string): BoundSocket | "bind" | "later";
  /** Was one passed under `name` that is not taken yet? */
  isWaiting(name: string): boolean;
}

/** Without a supervisor every address is bound here. */
export const bindsItself: SocketSource = { take: () => "bind", isWaiting: () => false };

/** A listener as it should be. */
export interface WantedListener {
  readonly doc: ListenerDoc;
  readonly tls: TlsListenOptions | null;
  readonly accept: Accept;
}

interface OpenListener {
  readonly address: Address;
  /** Replaced with the documents; the socket stays. */
  wanted: WantedListener;
  listening: Listening | null;
  /** By the supervisor: its name says which it is, whatever address a document of an earlier life gives it. */
  readonly isPassed: boolean;
  isClosed: boolean;
}

/** The sockets a workload listens on. They change only with names and addresses, never with what is behind them. */
export class Listeners {
  readonly #transport: Transport;
  readonly #sockets: SocketSource;
  readonly #log: Log;
  readonly #open = new Map<string, OpenListener>();
  #wanted: readonly WantedListener[] = [];
  #opening = 0;
  #whenOpen: (() => void)[] = [];

  constructor(transport: Transport, sockets: SocketSource, log: Log) {
    this.#transport = transport;
    this.#sockets = sockets;
    this.#log = log;
  }

  /** Really listened on, by name. */
  addresses(): ReadonlyMap<string, Address> {
    const addresses = new Map<string, Address>();
    for (const [name, { listening }] of this.#open) {
      if (listening !== null) addresses.set(name, listening.address);
    }
    return addresses;
  }

  /** Names of listeners that should be open and are not. */
  missing(): readonly string[] {
    return this.#wanted
      .map(({ doc }) => doc.name)
      .filter((name) => (this.#open.get(name)?.listening ?? null) === null);
  }

  /** Opens what is new, closes what is gone. */
  reconcile(wanted: readonly WantedListener[]): void {
    this.#wanted = wanted;
    const names = new Set(wanted.map(({ doc }) => doc.name));
    for (const [name, open] of this.#open) if (!names.has(name)) this.#close(name, open);
    for (const listener of wanted) {
      const open = this.#open.get(listener.doc.name);
      if (open !== undefined && this.#isStill(open, listener.doc)) {
        open.wanted = listener;
        continue;
      }
      if (open !== undefined) this.#close(listener.doc.name, open);
      this.#start(listener);
    }
  }

  /** A socket was passed: opens the listeners that waited for it. */
  retry(): void {
    this.reconcile(this.#wanted);
  }

  /** Fulfilled when no listener is being opened. */
  settled(): Promise<void> {
    if (this.#opening === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenOpen.push(resolve));
  }

  /** Stops accepting everywhere. */
  closeAll(): void {
    for (const [name, open] of this.#open) this.#close(name, open);
    this.#wanted = [];
  }

  #start(wanted: WantedListener): void {
    const { name, address } = wanted.doc;
    const socket = this.#sockets.take(name);
    if (socket === "later") return;
    const isPassed = socket !== "bind";
    const open: OpenListener = { address, wanted, listening: null, isPassed, isClosed: false };
    this.#open.set(name, open);
    this.#opening++;
    // A listener's TLS options read what is current at each handshake; only whether it has TLS is fixed.
    const accept: Accept = (connection) => open.wanted.accept(connection);
    const at = socket === "bind" ? address : socket;
    this.#transport.listen({ at, tls: wanted.tls }, accept).then(
      (listening) => {
        open.listening = listening;
        if (open.isClosed) void listening.close();
        this.#settle();
      },
      (cause: Error) => {
        if (this.#open.get(name) === open) this.#open.delete(name);
        this.#log.error(
          { listener: name, address: formatAddress(address), cause: cause.message },
          "cannot listen",
        );
        this.#settle();
      },
    );
  }

  #isStill(open: OpenListener, { name, address }: ListenerDoc): boolean {
    return open.isPassed ? !this.#sockets.isWaiting(name) : sameAddress(open.address, address);
  }

  #settle(): void {
    this.#opening--;
    if (this.#opening > 0) return;
    for (const resolve of this.#whenOpen.splice(0)) resolve();
  }

  #close(name: string, open: OpenListener): void {
    this.#open.delete(name);
    open.isClosed = true;
    if (open.listening !== null) void open.listening.close();
  }
}

function sameAddress(a: Address, b: Address): boolean {
  return formatAddress(a) === formatAddress(b);
}

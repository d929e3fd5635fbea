import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";

export interface LoadOptions {
  readonly url: string;
  readonly requestsPerSecond: number;
  readonly connections: number;
  /** What to send next. */
  readonly next: () => {
    readonly method: string;
    readonly path: string;
    readonly body: string | null;
  };
  /** What must come; null: right, else what is wrong. */
  readonly judge: (
    sent: { readonly method: string; readonly path: string },
    got: Answer,
  ) => string | null;
}

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly reason: string | null;
  readonly headers: IncomingHttpHeaders;
}

export interface LoadTally {
  sent: number;
  answered: number;
  /** Idempotent requests that the client sent once more because their connection broke (RFC 9110 §9.2.2). */
  replayed: number;
  /** Requests of which nothing is known: not idempotent, sent, connection broken. */
  lost: number;
  /** Everything else that was not as it must be, by what it was. */
  readonly wrong: Map<string, number>;
}

const idempotent = new Set(["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]);

/** A client of its own at a fixed rate (open loop), which behaves as HTTP clients do. */
export class Load {
  readonly #options: LoadOptions;
  readonly #agent: Agent;
  readonly tally: LoadTally = { sent: 0, answered: 0, replayed: 0, lost: 0, wrong: new Map() };
  #isRunning = true;
  #inFlight = 0;
  #onIdle: (() => void) | null = null;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections });
    const started = performance.now();
    let due = 0;
    const timer = setInterval(() => {
      const wanted = ((performance.now() - started) / 1000) * options.requestsPerSecond;
      // Never more than a second's work waits: a stalled server is seen as such, not as memory.
      while (this.#isRunning && due < wanted && this.#inFlight < options.requestsPerSecond) {
        due++;
        this.#send(options.next(), false);
      }
      if (!this.#isRunning) clearInterval(timer);
    }, 2);
  }

  /** Stops sending and waits for what is in flight. */
  async stop(): Promise<LoadTally> {
    this.#isRunning = false;
    if (this.#inFlight > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
    this.#agent.destroy();
    return this.tally;
  }

  #send(sent: ReturnType<LoadOptions["next"]>, isReplay: boolean): void {
    if (!isReplay) {
      this.#inFlight++;
      this.tally.sent++;
    }
    const headers = sent.body === null ? {} : { "content-length": Buffer.byteLength(sent.body) };
    const call = request(`${this.#options.url}${sent.path}`, {
      method: sent.method,
      headers,
      // A replay takes a connection of its own: another idle one may have died with the first.
      agent: isReplay ? false : this.#agent,
      timeout: 30_000,
    });
    let response: IncomingMessage | null = null;
    let isOver = false;
    const fail = (what: string) => {
      if (isOver) return;
      isOver = true;
      if (response === null && idempotent.has(sent.method) && !isReplay) {
        this.tally.replayed++;
        this.#send(sent, true);
        return;
      }
      if (response === null && !idempotent.has(sent.method)) this.tally.lost++;
      else this.#wrong(`${sent.method}: ${what}`);
      this.#done();
    };
    call.on("response", (got) => {
      response = got;
      let body = "";
      got.setEncoding("utf8");
      got.on("data", (text: string) => (body += text));
      got.on("error", (error) => fail(`cut: ${error.message}`));
      got.on("end", () => {
        if (isOver) return;
        isOver = true;
        this.tally.answered++;
        const reason = got.headers["x-heddle-reason"];
        const answer: Answer = {
          status: got.statusCode ?? 0,
          body,
          reason: typeof reason === "string" ? reason : null,
          headers: got.headers,
        };
        const problem = this.#options.judge(sent, answer);
        if (problem !== null) this.#wrong(problem);
        this.#done();
      });
    });
    call.on("timeout", () => call.destroy(new Error("no answer within 30 s")));
    call.on("error", (error) => fail(error.message));
    call.end(sent.body ?? undefined);
  }

  #wrong(what: string): void {
    this.tally.wrong.set(what, (this.tally.wrong.get(what) ?? 0) + 1);
  }

  #done(): void {
    this.#inFlight--;
    if (this.#inFlight === 0) this.#onIdle?.();
  }
}

import { Agent } from "node:http";
import { type Answer, type Ask, type CallAnswer, type Caller, send } from "./echo-client.ts";

/** Has a captured process ask: its name for a service leads it through its proxy, and nothing tells it so. */
export class CapturedClient implements Caller {
  readonly #port: number;
  readonly #agent = new Agent({ keepAlive: true });

  /** @param port where the process takes what it is to ask */
  constructor(port: number) {
    this.#port = port;
  }

  ask(url: string, ask: Ask = {}): Promise<Answer> {
    return this.#order({ url, ask });
  }

  call(
    service: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<CallAnswer> {
    return this.#order({ service, path, headers });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #order<Got>(order: object): Promise<Got> {
    const { status, body } = await send({
      host: "127.0.0.1",
      port: this.#port,
      path: "/",
      method: "POST",
      headers: {},
      agent: this.#agent,
      body: JSON.stringify(order),
    });
    if (status !== 200) throw new Error(body);
    return JSON.parse(body) as Got;
  }
}

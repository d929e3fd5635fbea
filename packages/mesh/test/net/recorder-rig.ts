import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { EndpointName } from "@heddle/mesh/history/event.ts";
import { type Address, formatAddress, tcp } from "@heddle/mesh/model/address.ts";
import type { ContractDoc } from "@heddle/mesh/model/document.ts";
import type { RequestHead } from "@heddle/mesh/model/head.ts";
import type { RequestHandler, RequestSink, ServerStream } from "@heddle/mesh/net/codec.ts";
import { Caller } from "@heddle/mesh/net/http1/caller.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import { Http1Server } from "@heddle/mesh/net/http1/server.ts";
import { PlainReplyHead } from "@heddle/mesh/net/plain-head.ts";
import { EndpointRecorder, type RecordedService } from "@heddle/mesh/net/recorder.ts";
import type { Listening, Transport } from "@heddle/mesh/net/transport.ts";

/** The key-value service's Contract, as proxies have it. */
export const kvsDoc: ContractDoc = {
  name: "default/kvs",
  operations: [
    {
      name: "get",
      takes: ["k"],
      changes: false,
      method: "GET",
      path: [{ parameter: "k", type: "integer" }],
      query: [],
      fields: [],
      body: null,
      gives: "opaque",
      ok: [200],
      refused: [],
    },
    {
      name: "put",
      takes: ["k", "v"],
      changes: true,
      method: "PUT",
      path: [{ parameter: "k", type: "integer" }],
      query: [],
      fields: [],
      body: { parameter: "v", type: "opaque" },
      gives: null,
      ok: [201],
      refused: [503],
    },
  ],
  key: "k",
  keyShare: 1,
  values: "clear",
  hashKey: "00".repeat(16),
  valueBytesMax: 4096,
  callerField: null,
};

export const kvsService: RecordedService = { name: "default/kvs:80", contract: kvsDoc };

export function recorder(endpoint: EndpointName, clock: Clock, keptBytesMax?: number) {
  return new EndpointRecorder({
    endpoint,
    clock,
    epoch: "1",
    serviceAt: () => kvsService,
    ...(keptBytesMax === undefined ? {} : { keptBytesMax }),
  });
}

/** The slide's process on our own codec: get and put. `onAsked` sees each request before it is answered. */
export class KvsProcess implements RequestHandler {
  readonly #values: Map<string, string>;
  readonly #context: Http1Context;
  listening: Listening | null = null;
  onAsked: (path: string) => void = () => {};
  /** Paths whose requests are never answered. */
  readonly silent = new Set<string>();

  /** @param values what it keeps from before, by path */
  constructor(clock: Clock, values: Iterable<readonly [path: string, value: string]> = []) {
    this.#values = new Map(values);
    this.#context = new Http1Context({ clock });
  }

  /** All that it keeps is gone. */
  forget(): void {
    this.#values.clear();
  }

  async listen(transport: Transport, host = "127.0.0.1"): Promise<Address> {
    const at = tcp(host, 0);
    this.listening = await transport.listen(
      { at, tls: null },
      (connection) => new Http1Server(this.#context, connection, this),
    );
    return this.listening.address;
  }

  onRequest(stream: ServerStream, head: RequestHead): RequestSink {
    const pieces: string[] = [];
    const { method, path } = head;
    return {
      onRequestBody: (bytes, start, end) => pieces.push(bytes.toString("utf8", start, end)),
      onRequestEnd: () => {
        this.onAsked(path);
        if (this.silent.has(path)) return;
        if (method === "PUT") this.#values.set(path, pieces.join(""));
        const body = Buffer.from(method === "PUT" ? "" : (this.#values.get(path) ?? ""));
        stream.sendHead(new PlainReplyHead(method === "PUT" ? 201 : 200), body.length);
        stream.sendBody(body, 0, body.length);
        stream.sendEnd(null);
      },
      onRequestFailed() {},
      onWritable() {},
    };
  }

  onBadRequest(): void {}
  onConnectionClose(): void {}
}

export function openCaller(
  transport: Transport,
  options: { readonly clock: Clock; readonly address: Address; readonly name: EndpointName },
) {
  const { clock, address, name } = options;
  const own = recorder(name, clock);
  const context = new Http1Context({ clock, via: null });
  const caller = new Caller({ transport, context, recorder: own, address, authority: "kvs" });
  return { caller, recorder: own, at: formatAddress(address) };
}

import { formatGrpcTimeout, grpcStatusOf, isGrpc, parseGrpcTimeout } from "../model/grpc.ts";
import type { Fields, RequestHead } from "../model/head.ts";
import type { HttpProtocol } from "../model/protocol.ts";
import type { ExchangeRecord } from "../telemetry/record.ts";

/** What gRPC says of an exchange besides HTTP. HTTP/1.1 has no calls: only HTTP/2 pays for looking. */
export class GrpcCall {
  /** How long the caller waits for all of it, from its beginning, in ms; null: it has not said. */
  readonly timeoutMs: number | null;

  private constructor(timeoutMs: number | null) {
    this.timeoutMs = timeoutMs;
  }

  /** Null: it is none. */
  static of(head: RequestHead, protocol: HttpProtocol): GrpcCall | null {
    if (protocol !== "h2" || !isGrpc(head.get("content-type"))) return null;
    const text = head.get("grpc-timeout");
    return new GrpcCall(text === null ? null : parseGrpcTimeout(text));
  }

  /** What a reply's head or trailers say of its end. */
  note(fields: Fields, record: ExchangeRecord): void {
    const status = grpcStatusOf(fields);
    if (status >= 0) record.grpcStatus = status;
  }

  /** The next hop has only what is left of the caller's time. */
  shrink(head: RequestHead, spentMs: number): void {
    const { timeoutMs } = this;
    if (timeoutMs !== null && spentMs > 0) {
      head.set("grpc-timeout", formatGrpcTimeout(timeoutMs - spentMs));
    }
  }
}

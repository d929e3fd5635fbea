import { encodeGrpcMessage, isGrpc } from "../model/grpc.ts";
import type { Fields, ReplyHead, RequestHead } from "../model/head.ts";
import { type Reason, reasonField, reasonRow, reasonSaid } from "../model/reason.ts";
import type { ServerStream } from "../net/codec.ts";
import { PlainFields, PlainReplyHead } from "../net/plain-head.ts";
import type { Turn } from "./context.ts";

/** A whole reply made by the proxy. */
export interface OwnReply {
  readonly head: ReplyHead;
  readonly body: Buffer;
}

/** What a reply says in place of its reason's row. */
export interface FailureStatus {
  readonly status: number;
  readonly grpcStatus: number;
}

/** What a reply without a body carries. */
export const noBody = Buffer.alloc(0);

/**
 * The reply that tells the caller of `reason`: the only place where a failure becomes a message. A caller that speaks
 * gRPC gets its status as trailers-only (gRPC over HTTP2, "Responses").
 * @param detail for the caller's eyes; null where the caller is outside the mesh
 * @param more fields, whatever its caller speaks; null: none
 * @param instead of what the reason's row says; null: that
 */
export function failureReply(
  reason: Reason,
  detail: string | null,
  request: RequestHead,
  wallMs: number,
  more: readonly (readonly [name: string, value: string])[] | null = null,
  instead: FailureStatus | null = null,
): OwnReply {
  const row = reasonRow(reason);
  const [status, grpcStatus] = [instead?.status ?? row.status, instead?.grpcStatus ?? row.grpc];
  const date = new Date(wallMs).toUTCString();
  if (isGrpc(request.get("content-type"))) {
    const head = new PlainReplyHead(200, [
      ["date", date],
      ["content-type", "application/grpc"],
      ...grpcFailureFields(reason, detail, grpcStatus),
      ...(more ?? []),
    ]);
    return { head, body: noBody };
  }
  const text = detail === null || detail === "" ? `${reason}\n` : `${reason}: ${detail}\n`;
  const head = new PlainReplyHead(status, [
    ["date", date],
    ["content-type", "text/plain; charset=utf-8"],
    [reasonField, reason],
    ...(more ?? []),
  ]);
  return { head, body: Buffer.from(text) };
}

/** What of a peer's refusal its caller outside the mesh is to know besides: when to come back, and what the limits are. */
export function outsideFields(
  head: ReplyHead,
): readonly (readonly [name: string, value: string])[] {
  const fields: (readonly [string, string])[] = [];
  head.each((name, value) => {
    if (name === "retry-after" || name.startsWith("ratelimit")) fields.push([name, value]);
  });
  return fields;
}

/** Sends it whole: a head that has left before its end is known is no trailers-only of gRPC. */
export function sendReply(stream: ServerStream, { head, body }: OwnReply, turn: Turn): void {
  turn.enter();
  stream.sendHead(head, body.length);
  if (body.length > 0) stream.sendBody(body, 0, body.length);
  stream.sendEnd(null);
  turn.leave();
}

/**
 * The reason a peer's proxy gave for a reply it made, or null where its application answered.
 * @param isFromPeer else no proxy is behind it, and an application does not speak for one: the field is removed
 */
export function takePeerReason(head: ReplyHead, isFromPeer: boolean): Reason | null {
  if (isFromPeer) return reasonSaid(head);
  head.remove(reasonField);
  return null;
}

/**
 * What a reply that was cut off is to its caller: a stream that was reset is INTERNAL (gRPC over HTTP2, "Errors"). UNAVAILABLE would
 * ask the caller to send again what has been answered in part.
 */
export function grpcStatusOfCut(reason: Reason): number {
  return reason === "reset" ? 13 : reasonRow(reason).grpc;
}

/** What ends such a reply. */
export function grpcCutTrailers(reason: Reason, detail: string | null): Fields {
  return new PlainFields(grpcFailureFields(reason, detail, grpcStatusOfCut(reason)));
}

/** The fields by which a caller of gRPC learns of `reason`, in a head or behind a body (gRPC over HTTP2, "Responses"). */
function grpcFailureFields(
  reason: Reason,
  detail: string | null,
  status: number,
): [string, string][] {
  const message = detail === null || detail === "" ? reason : `${reason}: ${detail}`;
  return [
    ["grpc-status", String(status)],
    ["grpc-message", encodeGrpcMessage(message)],
    [reasonField, reason],
  ];
}

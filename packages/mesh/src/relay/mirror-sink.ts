import type { MirrorDoc } from "../model/document.ts";
import type { RequestHead } from "../model/head.ts";
import type { ServerStream } from "../net/codec.ts";
import type { Frontend, Source } from "./frontend.ts";
import type { RequestBody } from "./request-body.ts";

/** Sends copies of requests to other services, where it is their turn. Nobody waits for it. */
export interface MirrorSink {
  /** @param head as it is forwarded; copied at once @param body nothing of it was passed on yet */
  copy(
    docs: readonly MirrorDoc[],
    frontend: Frontend,
    source: Source,
    stream: ServerStream,
    head: RequestHead,
    body: RequestBody,
  ): void;
}

/**
 * One exchange as a state machine. Every input in every state is written down; `relay.ts` does what the cell says.
 *
 * ```
 *                   ┌────────── retry ───────────┬─ peeking ─┐
 *                   ▼                            │           ▼
 *  start ───────▶ choosing ─▶ connecting ─▶ asking ─▶ answering ────────────▶ over
 *    └▶ delaying ───▲  │            │         │  └─▶ tunnelling ─▶ parting ──▶ ▲
 *          └───────────┴────────────┴─────────┴────────────┴──────────┴────────┘  a failure is answered, or cuts the reply
 *
 * A retry that its policy has wait is delayed as well. Hedges, attempts beside the one that is going on, exist while it asks, or
 * while one of them that took its place connects; the first reply's head ends all others.
 * ```
 */
export interface State {
  readonly phase:
    | "delaying"
    | "choosing"
    | "connecting"
    | "asking"
    | "peeking"
    | "answering"
    | "tunnelling"
    | "parting"
    | "over";

  // From the client.
  /** Octets of the request's body. `hold`: keep them, nobody can take them yet. */
  readonly requestBody: "hold" | "pass" | "ignore";
  /** `half`: passed on, and the tunnel is over when the other side has ended as well. `part`: the same, but it was said already. */
  readonly requestEnd: "hold" | "pass" | "half" | "part" | "ignore";
  /** The client is gone or broke the framing. */
  readonly clientGone: "abandon" | "ignore";
  /** The client takes octets again. */
  readonly clientWritable: "resume" | "ignore";

  // From the backend and the pool.
  readonly endpoint: "pick" | "never";
  readonly noEndpoint: "fail" | "never";
  readonly session: "ask" | "never";
  readonly noSession: "judge" | "never";

  // From the server, for the present attempt; those of earlier attempts never get here.
  readonly interim: "pass" | "never";
  readonly replyHead: "answer" | "never";
  /** `open`: it is not a reply that failed, so its head goes to the client first. */
  readonly replyBody: "pass" | "open" | "ignore" | "never";
  /** `weigh`: its trailers say whether it failed. */
  readonly replyEnd: "finish" | "weigh" | "half" | "part" | "never";
  /** `judge`: a retry decides. `cut`: the client has part of the reply and must see that it is not whole. */
  readonly replyFailed: "judge" | "cut" | "never";
  readonly serverWritable: "resume" | "ignore";

  // From the clock, and from us.
  /** A fault, or the pause before a retry, has held the request back for long enough. */
  readonly delayOver: "go" | "never";
  readonly timeout: "fail" | "cut" | "ignore";
}

/** A fault holds the request back, or the pause before a retry; nothing is chosen. */
export const delaying: State = {
  phase: "delaying",
  requestBody: "hold",
  requestEnd: "hold",
  clientGone: "abandon",
  clientWritable: "ignore",
  endpoint: "never",
  noEndpoint: "never",
  session: "never",
  noSession: "never",
  interim: "never",
  replyHead: "never",
  replyBody: "never",
  replyEnd: "never",
  replyFailed: "never",
  serverWritable: "ignore",
  delayOver: "go",
  timeout: "fail",
};

/** No endpoint is chosen: none can be had yet. */
export const choosing: State = {
  phase: "choosing",
  requestBody: "hold",
  requestEnd: "hold",
  clientGone: "abandon",
  clientWritable: "ignore",
  endpoint: "pick",
  noEndpoint: "fail",
  session: "never",
  noSession: "never",
  interim: "never",
  replyHead: "never",
  replyBody: "never",
  replyEnd: "never",
  replyFailed: "never",
  serverWritable: "ignore",
  delayOver: "never",
  timeout: "fail",
};

/** An endpoint is chosen; a connection to it is being opened. */
export const connecting: State = {
  phase: "connecting",
  requestBody: "hold",
  requestEnd: "hold",
  clientGone: "abandon",
  clientWritable: "ignore",
  endpoint: "never",
  noEndpoint: "never",
  session: "ask",
  noSession: "judge",
  interim: "never",
  replyHead: "never",
  replyBody: "never",
  replyEnd: "never",
  replyFailed: "never",
  serverWritable: "ignore",
  delayOver: "never",
  timeout: "fail",
};

/** The request is on its way; the client has seen nothing of a final reply. */
export const asking: State = {
  phase: "asking",
  requestBody: "pass",
  requestEnd: "pass",
  clientGone: "abandon",
  clientWritable: "ignore",
  endpoint: "never",
  noEndpoint: "never",
  session: "never",
  noSession: "never",
  interim: "pass",
  replyHead: "answer",
  replyBody: "never",
  replyEnd: "never",
  replyFailed: "judge",
  serverWritable: "resume",
  delayOver: "never",
  timeout: "fail",
};

/** A call's reply has begun, and the client has seen nothing of it: what follows says whether it is one that failed. */
export const peeking: State = {
  phase: "peeking",
  requestBody: "pass",
  requestEnd: "pass",
  clientGone: "abandon",
  clientWritable: "ignore",
  endpoint: "never",
  noEndpoint: "never",
  session: "never",
  noSession: "never",
  interim: "never",
  replyHead: "never",
  replyBody: "open",
  replyEnd: "weigh",
  replyFailed: "judge",
  serverWritable: "resume",
  delayOver: "never",
  timeout: "fail",
};

/** The reply's head has gone to the client; the request's body may still be coming. */
export const answering: State = {
  phase: "answering",
  requestBody: "pass",
  requestEnd: "pass",
  clientGone: "abandon",
  clientWritable: "resume",
  endpoint: "never",
  noEndpoint: "never",
  session: "never",
  noSession: "never",
  interim: "never",
  replyHead: "never",
  replyBody: "pass",
  replyEnd: "finish",
  replyFailed: "cut",
  serverWritable: "resume",
  delayOver: "never",
  timeout: "cut",
};

/** A tunnel was granted: octets go both ways until both sides have ended. */
export const tunnelling: State = {
  phase: "tunnelling",
  requestBody: "pass",
  requestEnd: "half",
  clientGone: "abandon",
  clientWritable: "resume",
  endpoint: "never",
  noEndpoint: "never",
  session: "never",
  noSession: "never",
  interim: "never",
  replyHead: "never",
  replyBody: "pass",
  replyEnd: "half",
  replyFailed: "cut",
  serverWritable: "resume",
  delayOver: "never",
  timeout: "cut",
};

/** The proxy ends, and nothing moved in the tunnel: both sides were told that it has ended, and have yet to say the same. */
export const parting: State = {
  phase: "parting",
  requestBody: "ignore",
  requestEnd: "part",
  clientGone: "abandon",
  clientWritable: "ignore",
  endpoint: "never",
  noEndpoint: "never",
  session: "never",
  noSession: "never",
  interim: "never",
  replyHead: "never",
  replyBody: "ignore",
  replyEnd: "part",
  replyFailed: "cut",
  serverWritable: "ignore",
  delayOver: "never",
  timeout: "cut",
};

/** The reply is complete or the exchange has failed; the record is written. What the client still sends is dropped. */
export const over: State = {
  phase: "over",
  requestBody: "ignore",
  requestEnd: "ignore",
  clientGone: "ignore",
  clientWritable: "ignore",
  endpoint: "never",
  noEndpoint: "never",
  session: "never",
  noSession: "never",
  interim: "never",
  replyHead: "never",
  replyBody: "never",
  replyEnd: "never",
  replyFailed: "never",
  serverWritable: "ignore",
  delayOver: "never",
  timeout: "ignore",
};

/** The whole table, for the model check. */
export const states: readonly State[] = [
  delaying,
  choosing,
  connecting,
  asking,
  peeking,
  answering,
  tunnelling,
  parting,
  over,
];

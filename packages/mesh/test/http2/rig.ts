import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { Http2Client } from "@heddle/mesh/net/http2/client.ts";
import { Http2Context } from "@heddle/mesh/net/http2/context.ts";
import { defaultHttp2Limits, type Http2Limits } from "@heddle/mesh/net/http2/limits.ts";
import { Http2Server, type Http2ServerOptions } from "@heddle/mesh/net/http2/server.ts";
import type { LimitName } from "@heddle/mesh/net/limit.ts";
import { PlainReplyHead, PlainRequestHead } from "@heddle/mesh/net/plain-head.ts";
import { RecordedReply, type RecordedRequest, RecordingHandler } from "../http1/recorders.ts";
import { ScriptedConnection } from "../http1/scripted-connection.ts";
import { Peer, preface, settings, settingsAck } from "./peer.ts";

function open(limits: Partial<Http2Limits>) {
  const clock = new VirtualClock();
  const met: LimitName[] = [];
  const onLimit = (limit: LimitName) => void met.push(limit);
  const context = new Http2Context({
    clock,
    onLimit,
    limits: { ...defaultHttp2Limits, ...limits },
  });
  const connection = new ScriptedConnection();
  const peer = new Peer();
  const send = (...frames: readonly Buffer[]) => {
    connection.deliver(Buffer.concat(frames).toString("latin1"));
  };
  /** What the codec has written since. */
  const written = () => peer.read(connection.output);
  return { clock, met, context, connection, peer, send, written };
}

export type ServerRig = ReturnType<typeof openServer>;

/** A server codec whose client and handler are the test; the prefaces have been exchanged. */
export function openServer(
  limits: Partial<Http2Limits> = {},
  options: Http2ServerOptions = {},
  isGreeted = true,
) {
  const rig = open(limits);
  const handler = new RecordingHandler();
  const server = new Http2Server(rig.context, rig.connection, handler, options);
  rig.connection.events = server;
  if (isGreeted) {
    rig.send(preface, settings(), settingsAck);
    rig.written();
  }
  return { ...rig, handler, server };
}

/** A client codec whose server is the test; its SETTINGS have come. */
export function openClient(
  limits: Partial<Http2Limits> = {},
  ...theirs: readonly (readonly [id: number, value: number])[]
) {
  const rig = open(limits);
  const owned = { opens: 0, exchangeEnds: 0, capacities: 0, closes: 0 };
  const client = new Http2Client(rig.context, {
    onOpen: () => void owned.opens++,
    onExchangeEnd: () => void owned.exchangeEnds++,
    onCapacity: () => void owned.capacities++,
    onClose: () => void owned.closes++,
  });
  client.attach(rig.connection);
  rig.connection.events = client;
  client.onOpen();
  rig.send(settings(...theirs), settingsAck);
  rig.written();
  const start = () => {
    const reply = new RecordedReply();
    return { reply, stream: client.start(reply) };
  };
  /** Starts a GET and sends it whole. */
  const ask = (method = "GET") => {
    const started = start();
    started.stream.sendHead(new PlainRequestHead({ method, path: "/", authority: "kvs" }), 0);
    started.stream.sendEnd(null);
    return started;
  };
  return { ...rig, client, owned, start, ask };
}

/** Answers in one go. */
export function answer({ stream }: RecordedRequest, body = "hello", status = 200): void {
  const bytes = Buffer.from(body, "latin1");
  stream.sendHead(new PlainReplyHead(status), bytes.length);
  stream.sendBody(bytes, 0, bytes.length);
  stream.sendEnd(null);
}

import { VirtualClock } from "@heddle/mesh/base/virtual-clock.ts";
import { Http1Client } from "@heddle/mesh/net/http1/client.ts";
import { Http1Context } from "@heddle/mesh/net/http1/context.ts";
import type { Http1Limits } from "@heddle/mesh/net/http1/limits.ts";
import { Http1Server, type Http1ServerOptions } from "@heddle/mesh/net/http1/server.ts";
import { TinyRelay } from "../support/tiny-relay.ts";
import { RecordedReply, RecordingHandler } from "./recorders.ts";
import { ScriptedConnection } from "./scripted-connection.ts";

/** A server codec whose client and handler are the test. */
export function openServer(options: Http1ServerOptions & { limits?: Http1Limits } = {}) {
  const clock = new VirtualClock();
  const { limits } = options;
  const context = new Http1Context(limits === undefined ? { clock } : { clock, limits });
  const connection = new ScriptedConnection();
  const handler = new RecordingHandler();
  const server = new Http1Server(context, connection, handler, options);
  connection.events = server;
  return { clock, context, connection, handler, server };
}

/** A client codec whose server is the test. */
export function openClient(limits?: Http1Limits) {
  const clock = new VirtualClock();
  const context = new Http1Context(limits === undefined ? { clock } : { clock, limits });
  const connection = new ScriptedConnection();
  const owned = { opens: 0, exchangeEnds: 0, closes: 0 };
  const client = new Http1Client(context, {
    onOpen: () => void owned.opens++,
    onExchangeEnd: () => void owned.exchangeEnds++,
    onClose: () => void owned.closes++,
  });
  client.attach(connection);
  connection.events = client;
  client.onOpen();
  const start = () => {
    const reply = new RecordedReply();
    return { reply, stream: client.start(reply) };
  };
  return { clock, context, connection, client, owned, start };
}

/** Server and client joined by a TinyRelay: `down` is the caller, `up` the called. */
export function openRelay(options: Http1ServerOptions & { limits?: Http1Limits } = {}) {
  const clock = new VirtualClock();
  const { limits } = options;
  const context = new Http1Context(limits === undefined ? { clock } : { clock, limits });
  const down = new ScriptedConnection();
  const up = new ScriptedConnection();
  const client = new Http1Client(context, { onOpen() {}, onExchangeEnd() {}, onClose() {} });
  client.attach(up);
  up.events = client;
  client.onOpen();
  const relay = new TinyRelay(client);
  const server = new Http1Server(context, down, relay, options);
  down.events = server;
  return { clock, context, down, up, client, server, relay };
}

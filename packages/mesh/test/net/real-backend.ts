import { tcp } from "../../src/model/address.ts";
import type { Transport } from "../../src/net/transport.ts";
import type { Backend } from "./transport-suite.ts";

/** A back end over the loopback interface. */
export function realBackend(
  makeTransport: () => Transport,
  claims: Pick<Backend, "bulkBytes" | "tellsCutOff" | "shakesHands">,
): Backend {
  return {
    dialler: makeTransport(),
    acceptor: makeTransport(),
    at: tcp("127.0.0.1", 0),
    nowhere: tcp("127.0.0.1", 1), // tcpmux: nobody listens there
    later: (callback) => setImmediate(callback),
    run: (promise) => promise,
    ...claims,
  };
}

import type { ServiceDefinition } from "@grpc/grpc-js";

/** A gRPC service whose messages are octets as they are: all four kinds of call, and one that never ends. */
export const echoService = {
  unary: method("unary", false, false),
  down: method("down", false, true),
  up: method("up", true, false),
  both: method("both", true, true),
  fail: method("fail", false, false),
  hang: method("hang", false, false),
  /** How many calls of `hang` were cancelled so far, in decimal. */
  cancelled: method("cancelled", false, false),
} satisfies ServiceDefinition;

function method(name: string, requestStream: boolean, responseStream: boolean) {
  const asIs = (bytes: Buffer): Buffer => bytes;
  return {
    path: `/heddle.test.Echo/${name}`,
    requestStream,
    responseStream,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  };
}

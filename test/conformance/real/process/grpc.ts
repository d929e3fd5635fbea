/** A gRPC process by `@grpc/grpc-js`. */
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerReadableStream,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from "@grpc/grpc-js";
import { echoService } from "../echo-service.ts";

let cancelled = 0;
const server = new Server({ "grpc.max_receive_message_length": -1 });
type Reply = sendUnaryData<Buffer>;
server.addService(echoService, {
  unary: (call: ServerUnaryCall<Buffer, Buffer>, reply: Reply) => reply(null, call.request),
  down: (call: ServerWritableStream<Buffer, Buffer>) => {
    for (let at = 0; at < 100; at++) call.write(Buffer.from(`${call.request} ${at}`));
    call.end();
  },
  up: (call: ServerReadableStream<Buffer, Buffer>, reply: Reply) => {
    let count = 0;
    call.on("data", (bytes: Buffer) => {
      count += bytes.length;
    });
    call.once("end", () => reply(null, Buffer.from(String(count))));
  },
  both: (call: ServerDuplexStream<Buffer, Buffer>) => {
    call.on("data", (bytes: Buffer) => call.write(bytes));
    call.once("end", () => call.end());
  },
  fail: (_call: ServerUnaryCall<Buffer, Buffer>, reply: Reply) => {
    const metadata = new Metadata();
    metadata.set("x-why", "a test");
    reply({ code: status.FAILED_PRECONDITION, details: "nicht heute: ✗", metadata });
  },
  hang: (call: ServerUnaryCall<Buffer, Buffer>) => {
    call.once("cancelled", () => cancelled++);
  },
  cancelled: (_call: ServerUnaryCall<Buffer, Buffer>, reply: Reply) =>
    reply(null, Buffer.from(String(cancelled))),
});
server.bindAsync(
  `127.0.0.1:${process.env["PORT"]}`,
  ServerCredentials.createInsecure(),
  (error) => {
    if (error !== null) throw error;
  },
);

import { setTimeout as sleep } from "node:timers/promises";
import type {
  ClientDuplexStream,
  ClientReadableStream,
  ClientUnaryCall,
  ClientWritableStream,
  ServiceError,
} from "@grpc/grpc-js";
import {
  type Client,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  status,
} from "@grpc/grpc-js";
import { echoService } from "../echo-service.ts";
import { equal } from "../equal.ts";
import type { RealCase } from "../real-case.ts";
import type { RealMesh } from "../real-mesh.ts";

type Answer = (error: ServiceError | null, reply?: Buffer) => void;

interface EchoClient extends Client {
  unary(bytes: Buffer, answer: Answer): ClientUnaryCall;
  down(bytes: Buffer): ClientReadableStream<Buffer>;
  up(answer: Answer): ClientWritableStream<Buffer>;
  both(): ClientDuplexStream<Buffer, Buffer>;
  fail(bytes: Buffer, answer: Answer): ClientUnaryCall;
  hang(
    bytes: Buffer,
    metadata: Metadata,
    options: { deadline?: number },
    answer: Answer,
  ): ClientUnaryCall;
  cancelled(bytes: Buffer, answer: Answer): ClientUnaryCall;
}

const EchoClient = makeGenericClientConstructor(echoService, "Echo") as unknown as new (
  ...args: ConstructorParameters<typeof Client>
) => EchoClient;
const empty = Buffer.alloc(0);

export const grpcCases: readonly RealCase[] = [
  {
    name: "grpc-js: unary, small and of 8 MB",
    run: (mesh) =>
      withClient(mesh, async (client) => {
        equal(String(await unary(client, Buffer.from("hello"))), "hello", "reply");
        const large = Buffer.alloc(8 << 20, "heddle!");
        equal((await unary(client, large)).equals(large), true, "8 MB and back");
      }),
  },
  {
    name: "grpc-js: server streaming",
    run: (mesh) =>
      withClient(mesh, async (client) => {
        const got: string[] = [];
        const call = client.down(Buffer.from("n"));
        for await (const bytes of call) got.push(String(bytes));
        equal(got.length, 100, "messages");
        equal(got[99], "n 99", "the last");
      }),
  },
  {
    name: "grpc-js: client streaming",
    run: (mesh) =>
      withClient(mesh, async (client) => {
        const reply = await new Promise<Buffer>((resolve, reject) => {
          const call = client.up((error, bytes) =>
            error === null ? resolve(bytes!) : reject(error),
          );
          for (let at = 0; at < 100; at++) call.write(Buffer.alloc(1000));
          call.end();
        });
        equal(String(reply), "100000", "octets that came");
      }),
  },
  {
    name: "grpc-js: both ways, one message after the other",
    run: (mesh) =>
      withClient(mesh, async (client) => {
        const call = client.both();
        let at = 0;
        call.write(Buffer.from("0"));
        for await (const bytes of call) {
          equal(String(bytes), String(at), "message");
          if (++at === 50) call.end();
          else call.write(Buffer.from(String(at)));
        }
        equal(at, 50, "messages");
      }),
  },
  {
    name: "grpc-js: status, message and trailers of the process",
    run: (mesh) =>
      withClient(mesh, async (client) => {
        const error = await new Promise<ServiceError | null>((resolve) => {
          client.fail(empty, resolve);
        });
        equal(error?.code, status.FAILED_PRECONDITION, "code");
        equal(error?.details, "nicht heute: ✗", "message");
        equal(error?.metadata.get("x-why")[0], "a test", "trailer");
      }),
  },
  {
    name: "grpc-js: a deadline ends the call on both sides",
    run: (mesh) =>
      withClient(mesh, async (client) => {
        const before = await countCancelled(client);
        const error = await new Promise<ServiceError | null>((resolve) => {
          client.hang(empty, new Metadata(), { deadline: Date.now() + 200 }, resolve);
        });
        equal(error?.code, status.DEADLINE_EXCEEDED, "code");
        await untilCancelled(client, before + 1);
      }),
  },
  {
    name: "grpc-js: a call that is cancelled is cancelled at the process",
    run: (mesh) =>
      withClient(mesh, async (client) => {
        const before = await countCancelled(client);
        const error = await new Promise<ServiceError | null>((resolve) => {
          const call = client.hang(empty, new Metadata(), {}, resolve);
          setTimeout(() => call.cancel(), 100);
        });
        equal(error?.code, status.CANCELLED, "code");
        await untilCancelled(client, before + 1);
      }),
  },
];

async function withClient(
  mesh: RealMesh,
  use: (client: EchoClient) => Promise<void>,
): Promise<void> {
  const client = new EchoClient(`127.0.0.1:${mesh.portOf("grpc")}`, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.enable_retries": 0,
  });
  try {
    await use(client);
  } finally {
    client.close();
  }
}

function unary(client: EchoClient, bytes: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.unary(bytes, (error, reply) => (error === null ? resolve(reply!) : reject(error)));
  });
}

function countCancelled(client: EchoClient): Promise<number> {
  return new Promise((resolve, reject) => {
    client.cancelled(empty, (error, reply) =>
      error === null ? resolve(Number(reply)) : reject(error),
    );
  });
}

/** The process is told a little later than the client is. */
async function untilCancelled(client: EchoClient, wanted: number): Promise<void> {
  for (let tries = 0; tries < 40; tries++) {
    if ((await countCancelled(client)) >= wanted) return;
    await sleep(50);
  }
  throw new Error("the process was not told within 2 s");
}

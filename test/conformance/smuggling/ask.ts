import { request as requestHttp1 } from "node:http";
import { connect } from "node:http2";

/** A reply as a library read it; `isWhole` false: it was cut off, or there was none. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly isWhole: boolean;
}

const none: Reply = { status: 0, body: "", isWhole: false };

/** Asks by node:http, on a connection of its own. */
export function askHttp1(port: number, path: string): Promise<Reply> {
  return new Promise((resolve) => {
    const asking = requestHttp1({ port, host: "127.0.0.1", path, agent: false }, (reply) => {
      let body = "";
      reply.setEncoding("latin1").on("data", (text: string) => {
        body += text;
      });
      reply.on("error", () => {});
      reply.once("close", () =>
        resolve({ status: reply.statusCode ?? 0, body, isWhole: reply.complete }),
      );
    });
    asking.setTimeout(5000, () => asking.destroy());
    asking.once("error", () => resolve(none));
    asking.end();
  });
}

/** Asks by node:http2, on a connection of its own. */
export function askHttp2(port: number, path: string): Promise<Reply> {
  return new Promise((resolve) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const done = (reply: Reply): void => {
      session.destroy();
      resolve(reply);
    };
    session.once("error", () => done(none));
    const stream = session.request({ ":path": path });
    let status = 0;
    let body = "";
    let hasEnded = false;
    stream.setTimeout(5000, () => done(none));
    stream.on("response", (head) => {
      status = head[":status"] ?? 0;
    });
    stream.setEncoding("latin1").on("data", (text: string) => {
      body += text;
    });
    stream.once("end", () => {
      hasEnded = true;
    });
    stream.once("error", () => {});
    stream.once("close", () =>
      done({ status, body, isWhole: hasEnded && stream.rstCode === 0 && status !== 0 }),
    );
  });
}

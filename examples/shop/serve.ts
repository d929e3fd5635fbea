import { createServer, type RequestListener } from "node:http";

/** Which workload this is. */
export const workload: string = process.env["HEDDLE_WORKLOAD"]?.split(".")[0] ?? "nobody";

/** Listens on $PORT until SIGTERM. */
export function serve(onRequest: RequestListener): void {
  const server = createServer(onRequest);
  server.listen(Number(process.env["PORT"]), "127.0.0.1");
  process.once("SIGTERM", () => server.close());
}

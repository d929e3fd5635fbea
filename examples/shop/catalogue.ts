/**
 * What there is to buy, in two versions, which is the argument. `/items` tells it; `/slow/<ms>` does so later, `/flaky` answers 503 every
 * other time, `/broken` always. The port `lines` tells who it is to whoever connects, and nothing more.
 */
import { createServer } from "node:net";
import { serve, workload } from "./serve.ts";

const version = process.argv[2] ?? "v1";
const items = version === "v1" ? "loom, reed, heddle" : "loom 900, reed 80, heddle 7";
let asked = 0;

serve((request, response) => {
  const [, what, argument] = (request.url ?? "/").split("?")[0]!.split("/");
  const isBroken = what === "broken" || (what === "flaky" && ++asked % 2 === 1);
  const answer = (): void => {
    response.statusCode = isBroken ? 503 : 200;
    response.end(
      isBroken ? `${version} is out of order\n` : `${version} from ${workload}: ${items}\n`,
    );
  };
  if (what === "slow") setTimeout(answer, Number(argument ?? 0));
  else answer();
});

const lines = createServer((socket) => {
  socket.on("error", () => {});
  socket.end(`${version} of the catalogue, ${workload}\n`);
});
lines.listen(Number(process.env["PORT_LINES"]), "127.0.0.1");
process.once("SIGTERM", () => lines.close());

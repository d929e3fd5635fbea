import { ExampleMesh } from "../support/mesh.ts";
import { Load } from "./load.ts";
import type { Outcome } from "./outcome.ts";

const keys = 2500;

/** F5, E2: three processes of at most 1000 keys hold 2,500 together, and each key is read back. */
export async function holdManyKeys(): Promise<Outcome> {
  const mesh = await ExampleMesh.start();
  try {
    const put = await pass(mesh.url, "PUT");
    const get = await pass(mesh.url, "GET");
    return {
      holds: put === 0 && get === 0,
      figures: { "keys put": keys - put, "keys read back": keys - get },
    };
  } finally {
    await mesh.stop();
  }
}

/** Every key once; how many went wrong. */
async function pass(url: string, method: "PUT" | "GET"): Promise<number> {
  let key = 0;
  const load = new Load({
    url,
    requestsPerSecond: 1000,
    connections: 16,
    next: () => {
      key++;
      return { method, path: `/kvs/${key}`, body: method === "PUT" ? `value ${key}` : null };
    },
    judge: (sent, got) => {
      if (Number(sent.path.slice(5)) > keys) return null;
      const isRight =
        method === "PUT"
          ? got.status === 201
          : got.status === 200 && got.body === `value ${sent.path.slice(5)}`;
      return isRight ? null : `${method} ${sent.path}: ${got.status} ${got.reason ?? got.body}`;
    },
  });
  while (key < keys) await new Promise((resolve) => setTimeout(resolve, 5));
  const tally = await load.stop();
  for (const [what, count] of [...tally.wrong].slice(0, 10))
    console.error(`    ${what} × ${count}`);
  return [...tally.wrong.values()].reduce((sum, count) => sum + count, 0);
}

/**
 * Somebody who uses the site: asks recommendation four times a second about one of 100 ids, now and then tells it what
 * goes with one, and every two minutes asks kvs for key 0. Seeded (`SEED`, default 1), so that two runs ask the same.
 */
const recommendation = process.env["RECOMMENDATION_SERVICE_URL"] ?? "http://recommendation";
const kvs = process.env["KVS_SERVICE_URL"] ?? "http://kvs";
const idCount = 100;
/** One request in so many is a PUT. */
const putEvery = 8;

/** Whole numbers below `bound`, the same for the same seed (Steele, Lea, Flood: SplitMix, 32 bits of it). */
function seeded(seed: number): (bound: number) => number {
  let state = seed | 0;
  return (bound) => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) % bound;
  };
}

const below = seeded(Number(process.env["SEED"] ?? 1));
/** What was last told of each host: only a change is worth a line. */
const outcomes = new Map<string, string>();

async function ask(url: string, init: RequestInit = {}): Promise<void> {
  let outcome: string;
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
    await answer.arrayBuffer();
    outcome = answer.ok ? "answers" : `answers ${answer.status}`;
  } catch (error) {
    const { cause, message } = error as Error;
    outcome = `does not answer: ${cause instanceof Error ? cause.message : message}`;
  }
  const { host } = new URL(url);
  if (outcomes.get(host) !== outcome) process.stdout.write(`${host} ${outcome}\n`);
  outcomes.set(host, outcome);
}

function visit(): void {
  const id = below(idCount);
  if (below(putEvery) > 0) {
    void ask(`${recommendation}/${id}`);
    return;
  }
  const ids = Array.from({ length: 1 + below(4) }, () => below(idCount));
  void ask(`${recommendation}/${id}`, { method: "PUT", body: JSON.stringify(ids) });
}

const timers = [setInterval(visit, 250), setInterval(() => void ask(`${kvs}/0`), 120_000)];

const end = () => {
  for (const timer of timers) clearInterval(timer);
  process.exit(0);
};
process.on("SIGTERM", end);
process.on("SIGINT", end);

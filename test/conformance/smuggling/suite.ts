import { ProxyPair } from "../rig/proxy-pair.ts";
import type { Rig } from "../rig/rig.ts";
import type { CaseResult, Suite } from "../suite.ts";
import { askHttp1, askHttp2, type Reply } from "./ask.ts";
import { type Seen, sendHttp2, sendOctets } from "./clients.ts";
import { http2Vectors } from "./http2-vectors.ts";
import { type RecordingOrigin, startHttp1Origin, startHttp2Origin } from "./recording-origin.ts";
import { replyVectors } from "./reply-vectors.ts";
import { http1Vectors } from "./request-vectors.ts";

/**
 * Smuggling over real sockets through two proxies: a process that records what reaches it counts, and sees one request of each
 * vector, or none. All from both versions of HTTP to both, and back.
 */
export const smugglingSuites: readonly Suite[] = [
  {
    name: "smuggling-h1-h1",
    title: "smuggling vectors of HTTP/1.1, HTTP/1.1 process",
    run: (rig) => runHttp1(rig, "http1"),
  },
  {
    name: "smuggling-h1-h2",
    title: "smuggling vectors of HTTP/1.1, HTTP/2 process",
    run: (rig) => runHttp1(rig, "h2c"),
  },
  {
    name: "smuggling-h2-h1",
    title: "smuggling vectors of HTTP/2, HTTP/1.1 process",
    run: (rig) => runHttp2(rig, "http1"),
  },
  {
    name: "smuggling-h2-h2",
    title: "smuggling vectors of HTTP/2, HTTP/2 process",
    run: (rig) => runHttp2(rig, "h2c"),
  },
  {
    name: "smuggling-replies-h1",
    title: "replies that lie about their end, HTTP/1.1 client",
    run: (rig) => runReplies(rig, askHttp1),
  },
  {
    name: "smuggling-replies-h2",
    title: "replies that lie about their end, HTTP/2 client",
    run: (rig) => runReplies(rig, askHttp2),
  },
];

type Behind = "http1" | "h2c";

async function open(
  rig: Rig,
  behind: Behind,
): Promise<{ readonly origin: RecordingOrigin; readonly port: number }> {
  const origin =
    behind === "http1" ? await startHttp1Origin(rig, replyOf) : await startHttp2Origin(rig);
  const service = { name: "origin", protocol: behind, target: origin.port };
  const pair = await ProxyPair.start(rig, [service]);
  return { origin, port: pair.portOf("origin") };
}

async function runHttp1(rig: Rig, behind: Behind): Promise<readonly CaseResult[]> {
  const { origin, port } = await open(rig, behind);
  const results: CaseResult[] = [];
  for (const { name, octets, reaches } of http1Vectors) {
    origin.reset();
    const seen = await sendOctets(port, octets, reaches === "refused");
    const why = objectTo(origin, reaches) ?? objectToReply(seen, reaches);
    results.push(judge(name, why === null ? null : `${why}; the client saw ${brief(seen.text)}`));
  }
  return results;
}

async function runHttp2(rig: Rig, behind: Behind): Promise<readonly CaseResult[]> {
  const { origin, port } = await open(rig, behind);
  const results: CaseResult[] = [];
  for (const vector of http2Vectors) {
    origin.reset();
    const seen = await sendHttp2(port, vector);
    const said =
      !seen.isEnded || (vector.reaches === "one" && !seen.text.startsWith("HEADERS"))
        ? "no answer"
        : null;
    const why = objectTo(origin, vector.reaches) ?? said;
    results.push(judge(vector.name, why === null ? null : `${why}; the client saw ${seen.text}`));
  }
  return results;
}

async function runReplies(
  rig: Rig,
  ask: (port: number, path: string) => Promise<Reply>,
): Promise<readonly CaseResult[]> {
  const { port } = await open(rig, "http1");
  const results: CaseResult[] = [];
  for (const [at, { name, gives }] of replyVectors.entries()) {
    const reply = await ask(port, `/reply/${at}`);
    const next = await ask(port, "/next");
    let why: string | null = null;
    if (gives === "bad" && reply.isWhole && reply.status < 500) why = "it was taken for a reply";
    if (gives === "one" && (!reply.isWhole || reply.status >= 300)) why = "it was not forwarded";
    if (reply.body.includes("smuggled")) why = "octets behind it were forwarded";
    if (next.status !== 200 || next.body !== "ok") why = "the next request got another's reply";
    results.push(judge(name, why === null ? null : `${why}: ${JSON.stringify({ reply, next })}`));
  }
  return results;
}

/** What the process says to `/reply/<n>`. */
function replyOf(path: string): string | null {
  const at = /^\/reply\/(\d+)$/.exec(path)?.[1];
  return at === undefined ? null : replyVectors[Number(at)]!.octets;
}

/** What has reached the process that should not, or the other way round. */
function objectTo(origin: RecordingOrigin, reaches: "refused" | "one"): string | null {
  const { heads, whole, rest } = origin.arrivals();
  const all = heads.join(", ");
  if (all.includes("smuggled")) return `smuggled: ${all}`;
  if (reaches === "refused" && whole > 0) return `${whole} requests reached the process: ${all}`;
  if (reaches === "refused" && heads.length > 1) return `heads reached the process: ${all}`;
  if (reaches === "one" && (whole !== 1 || heads.length !== 1))
    return `${whole} requests reached the process, ${heads.length} heads: ${all}`;
  return reaches === "one" && rest !== "" ? `octets behind it: ${brief(rest)}` : null;
}

function objectToReply({ text, isEnded }: Seen, reaches: "refused" | "one"): string | null {
  const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]));
  if (reaches === "one")
    return statuses.length === 1 && statuses[0] === 200 ? null : "not one reply";
  if (statuses.length !== 1) return `${statuses.length} replies`;
  if (statuses[0]! < 400) return "it was not refused";
  return isEnded ? null : "its connection was not closed";
}

function judge(name: string, why: string | null): CaseResult {
  return { name, verdict: why === null ? "passed" : "failed", detail: why ?? "" };
}

function brief(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}

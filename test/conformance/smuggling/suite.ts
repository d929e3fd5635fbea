import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
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
  if (behind === "http1")
    results.push(await tryEarlyReply(origin, port), await tryUpgrade(origin, port));
  return results;
}

const inner = "GET /smuggled HTTP/1.1\r\nHost: kvs\r\n\r\n";

/** 0.CL: the process answers before it has read the body; what then comes as body is nobody's request, nor eats one. */
async function tryEarlyReply(origin: RecordingOrigin, port: number): Promise<CaseResult> {
  origin.reset();
  const fields = `Host: kvs\r\nContent-Length: ${inner.length + 40}\r\n\r\n`;
  const seen = await sendOctets(port, `POST /early HTTP/1.1\r\n${fields}${inner}`, true);
  const next = await askHttp1(port, "/next");
  const { heads } = origin.arrivals();
  let why: string | null = null;
  if (heads.join() !== "POST /early HTTP/1.1,GET /next HTTP/1.1")
    why = `there came ${heads.join()}`;
  if (!seen.text.startsWith("HTTP/1.1 200 ")) why = `the client saw ${brief(seen.text)}`;
  if (next.body !== "ok") why = "the next request has no answer";
  return judge("0.CL: a reply before the body", why);
}

/** What is behind an Upgrade that the process does not grant is octets of no protocol. */
async function tryUpgrade(origin: RecordingOrigin, port: number): Promise<CaseResult> {
  origin.reset();
  const head = "GET /outer HTTP/1.1\r\nHost: kvs\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";
  const seen = await sendOctets(port, head + inner, false);
  const why = objectTo(origin, "one") ?? objectToReply(seen, "one");
  return judge("an Upgrade that is not granted, and a request behind it", why);
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
  const first = await ask(port, "/late");
  await sleep(100); // so that it comes while the connection lies idle
  const next = await ask(port, "/next");
  const isRight = first.body === "ok" && next.body === "ok";
  results.push(
    judge("octets on an idle connection", isRight ? null : JSON.stringify({ first, next })),
  );
  return results;
}

/** What the process says to `/reply/<n>`; to `/late` the usual, and once more when nobody asks. */
function replyOf(path: string, socket: Socket): string | null {
  if (path === "/late") {
    const reply = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled";
    setTimeout(() => socket.write(reply), 20);
    return null;
  }
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

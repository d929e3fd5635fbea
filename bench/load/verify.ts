import { makePattern, patternPeriod } from "../rig/pattern.ts";
import { Exchanges } from "./exchange.ts";
import { type Heads, heads } from "./heads.ts";

/** What one answer weighs on the wire through a subject, or null where it varies. */
export type WireBytes = Readonly<Record<Heads, number | null>>;

const uploadBytes = 200_000;
const repeats = 4;

/** Asks a subject for all the origin can do and compares every byte. Run between rounds, beside no load.
 *  Throws with what was wrong. */
export async function verify(port: number): Promise<WireBytes> {
  const exchanges = await Exchanges.open(port);
  try {
    const seen: Record<Heads, Set<number>> = { small: new Set(), ten: new Set() };
    for (let turn = 0; turn < repeats; turn++) {
      for (const shape of ["small", "ten"] as const) {
        const answer = await exchanges.ask(requestOf(shape, heads[shape].path));
        expectOk(answer.statusLine, heads[shape].path);
        if (!answer.body.equals(fixedBody)) throw new Error(`GET ${heads[shape].path}: wrong body`);
        seen[shape].add(answer.wireBytes);
      }
    }
    await verifyEcho(exchanges);
    await verifyUpload(exchanges);
    if (exchanges.surplus > 0) throw new Error(`${exchanges.surplus} bytes after the last answer`);
    const only = (sizes: Set<number>): number | null => (sizes.size === 1 ? [...sizes][0]! : null);
    return { small: only(seen.small), ten: only(seen.ten) };
  } finally {
    exchanges.close();
  }
}

const fixedBody = Buffer.from(Array.from({ length: 1024 }, (_, index) => 97 + (index % 26)));

function requestOf(shape: Heads, path: string): string {
  const fields = heads[shape].fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `GET ${path} HTTP/1.1\r\nhost: origin.bench\r\n${fields}\r\n`;
}

function expectOk(statusLine: string, path: string): void {
  if (statusLine !== "HTTP/1.1 200 OK") throw new Error(`${path}: answered "${statusLine}"`);
}

/** Every field sent must reach the origin once, unchanged. */
async function verifyEcho(exchanges: Exchanges): Promise<void> {
  const answer = await exchanges.ask(requestOf("ten", "/echo"));
  expectOk(answer.statusLine, "/echo");
  const lines = answer.body.toString("latin1").split("\r\n");
  for (const [name, value] of heads.ten.fields) {
    const same = lines.filter((line) => line.toLowerCase() === `${name}: ${value}`.toLowerCase());
    if (same.length !== 1) throw new Error(`/echo: field ${name} arrived ${same.length} times`);
  }
}

async function verifyUpload(exchanges: Exchanges): Promise<void> {
  const pattern = makePattern();
  const body = Buffer.alloc(uploadBytes);
  for (let at = 0; at < uploadBytes; at += patternPeriod) pattern.copy(body, at, 0, patternPeriod);
  const head = `PUT /sink HTTP/1.1\r\nhost: origin.bench\r\ncontent-length: ${uploadBytes}\r\n\r\n`;
  const answer = await exchanges.ask(Buffer.concat([Buffer.from(head), body]));
  expectOk(answer.statusLine, "/sink");
  if (answer.body.toString() !== `ok ${uploadBytes}`) throw new Error("/sink: wrong body");
}

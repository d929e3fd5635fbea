import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { Gather } from "@heddle/mesh/net/gather.ts";
import { frameReply, frameRequest } from "@heddle/mesh/net/http1/framing.ts";
import { HeadReader } from "@heddle/mesh/net/http1/head-reader.ts";
import { defaultHttp1Limits } from "@heddle/mesh/net/http1/limits.ts";
import { Http1RequestHead } from "@heddle/mesh/net/http1/request-head.ts";
import { appendReplyHead, appendRequestHead } from "@heddle/mesh/net/http1/serialise.ts";
import { HeadAppender } from "@heddle/mesh/net/http2/head-appender.ts";
import { HpackDecoder } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import { HpackEncoder } from "@heddle/mesh/net/http2/hpack/encoder.ts";
import type { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import { readReplyHead } from "@heddle/mesh/net/http2/read-reply.ts";
import { readRequestHead } from "@heddle/mesh/net/http2/read-request.ts";
import { readFuzzArguments } from "./arguments.ts";
import { readCorpus } from "./http1.ts";
import { InputMaker } from "./http1-inputs.ts";

/**
 * Fuzzes what becomes of heads of HTTP/1.1 in HTTP/2: `node test/fuzz/translate.ts [--count 1000000] [--seed N]`. Whatever the strict
 * reader takes can be sent over HTTP/2, is well-formed there, and comes back to HTTP/1.1 as one head with the same meaning.
 */
export interface TranslateSummary {
  /** Heads that were translated there and back. */
  readonly translated: number;
  /** Those that only HTTP/1.1 has a word for, by the reason of the rules of HTTP/2. */
  readonly untranslatable: Map<string, number>;
  readonly refuted: string | null;
}

/** What HTTP/1.1 may say and HTTP/2 may not; the codec of HTTP/1.1 answers the second itself, the client's the third. */
export const untranslatable: ReadonlySet<string> = new Set([
  "neither :authority nor host",
  "TRACE is not forwarded",
  "an upgrade of another method than GET",
]);

const limits = { targetBytesMax: 20_000, methodBytesMax: 32 };
const unlimited = { tableBytesMax: 4096, listBytesMax: 1e9, fieldsMax: 1e9 };

/** Both directions of one connection, so that tables go on from head to head. */
class Translator {
  readonly #appender = new HeadAppender(null);
  readonly #encoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder(unlimited);
  readonly #out = new Gather();

  section(
    append: (appender: HeadAppender, encoder: HpackEncoder, out: Gather) => void,
  ): HpackField[] {
    this.#out.length = 0;
    append(this.#appender, this.#encoder, this.#out);
    const fields: HpackField[] = [];
    const fault = this.#decoder.decode(this.#out.bytes, 0, this.#out.length, fields);
    if (fault !== null) throw new Error(fault.detail);
    return fields;
  }

  text(append: (out: Gather) => void): string {
    this.#out.length = 0;
    append(this.#out);
    return this.#out.bytes.toString("latin1", 0, this.#out.length);
  }
}

function readHead(kind: "request" | "reply", text: string): HeadReader | null {
  const reader = new HeadReader(kind, defaultHttp1Limits, null);
  const bytes = Buffer.from(text, "latin1");
  return reader.read(bytes, 0, bytes.length) < 0 ? null : reader;
}

function readRequest(text: string): Http1RequestHead | null {
  const reader = readHead("request", text);
  if (reader === null) return null;
  const head = frameRequest(reader.scanner, reader.copyHead());
  return head instanceof Http1RequestHead ? head : null;
}

function tell(head: Http1RequestHead): string {
  const fields: string[] = [];
  // Connection, Host and TE are each hop's own; an expectation and a length of none may be left out.
  const own =
    /^(connection|host|te|transfer-encoding|content-length|upgrade|keep-alive|proxy-.*|expect|sec-websocket-key)$/;
  let crumbs = -1;
  head.each((name, value) => {
    if (own.test(name)) return;
    if (name !== "cookie") fields.push(`${name}: ${value}`);
    else if (crumbs < 0) crumbs = fields.push(`cookie: ${value}`) - 1;
    else if (value !== "") fields[crumbs] += fields[crumbs] === "cookie: " ? value : `; ${value}`;
  });
  const { method, path, authority, shape } = head;
  const upgrade = head.upgrade?.split(",")[0] ?? null;
  return JSON.stringify([
    method,
    path,
    authority,
    upgrade,
    shape.length,
    shape.wantsTrailers && shape.length !== "tunnel",
    fields,
  ]);
}

/** Null for no request; else what of it cannot be translated, or "" where all is well. Throws where a claim is refuted. */
function translateRequest(translator: Translator, input: string): string | null {
  const head = readRequest(input);
  if (head === null) return null;
  const { length } = head.shape;
  if (head.upgrade !== null && head.method !== "GET")
    return "an upgrade of another method than GET";
  const named = tell(withoutNamed(head));
  const section = translator.section((appender, encoder, out) =>
    appender.request(encoder, out, head, length),
  );
  const read = readRequestHead(section, length === 0, limits);
  if ("reason" in read) return read.detail;
  const text = translator.text((out) => appendRequestHead(out, read, read.length, null));
  const again = readRequest(text);
  if (again === null) throw new Error(`not read again: ${JSON.stringify(text)}`);
  if (tell(again) !== named) throw new Error(`was ${named}\n  is ${tell(again)}`);
  return "";
}

/** What Connection names does not go further. */
function withoutNamed(head: Http1RequestHead): Http1RequestHead {
  const text = new Gather();
  appendRequestHead(text, head, head.shape.length, null);
  return readRequest(text.bytes.toString("latin1", 0, text.length)) ?? head;
}

function translateReply(translator: Translator, input: string): string | null {
  const reader = readHead("reply", input);
  if (reader === null) return null;
  const shape = frameReply(reader.scanner, reader.copyHead(), "GET");
  if ("reason" in shape || shape.head.status === 101) return null;
  const { length, head } = shape;
  const said = typeof length === "number" ? length : null;
  const section = translator.section((appender, encoder, out) =>
    appender.reply(encoder, out, head, said),
  );
  const asked = { method: "GET", isUpgrade: false };
  const read = readReplyHead(section, length === 0 && head.status >= 200, asked);
  if ("reason" in read) throw new Error(`a reply that is ${read.detail}`);
  if (read.status !== head.status) throw new Error(`${head.status} became ${read.status}`);
  const isBodiless = head.status < 200 || head.status === 204 || head.status === 304;
  const isLength = typeof length === "number" ? read.length === length : read.length === "chunked";
  if (!isBodiless && !isLength) throw new Error(`a body of ${length} became ${read.length}`);
  const text = translator.text((out) =>
    appendReplyHead(out, read, { framing: "none", lengthField: "drop", closes: false }),
  );
  if (readHead("reply", text) === null) throw new Error(`not read again: ${JSON.stringify(text)}`);
  return "";
}

/** Runs until `count` inputs were tried or one refutes a claim. */
export function fuzz({ seed, count }: { seed: number; count: number }): TranslateSummary {
  const rng = new SeededRng(seed);
  const inputsOf = (kind: "request" | "reply") => readCorpus(kind).map(({ input }) => input);
  const requests = new InputMaker(rng.fork("requests"), inputsOf("request"));
  const replies = new InputMaker(rng.fork("replies"), inputsOf("reply"));
  const summary = {
    translated: 0,
    untranslatable: new Map<string, number>(),
    refuted: null as string | null,
  };
  const [up, down] = [new Translator(), new Translator()];
  for (let index = 0; index < count && summary.refuted === null; index++) {
    const isReply = index % 3 === 2;
    const input = isReply ? replies.reply() : requests.request();
    try {
      const verdict = isReply ? translateReply(down, input) : translateRequest(up, input);
      if (verdict === "") summary.translated++;
      else if (verdict !== null) {
        summary.untranslatable.set(verdict, (summary.untranslatable.get(verdict) ?? 0) + 1);
        if (!untranslatable.has(verdict))
          throw new Error(`well-formed only to HTTP/1.1: ${verdict}`);
      }
    } catch (error) {
      summary.refuted = `${JSON.stringify(input)}\n  ${(error as Error).message}`;
    }
  }
  return summary;
}

/** The command line: prints the seed, the counts, and what was refuted. */
export function main(): void {
  const { seed, count } = readFuzzArguments();
  console.log(`translate: seed ${seed}, ${count} inputs`);
  const start = performance.now();
  const { translated, untranslatable: without, refuted } = fuzz({ seed, count });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`there and back ${translated}; ${seconds} s`);
  for (const [detail, times] of without) console.log(`  ${String(times).padStart(8)} ${detail}`);
  if (refuted === null) return;
  console.log(`REFUTED ${refuted}`);
  process.exitCode = 1;
}

if (import.meta.main) main();

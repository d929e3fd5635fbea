import { SeededRng } from "@heddle/mesh/base/rng.ts";
import { FIRST_MALFORMED, kindOfField } from "@heddle/mesh/net/http2/field-kinds.ts";
import { HpackDecoder } from "@heddle/mesh/net/http2/hpack/decoder.ts";
import type { HpackField } from "@heddle/mesh/net/http2/hpack/field.ts";
import { LiteralCache } from "@heddle/mesh/net/http2/hpack/literal-cache.ts";
import { readFuzzArguments } from "./arguments.ts";
import { HpackInputs } from "./hpack-inputs.ts";
import { encode, HpackPeer, type Line, unlimited } from "./hpack-peer.ts";

/**
 * Fuzzes HPACK against node:http2, that is nghttp2: `node test/fuzz/hpack.ts [--count 1000000] [--seed N]`. Three claims: what we encode it
 * decodes to the same fields, what it encodes we do, whatever sizes both announce for their tables; and any octets are a block to
 * both or to neither, but for what `stricter` lists.
 */
export interface HpackSummary {
  readonly heads: number;
  readonly blocks: { accepted: number; refused: number; stricter: number };
  readonly refuted: string | null;
}

/** Where we break a block that nghttp2 takes: by our reason, why, and a block that shows it. */
export const stricter: ReadonlyMap<string, { readonly why: string; readonly block: string }> =
  new Map([
    [
      "more than two table size updates",
      { why: "RFC 7541 §4.2 has no use for a third", block: "20 21 22 82 86 84 41036b7673" },
    ],
    [
      "an integer of more than 28 bits",
      {
        why: "longer than anything it could stand for, or written with octets that add nothing",
        block: "3f8080808000 82 86 84 41036b7673",
      },
    ],
  ]);

const HEADS_PER_BATCH = 32;
/** Then the peer is made anew: it counts what it finds odd. */
const BLOCKS_PER_PEER = 300;

/** Runs until `count` heads went each way and `count` blocks were tried, or a claim is refuted. */
export async function fuzz(options: { seed: number; count: number }): Promise<HpackSummary> {
  const rng = new SeededRng(options.seed);
  const literals = new LiteralCache();
  const inputs = new HpackInputs(rng.fork("heads"));
  const summary = {
    heads: 0,
    blocks: { accepted: 0, refused: 0, stricter: 0 },
    refuted: null as string | null,
  };
  let peer = new HpackPeer(literals);
  while (summary.heads < options.count && summary.refuted === null) {
    summary.refuted = await exchangeHeads(peer, inputs);
    summary.heads += HEADS_PER_BATCH;
    if (rng.below(30) > 0) continue;
    peer.close();
    peer = new HpackPeer(literals);
  }
  peer.close();
  const blocks = new HpackInputs(rng.fork("blocks"));
  for (let tried = 0; tried < options.count && summary.refuted === null; ) {
    const pair = new HpackPeer(null);
    const decoder = new HpackDecoder(unlimited, literals);
    for (let at = 0; at < BLOCKS_PER_PEER && tried < options.count; at++) {
      const verdict = await tryBlock(pair, decoder, blocks.block());
      tried++;
      if (verdict.startsWith("REFUTED")) summary.refuted = verdict;
      else summary.blocks[verdict as "accepted"]++;
      if (verdict !== "accepted") break;
    }
    pair.close();
  }
  return summary;
}

/** What is wrong with a batch of heads each way, or null. */
async function exchangeHeads(peer: HpackPeer, inputs: HpackInputs): Promise<string | null> {
  if (inputs.below(4) === 0) await peer.resizeTheirs(inputs.pick([0, 64, 100, 1000, 4096, 65_536]));
  if (inputs.below(8) === 0) await peer.resizeTheirs(inputs.pick([0, 200, 4096]));
  if (inputs.below(4) === 0) await peer.resizeOurs(inputs.pick([0, 64, 100, 1000, 4096]));
  const sent = Array.from({ length: HEADS_PER_BATCH }, () => inputs.request());
  const replies = sent.map(() => inputs.reply());
  const blocks = sent.map((fields) => encode(peer.encoder, fields));
  const cuts = blocks.map((block) => (inputs.below(4) === 0 ? inputs.below(block.length) : 0));
  const got = await peer.exchange(blocks, cuts, (index) => replies[index]!);
  if (peer.isBroken || peer.fault !== null) {
    return `REFUTED: ${peer.fault ?? "COMPRESSION_ERROR"}: ${blocks.map((block) => block.toString("hex")).join(" ")}`;
  }
  if (!peer.isTableKept) return "REFUTED: a table larger than was announced";
  for (const [index, fields] of sent.entries()) {
    const wanted = tellAll(fields);
    const taken = tellAll(got.taken[index] ?? []);
    if (taken !== withNamesSecret(fields)) {
      return `REFUTED: sent ${wanted}\n  they took ${taken}\n  of ${blocks[index]!.toString("hex")}`;
    }
    const answered = tellAll((got.replies[index] ?? []).slice(1));
    const reply = tellAll(replies[index]!);
    if (answered !== reply) return `REFUTED: they sent ${reply}\n  we took ${answered}`;
  }
  return null;
}

/** "accepted", "refused" by both, "stricter" for a reason that the table holds; or how it refutes. */
async function tryBlock(peer: HpackPeer, decoder: HpackDecoder, block: Buffer): Promise<string> {
  const fields: HpackField[] = [];
  const fault = decoder.decode(block, 0, block.length, fields);
  const told = await peer.try(block);
  const hex = block.toString("hex");
  if (peer.fault !== null) return `REFUTED: ${peer.fault} for ${hex}`;
  if (fault !== null) {
    if (told.isBroken) return "refused";
    return stricter.has(fault.detail) ? "stricter" : `REFUTED: only we say ${fault.detail}: ${hex}`;
  }
  if (told.isBroken) return `REFUTED: only they refuse ${hex}`;
  if (told.lines !== null && !areThoseOf(told.lines, fields)) {
    return `REFUTED: they took ${tellAll(told.lines)}, we ${tellAll(fields)}: ${hex}`;
  }
  return "accepted";
}

/** Are `taken` all of `fields` but for some that are no fields of HTTP? node:http2 leaves those out without a word. */
function areThoseOf(taken: readonly Line[], fields: readonly HpackField[]): boolean {
  const isValid = (field: HpackField) => kindOfField(field) < FIRST_MALFORMED;
  const hidden = fields.filter((field) => field.isSensitive && isValid(field));
  const secret = new Set(hidden.map(({ name }) => name));
  let at = 0;
  for (const field of fields) {
    const line = taken[at];
    const isSame = line !== undefined && line.name === field.name && line.value === field.value;
    if (isSame && (line.isSensitive === secret.has(field.name) || !isValid(field))) at++;
    else if (isValid(field)) return false;
  }
  return at === taken.length;
}

function tellAll(lines: readonly Line[]): string {
  return JSON.stringify(lines.map(({ name, value, isSensitive }) => [name, value, isSensitive]));
}

/** node:http2 tells of names, not of fields, that they are never to be indexed. */
function withNamesSecret(fields: readonly Line[]): string {
  const secret = new Set(fields.filter((field) => field.isSensitive).map(({ name }) => name));
  return tellAll(fields.map((field) => ({ ...field, isSensitive: secret.has(field.name) })));
}

/** The command line: prints the seed, the counts, and what was refuted. */
export async function main(): Promise<void> {
  const { seed, count } = readFuzzArguments();
  console.log(`hpack: seed ${seed}, ${count} heads each way, ${count} blocks`);
  const start = performance.now();
  const { heads, blocks, refuted } = await fuzz({ seed, count });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `heads ${heads}; blocks accepted ${blocks.accepted}, refused by both ${blocks.refused}, by us alone ${blocks.stricter}; ${seconds} s`,
  );
  if (refuted === null) return;
  console.log(refuted);
  process.exitCode = 1;
}

if (import.meta.main) await main();

import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { RecordedBatch } from "@heddle/mesh/history/batch.ts";
import { packBatch } from "@heddle/mesh/history/packed-batch.ts";
import { unpackExchanges } from "@heddle/mesh/history/unpack-batch.ts";
import { typical } from "./typical.ts";

/**
 * Deflated at its fastest: exchanges repeat themselves. So that a batch of one has something to repeat, too, it begins as if
 * after `typical`, which is part of the format.
 */
const deflate = { level: 1, dictionary: Buffer.from(typical) } as const;
const inflate = { dictionary: deflate.dictionary } as const;

/** A batch as it lies on disk: all but its octets as JSON, a line feed, the octets; deflated. */
export function toKeptBody(batch: RecordedBatch): Uint8Array {
  const { packed, ...header } = packBatch(batch);
  const text = Buffer.from(`${JSON.stringify(header)}\n`);
  return deflateRawSync(Buffer.concat([text, Buffer.from(packed, "base64")]), deflate);
}

/** @throws where it is none: the file is not what this program wrote */
export function fromKeptBody(body: Uint8Array): RecordedBatch {
  const whole = inflateRawSync(body, inflate);
  const end = whole.indexOf(LINE_FEED);
  const { count, strings, ...header } = JSON.parse(whole.toString("utf8", 0, end)) as Omit<
    ReturnType<typeof packBatch>,
    "packed"
  >;
  const octets = whole.toString("latin1", end + 1);
  const batch = unpackExchanges(header, { count, strings, octets });
  if (typeof batch === "string") throw new Error(`a kept batch: ${batch}`);
  return batch;
}

const LINE_FEED = 0x0a;

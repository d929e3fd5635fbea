import { readFile } from "node:fs/promises";
import { request } from "node:http";
import type { RecordedLine } from "@heddle/mesh/history/batch.ts";
import { parseRecordedBatch, parseRecordedLine } from "@heddle/mesh/history/batch-codec.ts";
import type { RecordedExchange } from "@heddle/mesh/history/exchange.ts";
import { visible } from "@heddle/mesh/history/notation.ts";
import { exits, Fault } from "../render/fault.ts";
import type { Recorded } from "./recorded.ts";

/** A proxy that has not answered within this does not, in ms. */
const socketTimeoutMs = 5000;

/** Recorded lines of files, JSON each. @throws Fault 65 for what is no such file. */
export async function readRecordedFiles(paths: readonly string[]): Promise<Recorded> {
  const lines: RecordedLine[] = [];
  for (const path of paths) lines.push(...parseLines(await textOf(path), path));
  return gather(lines);
}

/** What proxies remember, asked at their admin sockets. @throws Fault where one does not answer. */
export async function readProxySockets(paths: readonly string[]): Promise<Recorded> {
  // All at once: what happens between two answers is in one of them alone.
  const texts = await Promise.all(paths.map(ask));
  return gather(paths.flatMap((path, index) => parseLines(texts[index]!, path)));
}

/** @param name of the file, for what is said of it. @throws Fault 65 with the line's number. */
export function parseLines(text: string, name: string): readonly RecordedLine[] {
  return text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .flatMap((line, index) => {
      if (line.trim() === "") return [];
      const parsed = parseLine(line);
      if (typeof parsed !== "string") return [parsed];
      throw new Fault(exits.badInput, `${name}:${index + 1}: no recorded line: ${parsed}`);
    });
}

function parseLine(line: string): RecordedLine | string {
  let input: unknown;
  try {
    input = JSON.parse(line);
  } catch (error) {
    return visible((error as Error).message);
  }
  const parsed = parseRecordedLine(input);
  if (typeof parsed === "string") return problemOf(input, parsed);
  const odd = namesIn(parsed).find((name) => visible(name) !== name);
  return odd === undefined ? parsed : `control characters in a name: ${visible(odd)}`;
}

/** Of which kind it was meant to be decides what is said of it. */
function problemOf(input: unknown, problem: string): string {
  const fields = typeof input === "object" && input !== null ? input : {};
  if ("batch" in fields) {
    const ofBatch = parseRecordedBatch(fields.batch);
    return typeof ofBatch === "string" ? visible(ofBatch) : visible(problem);
  }
  if ("start" in fields || "complete" in fields) return visible(problem);
  return "expected an object with batch, start or complete";
}

/** What is shown as it is. A file may come from anywhere, and nothing in it may move a reader's cursor. */
function namesIn(line: RecordedLine): readonly string[] {
  if ("complete" in line) return [line.complete.boot];
  if ("start" in line) return [...Object.values(line.start.workload), line.start.boot];
  const { workload, life, boot, exchanges } = line.batch;
  const ofExchange = ({ front, attempts, operation, method, service, backend }: RecordedExchange) =>
    [
      ...[method, service, backend, front.connection, front.source, front.own, front.caller],
      ...attempts.flatMap((to) => [to.endpoint, to.target, to.connection, to.own]),
      ...(operation === null ? [] : [operation.contract, operation.name]),
    ].filter((name) => name !== null);
  return [...Object.values(workload), life, boot, ...exchanges.flatMap(ofExchange)];
}

function gather(lines: readonly RecordedLine[]): Recorded {
  return {
    batches: lines.flatMap((line) => ("batch" in line ? [line.batch] : [])),
    starts: lines.flatMap((line) => ("start" in line ? [line.start] : [])),
    complete: lines.findLast((line) => "complete" in line)?.complete ?? null,
  };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const words = new Map([
      ["ENOENT", "there is no such file"],
      ["EISDIR", "it is a folder"],
    ]);
    const why = words.get(code ?? "") ?? message;
    throw new Fault(exits.badInput, `${path}: ${why}`);
  }
}

function ask(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      reject(new Fault(exits.no, `${socketPath}: ${why}`, "it is admin.sock in a proxy's folder"));
    };
    const sent = request({ socketPath, path: "/history", timeout: socketTimeoutMs }, (reply) => {
      let text = "";
      reply.setEncoding("utf8").on("data", (piece: string) => {
        text += piece;
      });
      reply.once("error", (error) => fail(error.message));
      reply.once("end", () => {
        if (reply.statusCode === 200) resolve(text);
        else fail(`the proxy answered ${reply.statusCode}`);
      });
    });
    sent.once("timeout", () => sent.destroy(new Error(`no answer in ${socketTimeoutMs} ms`)));
    sent.once("error", (error) => fail(error.message));
    sent.end();
  });
}

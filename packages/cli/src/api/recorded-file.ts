import { readFile } from "node:fs/promises";
import { request } from "node:http";
import type { RecordedLine } from "@heddle/mesh/history/batch.ts";
import { parseRecordedLine } from "@heddle/mesh/history/batch-codec.ts";
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
  const lines: RecordedLine[] = [];
  for (const path of paths) lines.push(...parseLines(await ask(path), path));
  return gather(lines);
}

/** @param name of the file, for what is said of it. @throws Fault 65 with the line's number. */
export function parseLines(text: string, name: string): readonly RecordedLine[] {
  return text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const parsed = parseLine(line);
    if (typeof parsed !== "string") return [parsed];
    throw new Fault(exits.badInput, `${name}:${index + 1}: no recorded line: ${parsed}`);
  });
}

function parseLine(line: string): RecordedLine | string {
  try {
    return parseRecordedLine(JSON.parse(line));
  } catch (error) {
    return (error as Error).message;
  }
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
    const why =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : cause;
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

import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Child, Children } from "./children.ts";
import { freePort } from "./ports.ts";
import { runTool } from "./tools.ts";

/** Compiles a peer written in C into `folder`. Throws NotMeasured without a compiler. */
export function compilePeer(name: string, folder: string): string {
  const binary = join(folder, name);
  const source = new URL(`../peers/${name}.c`, import.meta.url).pathname;
  runTool(["gcc", "-O2", "-Wall", "-o", binary, source]);
  return binary;
}

/** The server behind every subject (`peers/origin.c`), and its count of answers. */
export class Origin {
  readonly port: number;
  readonly child: Child;
  readonly #counter: number;
  readonly #eight = Buffer.alloc(8);

  private constructor(port: number, child: Child, counter: number) {
    this.port = port;
    this.child = child;
    this.#counter = counter;
  }

  static async start(folder: string, children: Children, cpu: number): Promise<Origin> {
    const binary = compilePeer("origin", folder);
    const port = await freePort();
    const file = join(folder, "answered");
    writeFileSync(file, Buffer.alloc(8));
    const child = children.start({ name: "origin", cpu, command: [binary, String(port), file] });
    return new Origin(port, child, openSync(file, "r"));
  }

  /** Requests answered since the start. Costs the origin nothing: it is a mapped file. */
  answered(): number {
    readSync(this.#counter, this.#eight, 0, 8, 0);
    return Number(this.#eight.readBigUInt64LE());
  }

  close(): void {
    closeSync(this.#counter);
  }
}

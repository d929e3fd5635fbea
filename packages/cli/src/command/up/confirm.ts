import { createInterface } from "node:readline/promises";

/** Asks a yes-or-no question on the terminal; no is the answer of whoever just presses Enter. */
export async function confirm(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

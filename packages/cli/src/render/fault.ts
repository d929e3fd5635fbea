/** Exit codes, a promise to scripts. `exec` gives the command's own. */
export const exits = {
  /** Yes, done, holds. */
  ok: 0,
  /** No, violated, refused. */
  no: 1,
  /** `plan`: something would change. */
  changes: 2,
  /** What was recorded does not tell. */
  undecided: 3,
  /** Wrong use of the command line. */
  usage: 64,
  /** Bad input: a manifest with errors. */
  badInput: 65,
  /** No control plane to talk to. */
  noControl: 69,
} as const;

/** Something a person has to know: what is wrong, and what to do next. Not a bug of ours. */
export class Fault extends Error {
  override readonly name = "Fault";
  readonly exitCode: number;
  /** What to do next, one line each. */
  readonly hints: readonly string[];

  constructor(exitCode: number, message: string, ...hints: readonly string[]) {
    super(message);
    this.exitCode = exitCode;
    this.hints = hints;
  }
}

/** A disk that is full, a folder that may not be written: what the system says is plain enough. Null: something else. */
export function faultOfTheSystem(error: unknown): Fault | null {
  const { code, syscall } = (error ?? {}) as NodeJS.ErrnoException;
  const isPlain = error instanceof Error && typeof syscall === "string" && typeof code === "string";
  return isPlain ? new Fault(exits.no, error.message) : null;
}

/** As printed on standard error; `program` is how people type our name. */
export function formatFault(fault: Fault, program: string): string {
  const hints = fault.hints.map((hint, index) => {
    const line = hint.replace(/^heddle /, `${program} `);
    return `${index === 0 ? "  Try  " : "       "}${line}\n`;
  });
  return `error: ${fault.message}\n${hints.join("")}`;
}

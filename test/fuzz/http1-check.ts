import { checkAgain } from "./http1-again.ts";
import { type OurReading, readOurReplies, readOurRequests } from "./http1-ours.ts";
import { stricter } from "./http1-stricter.ts";
import { TheirReader, type TheirReading, theirMethods } from "./http1-theirs.ts";

/** What an input turned out to be. */
export type Verdict =
  | { readonly kind: "accepted" } // by us, and llhttp frames it alike
  | { readonly kind: "refused" } // by both
  | { readonly kind: "stricter"; readonly detail: string } // by us alone, for a reason of the table
  | { readonly kind: "wrong"; readonly detail: string };

/** Holds one input against the three claims: equal however it is cut, equal when written again, equal to llhttp. */
export class Checker {
  readonly #theirs = new TheirReader();
  readonly #known: ReadonlyMap<string, unknown> | null;

  /** @param known reasons for which only we refuse; null takes any */
  constructor(known: ReadonlyMap<string, unknown> | null = stricter) {
    this.#known = known;
  }

  /** @param method of the request that `input` replies to; null where `input` is a stream of requests */
  check(input: string, cuts: readonly number[], method: string | null): Verdict {
    const ours = read(input, [], method);
    // A head that was cut is looked at again when a line has ended: so one does here.
    const whole = summary(read(`${input}\n`, [], method));
    const cut = summary(read(`${input}\n`, cuts, method));
    if (whole !== cut) return wrong(`cut at ${cuts}: ${cut} instead of ${whole}`);
    for (const message of ours.messages) {
      const fault = checkAgain(message, method ?? message.start);
      if (fault !== null) return wrong(`written again, ${message.start} ${fault}`);
    }
    return this.#compare(input, ours, method);
  }

  #compare(input: string, ours: OurReading, method: string | null): Verdict {
    const bytes = Buffer.from(method === null ? renameMethods(input, ours) : input, "latin1");
    const theirs = this.#theirs.read(bytes, method);
    for (const [index, our] of ours.messages.entries()) {
      const their = theirs.messages[index];
      if (their === undefined) return wrong(`llhttp says ${theirs.error} to message ${index}`);
      const start = method === null ? knownMethod(our.start) : our.start;
      const head = JSON.stringify([start, our.target, our.fields]);
      const theirHead = JSON.stringify([their.start, their.target, their.fields]);
      if (head !== theirHead) return wrong(`llhttp reads ${theirHead} instead of ${head}`);
      if (their.isUpgrade) return { kind: "accepted" }; // it leaves the rest to another protocol
      const isLastRead = index === ours.messages.length - 1;
      const isRefusedHere = isLastRead && ours.refusal !== null && !our.isComplete;
      if (isRefusedHere) return this.#judgeRefusal(ours, theirs, index);
      if (our.body !== their.body || our.isComplete !== their.isComplete) {
        return wrong(
          `llhttp reads body ${JSON.stringify(their)} instead of ${JSON.stringify(our.body)}`,
        );
      }
      if (!our.isComplete) {
        if (theirs.error === null || isTruncation(theirs.error)) return { kind: "accepted" };
        // Some faults llhttp sees amid a line and we at its end.
        const later = read(`${input}\r\n\r\n`, [], method);
        return later.refusal === null
          ? wrong(`llhttp says ${theirs.error} where we wait for more`)
          : { kind: "refused" };
      }
    }
    if (ours.refusal === null) return { kind: "accepted" };
    return this.#judgeRefusal(ours, theirs, ours.messages.length);
  }

  /** We refused message `index`: did they? */
  #judgeRefusal(ours: OurReading, theirs: TheirReading, index: number): Verdict {
    const detail = ours.refusal!;
    const their = theirs.messages[index];
    if (theirs.error !== null && !(their?.isComplete ?? false)) return { kind: "refused" };
    const isKnown = this.#known === null || this.#known.has(generalise(detail));
    return isKnown
      ? { kind: "stricter", detail: generalise(detail) }
      : wrong(`only we refuse it, for a reason not in the table: ${detail}`);
  }
}

function read(input: string, cuts: readonly number[], method: string | null): OurReading {
  return method === null ? readOurRequests(input, cuts) : readOurReplies(input, cuts, method);
}

/** The detail without its numbers. */
export function generalise(detail: string): string {
  return detail.replace(/[0-9]+(?:\.[0-9]+)?/g, "N");
}

function wrong(detail: string): Verdict {
  return { kind: "wrong", detail };
}

function isTruncation(code: string): boolean {
  return code === "HPE_INVALID_EOF_STATE";
}

function summary(reading: OurReading): string {
  const messages = reading.messages.map((each) => [
    each.start,
    each.target,
    each.fields,
    each.length,
    each.body,
    each.isComplete,
  ]);
  return JSON.stringify([messages, reading.refusal]);
}

/** llhttp knows a closed list of methods (RFC 9110 §9.1 leaves it open): others are shown to it as POST. */
function renameMethods(input: string, ours: OurReading): string {
  let text = input;
  let from = 0;
  for (const { head, start } of ours.messages) {
    const at = text.indexOf(head.bytes.toString("latin1"), from);
    from = at + head.bytes.length;
    if (theirMethods.has(start)) continue;
    const methodAt = at + head.table[0]!;
    text = `${text.slice(0, methodAt)}POST${text.slice(methodAt + start.length)}`;
    from += 4 - start.length;
  }
  return text;
}

function knownMethod(method: string): string {
  return theirMethods.has(method) ? method : "POST";
}

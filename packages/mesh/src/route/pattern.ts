import {
  LinearPattern,
  LiteralPattern,
  type Pattern,
  PrefixPattern,
  SegmentsPattern,
} from "./pattern/forms.ts";
import { literalStart, piecesOf } from "./pattern/pieces.ts";
import { compileProgram, patternProgramMax } from "./pattern/program.ts";
import { isFault, type PatternFault, parsePattern } from "./pattern/syntax.ts";

export type { Pattern } from "./pattern/forms.ts";
export type { PatternFault } from "./pattern/syntax.ts";

/**
 * A user's regular expression, ready to be tried; or what is wrong with it, and where. It runs in time linear in the text, however it is
 * written, or is refused. The dialect is what RE2 and POSIX have in common (GEP-4359), for texts of octets:
 *
 *   a . [a-z] [^a] [[:alpha:]] \d \w \s \D \W \S \. \x41     one octet; `.` is any, a letter's case counts
 *   ab a|b (a) (?:a) (?<name>a) (?i) (?i:a)                  groups are alike, none is remembered
 *   a* a+ a? a{2} a{2,} a{2,4}, and each of these with ?     at most 1000 times
 *   ^ $ \A \z                                                of the text, not of lines
 *
 * Refused: back-references, look-around, boundaries of words, classes of Unicode.
 * @param anchor must the whole text fit, or only its beginning?
 */
export function readPattern(text: string, anchor: "full" | "start"): Pattern | PatternFault {
  const isWhole = anchor === "full";
  const node = parsePattern(text);
  if (isFault(node)) return node;
  const pieces = piecesOf(node, isWhole);
  if (pieces !== null) {
    const [first, second] = pieces;
    if (first === undefined) return new LiteralPattern(text, "");
    if (first.kind === "literal" && second === undefined)
      return new LiteralPattern(text, first.text);
    if (first.kind === "gap" && first.min === 0 && second === undefined) {
      return new PrefixPattern(text, "");
    }
    if (first.kind === "literal" && pieces.length === 2) {
      if (second!.kind === "gap" && second!.min === 0) return new PrefixPattern(text, first.text);
    }
    return new SegmentsPattern(text, pieces);
  }
  const program = compileProgram(node);
  if (program === null) {
    const message = `more than ${patternProgramMax} steps when its repeats are written out`;
    return { message, at: 0 };
  }
  return new LinearPattern(text, literalStart(node), program, isWhole);
}

export function isPatternFault(read: Pattern | PatternFault): read is PatternFault {
  return isFault(read);
}

import type { VerdictWord } from "@heddle/mesh/contract/verdict.ts";
import { exits } from "./fault.ts";
import type { Style } from "./style.ts";

/** What a command that judges ends with. */
export const verdictExits: Readonly<Record<VerdictWord, number>> = {
  holds: exits.ok,
  violated: exits.no,
  undecided: exits.undecided,
};

const tones = { holds: "good", violated: "bad", undecided: "warn" } as const;
const marks = { holds: "✔", violated: "✘", undecided: "?" } as const;

/** The word, at the beginning of the last line. */
export function formatVerdictWord(word: VerdictWord, style: Style): string {
  return style[tones[word]](word);
}

/** The mark, at the beginning of a line about a part. */
export function formatVerdictMark(word: VerdictWord, style: Style): string {
  return style[tones[word]](marks[word]);
}

import type { RevisionDetail } from "@heddle/control/api/verbs.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { stringify } from "yaml";
import type { Style } from "./style.ts";

/** One revision in full: each object's intent before and after, line by line. */
export function formatRevision(detail: RevisionDetail, style: Style): string {
  const when = new Date(detail.atWallMs).toISOString();
  const parts = detail.changes.map(({ before, after }) => {
    const { kind, metadata } = (after ?? before)!;
    const sign = before === null ? "+" : after === null ? "-" : "~";
    const title = style.bold(`${sign} ${kind}/${metadata.name}`);
    const lines = diffLines(textOf(before), textOf(after)).map(([mark, line]) => {
      if (mark === "+") return style.good(`  + ${line}`);
      return mark === "-" ? style.bad(`  - ${line}`) : style.dim(`    ${line}`);
    });
    return `${[title, ...lines].join("\n")}\n`;
  });
  return `revision ${detail.revision}, ${when}, by ${detail.author}: ${detail.cause}\n${parts.join("")}`;
}

function textOf(resource: Resource | null): readonly string[] {
  if (resource === null) return [];
  const { labels, annotations } = resource.metadata;
  const intent = {
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    spec: resource.spec,
  };
  return stringify(intent).trimEnd().split("\n");
}

type DiffLine = readonly [mark: "+" | "-" | " ", line: string];

/** The longest common subsequence of two short texts, with what differs around it. */
function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  const width = after.length + 1;
  const common = new Uint16Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      common[i * width + j] =
        before[i] === after[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!);
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push([" ", before[i++]!]);
      j++;
    } else if (
      j >= after.length ||
      (i < before.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)
    ) {
      lines.push(["-", before[i++]!]);
    } else {
      lines.push(["+", after[j++]!]);
    }
  }
  return lines;
}

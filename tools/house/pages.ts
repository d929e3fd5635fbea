import { dirname, join, normalize } from "node:path";
import { type ReasonRow, reasons } from "@heddle/mesh/model/reason.ts";
import type { Finding } from "./finding.ts";
import type { House } from "./read.ts";

/** Pages of reasons that are missing or say another thing than the table, and links that lead nowhere. */
export function inspectPages(house: House): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [reason, row] of Object.entries(reasons)) {
    const path = `docs/reasons/${reason}.md`;
    const page = house.pages.find((candidate) => candidate.path === path);
    if (page === undefined)
      findings.push({ rule: "reasons", path, message: "the page is missing" });
    else if (!page.text.includes(reasonCells(row))) {
      findings.push({ rule: "reasons", path, message: `its table must say "${reasonCells(row)}"` });
    }
  }
  for (const page of house.pages) {
    for (const match of page.text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      const target = match[1]!;
      if (/^[a-z]+:/.test(target)) continue;
      const path = normalize(join(dirname(page.path), target)).replace(/\/$/, "");
      if (!house.paths.has(path))
        findings.push({ rule: "links", path: page.path, message: `${target} leads nowhere` });
    }
  }
  return findings;
}

/** How a reason's page must begin its table row: the page cannot drift from the table. */
function reasonCells(row: ReasonRow): string {
  return `| ${row.status || "none"} | ${row.grpc} | ${row.flag ?? "none"} | ${row.processed === "final" ? "no, and final" : row.processed}:`;
}

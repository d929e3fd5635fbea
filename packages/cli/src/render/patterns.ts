import { patternsOf } from "@heddle/mesh/resource/compile/split-matches.ts";
import { formatPath } from "@heddle/mesh/resource/schema/path.ts";
import type { HttpRouteGroup } from "@heddle/mesh/resource/smi/httproutegroup.ts";
import { isPatternFault, readPattern } from "@heddle/mesh/route/pattern.ts";
import { formatTable } from "./table.ts";

/** How each regular expression of a group is run, or why it cannot be: it has no status to say so. */
export function formatPatterns({ spec }: HttpRouteGroup): string {
  const rows = spec.matches.flatMap((match) =>
    patternsOf(match).map(({ path, text, anchor }) => {
      const read = readPattern(text, anchor);
      const form = isPatternFault(read)
        ? `fits nothing: ${read.message}, at ${read.at}`
        : read.form;
      return { match: match.name, place: formatPath(path), text, form };
    }),
  );
  if (rows.length === 0) return "";
  return formatTable(
    [
      { name: "MATCH", cell: ({ match }) => match },
      { name: "PLACE", cell: ({ place }) => place },
      { name: "PATTERN", cell: ({ text }) => text },
      { name: "READ AS", cell: ({ form }) => form },
    ],
    rows,
  );
}

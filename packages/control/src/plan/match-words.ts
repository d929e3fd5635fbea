import type { FieldMatchDoc, MatchDoc } from "@heddle/mesh/model/document.ts";

/** A match in words, as a person would ask for it: `GET /v2/*  x-user=dana`; `everything` where nothing is asked. */
export function matchWords({
  hostnames,
  path,
  method,
  headers,
  query,
}: Omit<MatchDoc, "rule">): string {
  const parts = [
    hostnames.join(","),
    method ?? "",
    pathWords(path),
    ...headers.map((one) => fieldWords("", one)),
    ...query.map((one) => fieldWords("?", one)),
  ].filter((part) => part !== "");
  return parts.join(" ") || "everything";
}

/** `/a` exactly, `/a/*` by prefix, `/a.*` between slashes as a pattern. Empty: any. */
export function pathWords({ type, value }: MatchDoc["path"]): string {
  switch (type) {
    case "exact":
      return value;
    case "prefix":
      return value === "/" ? "" : `${value}/*`;
    case "regex":
      return `~${value}`;
    case "regex-prefix":
      return `~${value}*`;
  }
}

function fieldWords(mark: string, { name, value, type = "exact" }: FieldMatchDoc): string {
  return `${mark}${name}${type === "regex" ? "~" : "="}${value}`;
}

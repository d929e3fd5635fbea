import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { ApiError } from "./status.ts";

export type Selector = (resource: Resource) => boolean;

/** `app=kvs,tier!=x,a in (b,c),d notin (e),f,!g`: Kubernetes' label selectors. All must hold; empty: everything. */
export function parseLabelSelector(text: string): Selector {
  const terms = splitTerms(text).map(parseTerm);
  return ({ metadata }) => terms.every((term) => term(metadata.labels ?? {}));
}

/** `metadata.name=kvs,metadata.namespace!=x`: the fields that every kind has. */
export function parseFieldSelector(text: string): Selector {
  const terms = splitTerms(text).map((term) => {
    const match = /^(metadata\.(?:name|namespace))\s*(==?|!=)\s*(.*)$/.exec(term);
    if (match === null) {
      throw new ApiError("BadRequest", `field label not supported: ${term}`);
    }
    const [, field, operator, value] = match;
    const read = (resource: Resource) =>
      field === "metadata.name" ? resource.metadata.name : (resource.metadata.namespace ?? "");
    const isWanted = operator !== "!=";
    return (resource: Resource) => (read(resource) === value) === isWanted;
  });
  return (resource) => terms.every((term) => term(resource));
}

type Labels = Readonly<Record<string, string>>;

/** At commas outside of parentheses. */
function splitTerms(text: string): readonly string[] {
  return text
    .split(/,(?![^(]*\))/)
    .map((term) => term.trim())
    .filter((term) => term !== "");
}

function parseTerm(text: string): (labels: Labels) => boolean {
  const name = "([A-Za-z0-9][-A-Za-z0-9_./]*)";
  const set = new RegExp(`^${name}\\s+(in|notin)\\s*\\(([^)]*)\\)$`).exec(text);
  if (set !== null) {
    const [, key, operator, list] = set;
    const values = new Set(list!.split(",").map((value) => value.trim()));
    if (operator === "in") return (labels) => values.has(labels[key!] ?? "\0");
    return (labels) => !values.has(labels[key!] ?? "\0");
  }
  const equality = new RegExp(`^${name}\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`).exec(text);
  if (equality !== null) {
    const [, key, operator, value] = equality;
    if (operator === "!=") return (labels) => labels[key!] !== value;
    return (labels) => labels[key!] === value;
  }
  const presence = new RegExp(`^(!?)\\s*${name}$`).exec(text);
  if (presence !== null) {
    const [, not, key] = presence;
    return (labels) => Object.hasOwn(labels, key!) === (not === "");
  }
  throw new ApiError("BadRequest", `unable to parse requirement: ${text}`);
}

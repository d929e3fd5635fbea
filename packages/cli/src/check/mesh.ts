import type { CheckData } from "@heddle/control/api/verbs.ts";
import { findKindsByWord } from "@heddle/mesh/resource/index.ts";
import { defaultNamespace } from "@heddle/mesh/resource/meta.ts";
import { bad, type Finding, good, warning } from "./finding.ts";

const DAY_MS = 24 * 3600 * 1000;
/** Resources of one sort that are told of one by one. */
const shownMax = 20;
/** A root that ends sooner than this should be replaced. */
const ROOT_LIFE_MIN_MS = 30 * 24 * 3_600_000;

/** Is this mesh well? `version` is the command line's own. */
export function checkMesh(data: CheckData, version: string): readonly Finding[] {
  const hasProxies = data.workloads.some((each) => each.proxy !== null);
  return [
    checkVersion(data, version),
    checkRoot(data),
    checkSockets(data),
    ...(hasProxies ? [checkProxies(data), checkDocuments(data), checkRefusals(data)] : []),
    checkWorkloads(data),
    ...checkConditions(data),
    ...checkWarnings(data),
    checkIsolation(),
  ];
}

function checkVersion({ info }: CheckData, version: string): Finding {
  const name = "control plane and command line are of one version";
  return info.version === version
    ? good(name, version)
    : warning(
        name,
        `the control plane is ${info.version}, this is ${version}`,
        "heddle down && heddle up",
      );
}

function checkRoot({ rootExpiresWallMs, nowWallMs, info }: CheckData): Finding {
  const name = "the root certificate is valid";
  const leftMs = rootExpiresWallMs - nowWallMs;
  const detail = `${info.rootFingerprint}, ${Math.floor(leftMs / DAY_MS)} days left`;
  const hint = "heddle down -v makes a new one at the next start, with all else";
  if (leftMs <= 0) return bad(name, `${info.rootFingerprint} has expired`, hint);
  return leftMs > ROOT_LIFE_MIN_MS ? good(name, detail) : warning(name, detail, hint);
}

function checkSockets({ failedSockets }: CheckData): Finding {
  const name = "every listener is bound";
  const failed = Object.entries(failedSockets).map(([socket, why]) => `${socket}: ${why}`);
  return failed.length === 0
    ? good(name)
    : bad(name, failed.join("; "), "end the program that has the port, or choose another port");
}

function checkProxies({ workloads }: CheckData): Finding {
  const name = "every proxy is connected";
  const proxied = workloads.filter((each) => each.proxy !== null);
  const away = proxied.filter((each) => !each.isConnected);
  return verdictOn(name, away, proxied.length, (first) => `heddle logs --proxy ${first}`);
}

function checkDocuments({ workloads }: CheckData): Finding {
  const name = "every proxy runs the newest documents";
  const proxied = workloads.filter((each) => each.proxy !== null);
  const late = proxied.filter((each) => !each.isCurrent);
  return verdictOn(name, late, proxied.length, (first) => `heddle logs --proxy ${first}`);
}

function checkRefusals({ refusals }: CheckData): Finding {
  const name = "no proxy has refused a document";
  if (refusals.length === 0) return good(name);
  const words = refusals.map(
    (each) => `${each.workload}: ${each.document}: ${each.errors.join(", ")}`,
  );
  return bad(name, words.join("; "), "heddle revisions, heddle rollback <n>");
}

function checkWorkloads({ workloads }: CheckData): Finding {
  const name = "every workload is ready";
  const away = workloads.filter((each) => !each.isReady && !each.isDraining);
  const flag = away[0]?.app === null ? "--proxy " : ""; // a gateway's is all it has
  return verdictOn(name, away, workloads.length, (first) => `heddle logs ${flag}${first}`);
}

function verdictOn(
  name: string,
  wrong: readonly { readonly name: string; readonly reason: string | null }[],
  total: number,
  hint: (first: string) => string,
): Finding {
  if (wrong.length === 0) return good(name, `${total} of ${total}`);
  const words = wrong.map((each) =>
    each.reason === null ? each.name : `${each.name} (${each.reason})`,
  );
  return bad(name, `not ${words.join(", ")}`, hint(wrong[0]!.name));
}

/** Only of contracts is more to be said than whether they are accepted, and only where that is not as it should be. */
function checkConditions({ conditions }: CheckData): readonly Finding[] {
  const placed = conditions.filter(({ type }) => type === "Placed");
  const holds = conditions.filter(({ type }) => type === "Holds");
  const others = conditions.filter(({ type }) => type !== "Placed" && type !== "Holds");
  const violated = "every contract holds that was verified";
  const moves = "each key of a contract stays with one process";
  return [
    ...checkAccepted(others),
    ...(holds.length === 0 ? [] : [bad(violated, wordsOf(holds), hintOf(holds))]),
    // No fault of a resource: each does what it says.
    ...(placed.length === 0 ? [] : [warning(moves, wordsOf(placed), "heddle explain placement")]),
  ];
}

/** A line for each that is not, so that each says where to look. */
function checkAccepted(wrong: CheckData["conditions"]): readonly Finding[] {
  if (wrong.length === 0) return [good("every resource is accepted as it is written")];
  const found = [...Map.groupBy(wrong, ({ resource }) => resource)].map(([resource, own]) => {
    const words = own.map(({ type, reason, message }) => `${type} ${reason}: ${message}`);
    return bad(`${resource} is accepted as it is written`, once(words), hintOf(own));
  });
  return shortened(found, "resources are accepted as they are written");
}

/** Of what has no conditions: SMI's kinds. */
function checkWarnings({ warnings }: CheckData): readonly Finding[] {
  const found = [...Map.groupBy(warnings, ({ resource }) => resource)].map(([resource, own]) => {
    const words = own.map(({ reason, message }) => `${reason}: ${message}`);
    return warning(`${resource} does all that it says`, once(words), hintOf(own));
  });
  return shortened(found, "resources do all that they say");
}

function once(words: readonly string[]): string {
  return [...new Set(words)].join("; ");
}

/** The first of many, and how many more. */
function shortened(found: readonly Finding[], claim: string): readonly Finding[] {
  if (found.length <= shownMax) return found;
  const rest = found.slice(shownMax);
  const { verdict, hint } = rest[0]!;
  return [
    ...found.slice(0, shownMax),
    { name: `all other ${claim}`, verdict, detail: `${rest.length} are not`, hint },
  ];
}

function wordsOf(conditions: CheckData["conditions"]): string {
  return conditions
    .map(({ resource, type, reason, message }) => `${resource}: ${type} ${reason}: ${message}`)
    .join("; ");
}

function hintOf([first]: readonly { readonly resource: string }[]): string {
  const [kind = "", namespace = defaultNamespace, name] = first!.resource.split("/");
  const where = namespace === defaultNamespace ? "" : ` -n ${namespace}`;
  return `heddle describe ${wordFor(kind)} ${name}${where}`;
}

/** What `describe` understands; the Gateway API's `TCPRoute` has a namesake. */
function wordFor(title: string): string {
  const [kind, ...others] = findKindsByWord(title);
  if (kind === undefined || others.length === 0) return title.toLowerCase();
  return `${kind.singular}.${kind.group}`;
}

/** What one machine without isolation cannot promise, said wherever somebody asks whether all is well. */
function checkIsolation(): Finding {
  return warning(
    "processes are kept apart",
    "not on one machine under one user: they can dial each other's ports, borrow a proxy's listeners and read each other's files",
    "docs/security.md",
  );
}

import type { CheckData } from "@heddle/control/api/verbs.ts";
import { bad, type Finding, good, warning } from "./finding.ts";

const DAY_MS = 24 * 3600 * 1000;
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
  const accepted = "every resource is accepted as it is written";
  const violated = "every contract holds that was verified";
  const moves = "each key of a contract stays with one process";
  return [
    others.length === 0 ? good(accepted) : bad(accepted, wordsOf(others), hintOf(others)),
    ...(holds.length === 0 ? [] : [bad(violated, wordsOf(holds), hintOf(holds))]),
    // No fault of a resource: each does what it says.
    ...(placed.length === 0 ? [] : [warning(moves, wordsOf(placed), "heddle explain placement")]),
  ];
}

function wordsOf(conditions: CheckData["conditions"]): string {
  return conditions
    .map(({ resource, type, reason, message }) => `${resource}: ${type} ${reason}: ${message}`)
    .join("; ");
}

function hintOf([first]: CheckData["conditions"]): string {
  const [kind = "", , name] = first!.resource.split("/");
  return `heddle describe ${kind.toLowerCase()} ${name}`;
}

/** What one machine without isolation cannot promise, said wherever somebody asks whether all is well. */
function checkIsolation(): Finding {
  return warning(
    "processes are kept apart",
    "not on one machine under one user: they can dial each other's ports, borrow a proxy's listeners and read each other's files",
    "docs/security.md",
  );
}

import type { WorkloadRow } from "@heddle/control/api/verbs.ts";
import type { ContractSpec } from "@heddle/mesh/resource/heddle/contract.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import { exits, Fault, formatFault } from "../../render/fault.ts";
import { formatMeshFlag } from "../../render/mesh-flag.ts";
import type { Step } from "../../render/progress.ts";
import { formatCounts } from "../../render/ready.ts";
import type { Terminal } from "../../render/terminal.ts";
import { formatSeconds } from "../../render/time.ts";
import { tryCommand } from "../../render/try.ts";
import type { ManifestSet } from "../manifests.ts";
import type { World } from "../world.ts";
import type { UpResult } from "./session.ts";

export interface About {
  /** Since the start. */
  readonly tookMs: number;
  /** `--mesh` as it was given: the commands that are named need it, too. */
  readonly mesh: string | undefined;
}

/** The last words of `up`: what runs and what to do with it, or what is not ready. */
export function printResult(
  world: World,
  terminal: Terminal,
  set: ManifestSet,
  result: UpResult,
  { tookMs, mesh }: About,
): void {
  const { workloads, info, isReady, warnings } = result;
  const flag = formatMeshFlag(mesh);
  const { program } = world;
  for (const line of warnings) terminal.write(` ${terminal.style.warn("!")} ${line}\n`);
  if (!isReady) {
    const away = workloads.filter((row) => !row.isReady && !row.isDraining);
    const fault = new Fault(
      exits.no,
      [
        `not ready after ${formatSeconds(tookMs)}; what runs, runs on, and the rest is tried again`,
        ...oneOfEach(away).flatMap((row) => tellAway(row, result.lastLines.get(row.uid) ?? [])),
      ].join("\n"),
      ...away
        .slice(0, 1)
        .map((row) => `heddle logs ${row.app === null ? "--proxy " : ""}${row.name}${flag}`),
      `heddle check${flag}`,
    );
    terminal.write(formatFault(fault, program));
    return;
  }
  const counts = formatCounts(workloads, info.profile);
  terminal.write(`Ready in ${formatSeconds(tookMs)}. ${counts}, revision ${info.revision}.\n`);
  const [attempt = null] = workloads.flatMap(({ gateway, urls }) => {
    const url = urls.find((one) => one.startsWith("http:")); // what passes TLS through has no page to try
    return gateway === null || url === undefined ? [] : [tryCommand(url, gateway, set.resources)];
  });
  if (attempt !== null) terminal.write(`  Try    ${attempt}\n`);
  const service = set.resources.find(({ kind }) => kind === "Service")?.metadata.name;
  const promised = contractedService(set.resources);
  const looks = [
    `${program} stat${flag}`,
    ...(service === undefined ? [] : [`${program} tap service/${service}${flag}`]),
    promised === null ? `${program} check${flag}` : `${program} verify ${promised} --drive${flag}`,
  ];
  terminal.write(`  See    ${looks.join("    ")}        Stop  `);
  terminal.write(terminal.isTerminal ? "Ctrl-C\n" : `${program} down${flag}\n`);
}

/** The first Service that a Contract speaks of; null: there is no Contract. */
function contractedService(resources: readonly Resource[]): string | null {
  const spec = resources.find(({ kind }) => kind === "Contract")?.spec as ContractSpec | undefined;
  return spec?.targetRefs[0]?.name ?? null;
}

/** One workload of each Process, three at most: its siblings fail in the same way. */
function oneOfEach(rows: readonly WorkloadRow[]): readonly WorkloadRow[] {
  const whose = rows.map((row) => row.process ?? row.name);
  return rows.filter((_, index) => whose.indexOf(whose[index]!) === index).slice(0, 3);
}

/** One that is not ready, with the last it wrote. */
function tellAway(row: WorkloadRow, lines: readonly string[]): readonly string[] {
  const { name, reason } = row;
  return [
    `  ${name}: ${reason ?? "no reason known"}`,
    ...lines.slice(-5).map((line) => `    | ${line}`),
  ];
}

interface Installed {
  readonly node: string;
  readonly packages: number;
  readonly seconds: number;
}

/** What the installer of a clone did just before, as it says in the environment. */
function installed(world: World): Installed | null {
  const text = world.env["HEDDLE_INSTALLED"];
  return text === undefined ? null : (JSON.parse(text) as Installed);
}

/** How long that took, in ms. */
export function installedMs(world: World): number {
  return (installed(world)?.seconds ?? 0) * 1000;
}

/** The line of the progress about that; none where nothing was installed. */
export function installedStep(world: World): readonly Step[] {
  const found = installed(world);
  if (found === null) return [];
  const detail = `Node ${found.node} and ${found.packages} packages, this once`;
  return [{ name: "installed", state: "good", detail, tookMs: found.seconds * 1000 }];
}

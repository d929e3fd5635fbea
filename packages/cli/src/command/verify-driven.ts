import { sequentialModel } from "@heddle/mesh/contract/model.ts";
import { newKeysOf } from "../drive/new-keys.ts";
import { FIRST_KEY } from "../drive/plan.ts";
import { type DriveResult, DriveSession, type DriveSettings } from "../drive/session.ts";
import { count, formatCount } from "../render/count.ts";
import { exits, Fault } from "../render/fault.ts";
import { formatSeconds } from "../render/time.ts";
import { confirm } from "./up/confirm.ts";
import type { ServiceOptions } from "./verify-options.ts";
import { report } from "./verify-report.ts";
import { judge, type Subject } from "./verify-subject.ts";
import type { World } from "./world.ts";

/** `verify <service> --drive`: asks the service, and judges what its callers saw. */
export async function verifyDriven(
  world: World,
  subject: Subject,
  options: ServiceOptions,
): Promise<void> {
  const { definition, doc, namespace, service, row } = subject;
  const settings: DriveSettings = {
    callers: options.callers ?? 8,
    seed: options.seed ?? 1,
    keys: options.keys ?? 200,
    operations: options.operations ?? (options.for === undefined ? 20_000 : Infinity),
    forMs: options.for ?? null,
    faults: options.faults ?? [],
  };
  await mayWrite(world, subject, settings, options.yes === true);
  const session = new DriveSession({
    world,
    api: subject.api,
    subject: { definition, doc, namespace, service, consistency: row.consistency },
    settings,
  });
  const result = await driveUntilStopped(world, session, settings);
  const model = sequentialModel(definition, { key: doc.key, hashes: null });
  const operations = result.operations.filter(({ key }) => !result.foreignKeys.has(key));
  const newKeys = newKeysOf(operations, model);
  // What a register was first its first read says, and then the counterexample shows it.
  const isEmpty = (key: string) => model.register === null && newKeys.has(key);
  const made = judge(world, subject, {
    operations,
    initialOf: (key) => ({ kind: isEmpty(key) ? "empty" : "unknown" }),
    isNew: (key) => newKeys.has(key),
    assumptions: assumptionsOf(result, service),
    isClear: true,
  });
  const verdict = operations.length === 0 ? { ...made, verdict: "undecided" as const } : made;
  const { starts, tookMs } = result;
  const about = {
    verdict,
    operations,
    starts,
    when: `in ${formatSeconds(tookMs)}`,
    completeness: completenessOf(result),
    notes: notesOf(result),
    saysAssumptions: false,
  };
  await report(world, subject, about, options.output);
}

/** Ctrl-C ends the drive, not the command: what there is is judged. The second one ends all. */
async function driveUntilStopped(
  world: World,
  session: DriveSession,
  settings: DriveSettings,
): Promise<DriveResult> {
  const progress = new DriveProgress(world, settings);
  let stops = 0;
  const stop = () => {
    session.stop();
    if (++stops < 2) return;
    session.release();
    process.exit(exits.no);
  };
  const release = () => session.release();
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, stop);
  process.on("exit", release);
  try {
    return await session.run(progress);
  } finally {
    progress.clear();
    for (const signal of signals) process.off(signal, stop);
    process.off("exit", release);
  }
}

async function mayWrite(
  world: World,
  { service, definition, doc }: Subject,
  { keys, faults }: DriveSettings,
  isYes: boolean,
): Promise<void> {
  const isReadOnly = definition.signatures.every(({ changes }) => !changes);
  if (isYes || (isReadOnly && faults.length === 0)) return;
  const what =
    doc.key === null
      ? `it writes to Service ${service}`
      : `it writes to keys ${FIRST_KEY + 1} to ${FIRST_KEY + keys} of Service ${service}`;
  const harm = faults.includes("kill") ? ", and kills its processes" : "";
  if (!world.out.isTerminal || process.stdin.isTTY !== true) {
    throw new Fault(
      exits.usage,
      `verify --drive: ${what}${harm}; there is no terminal to ask`,
      `${world.program} verify ${service} --drive --yes`,
    );
  }
  if (await confirm(`verify --drive: ${what}${harm}. Go on?`)) return;
  throw new Fault(exits.no, "nothing was asked of the service");
}

function completenessOf({ isMeshed, missing }: DriveResult): string {
  if (!isMeshed) return "every event recorded by the callers themselves";
  if (missing === 0) return "every event recorded";
  return `${formatCount(missing)} not found in the mesh's own records`;
}

function assumptionsOf(result: DriveResult, service: string): readonly string[] {
  const { isMeshed, missing } = result;
  const said = [`nobody else wrote to the keys of ${service} that are judged, past all proxies`];
  if (isMeshed && missing > 0) {
    said.push(`${count(missing, "operation")} that callers recorded and the mesh did not`);
  }
  return [...said, ...notesOf(result).map((note) => note.trim())];
}

/** What was done to the service meanwhile. */
function notesOf({ strikes, fault, foreignKeys }: DriveResult): readonly string[] {
  const others =
    foreignKeys.size === 0
      ? []
      : [` not judged: ${count(foreignKeys.size, "key")} that others wrote to meanwhile`];
  const notes: string[] = [];
  const killed = strikes.filter(({ kind }) => kind === "kill");
  const paused = strikes.filter(({ kind }) => kind === "pause");
  if (killed.length > 0) {
    notes.push(`killed ${killed.map(({ workload }) => workload).join(", ")}`);
  }
  if (paused.length > 0) {
    const each = paused.map(({ workload, forMs }) => `${workload} for ${formatSeconds(forMs)}`);
    notes.push(`paused ${each.join(", ")}`);
  }
  notes.push(...(fault?.words ?? []));
  return notes.length === 0 ? others : [` faults: ${notes.join("; ")}`, ...others];
}

/** A line on a terminal that tells how far it is; elsewhere nothing. */
class DriveProgress {
  readonly #world: World;
  readonly #settings: DriveSettings;
  #startMs = -1;

  constructor(world: World, settings: DriveSettings) {
    this.#world = world;
    this.#settings = settings;
  }

  onProgress(done: number): void {
    const { err, clock } = this.#world;
    if (!err.isTerminal) return;
    const { operations, forMs, callers } = this.#settings;
    if (this.#startMs < 0) this.#startMs = clock.monotonicMs();
    const tookMs = clock.monotonicMs() - this.#startMs;
    const of =
      forMs === null
        ? `of ${formatCount(operations)} `
        : `in ${formatSeconds(tookMs)} of ${formatSeconds(forMs)} `;
    const rate = formatCount(Math.round((1000 * done) / Math.max(1, tookMs)));
    err.write(
      `\r\x1b[K${formatCount(done)} operations ${of}by ${count(callers, "caller")}, ${rate} a second`,
    );
  }

  clear(): void {
    if (this.#world.err.isTerminal) this.#world.err.write("\r\x1b[K");
  }
}

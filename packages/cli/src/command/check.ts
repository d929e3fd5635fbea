import { existsSync } from "node:fs";
import { dirname } from "node:path";
import type { CheckData } from "@heddle/control/api/verbs.ts";
import { detectPlatform } from "@heddle/control/host/platform.ts";
import { Command } from "commander";
import { stringify } from "yaml";
import { ApiClient } from "../api/client.ts";
import { bad, type Finding } from "../check/finding.ts";
import { checkMachine } from "../check/machine.ts";
import { checkMesh } from "../check/mesh.ts";
import { Fault } from "../render/fault.ts";
import { formatFindings, formatVerdict } from "../render/findings.ts";
import { parseOutputFormat } from "../render/output.ts";
import {
  type MeshOptions,
  type OutputOptions,
  withExamples,
  withMesh,
  withOutput,
} from "./options.ts";
import { version } from "./own-version.ts";
import { meshOf, type World } from "./world.ts";

interface Options extends MeshOptions, OutputOptions {
  readonly pre?: boolean;
}

interface Subject {
  readonly subject: string;
  readonly findings: readonly Finding[];
}

export function checkCommand(world: World): Command {
  const command = new Command("check")
    .description("is all well? named checks, and what to do about those that do not hold")
    .option("--pre", "only whether a mesh can run on this machine")
    .action(async (options: Options) => {
      const subjects = await check(world, options);
      const findings = subjects.flatMap((each) => each.findings);
      const format = parseOutputFormat(options.output);
      if (format === "json") world.out.write(`${JSON.stringify(subjects, null, 2)}\n`);
      else if (format === "yaml") world.out.write(stringify(subjects));
      else {
        const texts = subjects.map(({ subject, findings: own }) =>
          formatFindings(subject, own, world.out.style),
        );
        world.out.write(`${texts.join("\n")}\n${formatVerdict(findings)}`);
      }
      if (findings.some((finding) => finding.verdict === "bad")) process.exitCode = 1;
    });
  return withExamples(withMesh(withOutput(command)), [
    ["heddle check", "this machine and the mesh"],
    ["heddle check --pre", "before the first heddle up"],
  ]);
}

async function check(world: World, options: Options): Promise<readonly Subject[]> {
  const platform = detectPlatform();
  if (options.pre === true) {
    return [{ subject: "machine", findings: await checkMachine(platform, world.cwd) }];
  }
  const stateDir = await meshOf(world, options);
  const folder = existsSync(stateDir) ? stateDir : dirname(stateDir);
  return [
    { subject: "machine", findings: await checkMachine(platform, folder) },
    { subject: `mesh ${stateDir}`, findings: await checkRunning(stateDir) },
  ];
}

async function checkRunning(stateDir: string): Promise<readonly Finding[]> {
  try {
    const data = await ApiClient.open(stateDir).verb<CheckData>("check");
    return checkMesh(data, version);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return [bad("the control plane answers", error.message, error.hints[0] ?? null)];
  }
}

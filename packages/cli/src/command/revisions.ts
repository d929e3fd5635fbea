import type {
  ApplyResult,
  RevisionDetail,
  RevisionRow,
  RollbackRequest,
} from "@heddle/control/api/verbs.ts";
import { Command, InvalidArgumentError } from "commander";
import { formatChanges } from "../render/changes.ts";
import { formatRevision } from "../render/revision.ts";
import { revisionView } from "../render/stat.ts";
import {
  type MeshOptions,
  type OutputOptions,
  withExamples,
  withMesh,
  withOutput,
} from "./options.ts";
import { show } from "./show.ts";
import { apiOf, type World } from "./world.ts";

export function revisionsCommand(world: World): Command {
  const command = new Command("revisions")
    .description("every change of intent: when, by whom, what; or one of them in full")
    .argument("[revision]", "its number", parseRevision)
    .action(async (revision: number | undefined, options: MeshOptions & OutputOptions) => {
      const api = await apiOf(world, options);
      const view = revisionView(world.clock.wallMs());
      if (revision === undefined) {
        show(world, view, await api.verb<readonly RevisionRow[]>("revisions"), options.output);
        return;
      }
      const detail = await api.verb<RevisionDetail>(`revisions/${revision}`);
      if (options.output === "table") world.out.write(formatRevision(detail, world.out.style));
      else show(world, view, [detail], options.output);
    });
  return withExamples(withMesh(withOutput(command)), [
    ["heddle revisions", "latest first"],
    ["heddle revisions 7", "what revision 7 changed, field by field"],
  ]);
}

export function rollbackCommand(world: World): Command {
  const command = new Command("rollback")
    .description("make the intent of an earlier revision hold again, as a new revision")
    .argument("<revision>", "its number", parseRevision)
    .action(async (revision: number, options: MeshOptions) => {
      const api = await apiOf(world, options);
      const body: RollbackRequest = { revision, author: world.author };
      const result = await api.verb<ApplyResult>("rollback", { method: "POST", body });
      world.out.write(formatChanges(result));
    });
  return withExamples(withMesh(command), [
    ["heddle rollback 6", "as it was after revision 6; nothing is lost, see: heddle revisions"],
  ]);
}

function parseRevision(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError("expected a revision's number");
  return Number(text);
}

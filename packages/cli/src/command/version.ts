import type { MeshInfo } from "@heddle/control/api/verbs.ts";
import { Command } from "commander";
import { stringify } from "yaml";
import { parseOutputFormat } from "../render/output.ts";
import {
  type MeshOptions,
  type OutputOptions,
  withExamples,
  withMesh,
  withOutput,
} from "./options.ts";
import { version } from "./own-version.ts";
import { apiOf, type World } from "./world.ts";

export function versionCommand(world: World): Command {
  const command = new Command("version")
    .description("versions of this command, its Node and the control plane")
    .action(async (options: MeshOptions & OutputOptions) => {
      const control = await apiOf(world, options)
        .then((api) => api.verb<MeshInfo>("info"))
        .then((info) => info.version)
        .catch(() => null);
      const versions = { client: version, node: process.versions.node, control };
      const format = parseOutputFormat(options.output);
      if (format === "json") world.out.write(`${JSON.stringify(versions, null, 2)}\n`);
      else if (format === "yaml") world.out.write(stringify(versions));
      else {
        world.out.write(
          `client   ${version} (Node ${versions.node})\ncontrol  ${control ?? "not running"}\n`,
        );
      }
    });
  return withExamples(withMesh(withOutput(command)), [["heddle version -o json", "for a script"]]);
}

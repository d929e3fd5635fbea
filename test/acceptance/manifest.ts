import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ExampleMesh } from "../support/mesh.ts";
import type { Outcome } from "./outcome.ts";

/** A bad manifest changes nothing and says why, with line and path. */
export async function refuseBadManifest(): Promise<Outcome> {
  const mesh = await ExampleMesh.start();
  try {
    const good = await readFile(join(mesh.folder, "mesh.yaml"), "utf8");
    const bad = good
      .replace("replicas: 3", "replicas: three")
      .replace("command: [node, kvs.ts]", "comand: [node, kvs.ts]")
      .replace("kind: Service, name: kvs }]", "kind: Service, name: kvz }]");
    await writeFile(join(mesh.folder, "bad.yaml"), bad);
    const before = await mesh.heddle("get", "processes,services,placements", "-o", "yaml");
    const apply = await mesh.heddle("apply", "-f", "bad.yaml");
    const after = await mesh.heddle("get", "processes,services,placements", "-o", "yaml");
    const lines = apply.stderr.split("\n").filter((line) => line.startsWith("bad.yaml:"));
    return {
      holds: apply.code === 65 && before.stdout === after.stdout && lines.length === 3,
      figures: {
        "exit code": apply.code,
        "errors with a line": lines.length,
        unchanged: String(before.stdout === after.stdout),
        said: `\n${apply.stderr}`,
      },
    };
  } finally {
    await mesh.stop();
  }
}

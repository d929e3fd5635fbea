import type { CaseResult, Suite } from "../suite.ts";
import { lacks, realCases } from "./cases.ts";
import { RealMesh } from "./real-mesh.ts";

/** Real servers and real clients in a real mesh, in which nothing says what any of them speaks. */
export const realSuite: Suite = {
  name: "real",
  title: "real clients and servers through a real mesh, nothing declared",
  async run(rig) {
    const mesh = await RealMesh.start();
    rig.onClose(() => mesh.stop());
    const results: CaseResult[] = [];
    for (const one of realCases) {
      const { name } = one;
      const missing = lacks(one, mesh);
      if (missing !== null) results.push({ name, verdict: "skipped", detail: missing });
      else {
        const detail = await one.run(mesh).then(
          () => "",
          (error: Error) => error.message,
        );
        results.push({ name, verdict: detail === "" ? "passed" : "failed", detail });
      }
    }
    return results;
  },
};

import { afterAll, beforeAll, describe, test } from "vitest";
import { lacks, realCases } from "../conformance/real/cases.ts";
import { RealMesh } from "../conformance/real/real-mesh.ts";

/** The quick part of `npm run conformance -- --only real`; what is not installed is skipped, with what to install. */
describe("real clients and servers through a real mesh, nothing declared", () => {
  let mesh: RealMesh;
  beforeAll(async () => {
    mesh = await RealMesh.start();
  }, 90_000);
  afterAll(() => mesh?.stop(), 30_000);

  for (const one of realCases.filter(({ isLong }) => isLong !== true)) {
    test(one.name, async ({ skip }) => {
      const missing = lacks(one, mesh);
      if (missing !== null) skip(missing);
      await one.run(mesh);
    });
  }
});

import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Tests that start meshes take the longest and wait the most: they begin first, and small ones fill the gaps. */
class MeshesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const startsMesh = ({ moduleId }: TestSpecification) =>
      /\/(test\/e2e|examples)\//.test(moduleId);
    return [...sorted.filter(startsMesh), ...sorted.filter((file) => !startsMesh(file))];
  }
}

export default defineConfig({
  test: {
    include: [
      "house.test.ts",
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "test/**/*.test.ts",
      "bench/**/*.test.ts",
      "examples/**/*.test.ts",
      "tools/**/*.test.ts",
    ],
    pool: "forks",
    maxWorkers: 2,
    // 270 files in a process each cost a minute of imports; no module keeps state (house.test.ts), so that files may share one.
    isolate: false,
    sequence: { sequencer: MeshesFirst },
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});

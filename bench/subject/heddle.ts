import { NotMeasured } from "../rig/not-measured.ts";
import type { Subject, Topology } from "./subject.ts";
export function heddle(topology: Topology): Subject {
  return {
    name: "heddle",
    topology,
    features: [],
    start: async () => {
      throw new NotMeasured("no proxy yet");
    },
  };
}

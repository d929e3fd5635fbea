import type { Subset, SubsetKey } from "../balance/subset.ts";
import type { RuleBreakers } from "./rule-breakers.ts";

/** What a request asks of the choice of its endpoint, besides a placement. One for each exchange of which something is asked. */
export class PickWish {
  /** Of its affinity's key (`backend.affinity`); -1: none. */
  hash = -1;
  /** Uid of the workload that its session names; null: none. It is picked as long as it is well. */
  stickTo: string | null = null;
  /** Of its rule, which then stand in for the service's; null: none. */
  breakers: RuleBreakers | null = null;
  /** Only endpoints with labels; null: any. */
  subset: Subset | null = null;
  subsetKey: SubsetKey | null = null;
}

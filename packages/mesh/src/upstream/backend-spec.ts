import type { EndpointLabels } from "../balance/subset.ts";
import type { ContractReader } from "../contract/reader.ts";
import type { BackendPolicyDoc, EndpointState, PlacementDoc, SlotsDoc } from "../model/document.ts";
import type { HttpProtocol } from "../model/protocol.ts";
import type { FaultDraws } from "../policy/fault.ts";
import type { Target } from "./target.ts";

/** What a backend is made of: one service's documents, and the endpoints they name. */
export interface BackendSpec {
  readonly policy: BackendPolicyDoc;
  readonly placement: PlacementDoc | null;
  readonly slots: SlotsDoc | null;
  /** Reads requests as operations; null: the service has no Contract. */
  readonly contract: ContractReader | null;
  /** What its requests meet on purpose; null: nothing. */
  readonly fault: FaultDraws | null;
  /**
   * The version of HTTP that its processes speak and are asked in, whatever callers do (`spokenVersion` of the port's protocol).
   * Null, the default: the caller's. It holds for endpoints without identity alone, that is for processes themselves: a
   * peer's proxy is asked in the caller's version and translates beside its process.
   */
  readonly speaks?: HttpProtocol | null;
  /** What peers are offered for octets, where the port carries nothing else. Null, the default: requests are carried. */
  readonly octetsAlpn?: string | null;
  /** The caller's zone. Absent: unknown. */
  readonly zone?: string;
  readonly members: readonly BackendMember[];
}

export interface BackendMember {
  readonly target: Target;
  readonly phase: EndpointState["phase"];
  /** Absent: unknown. */
  readonly zone?: string;
  /** Absent: 0, the first. */
  readonly priority?: number;
  /** Those that subsets ask for. Absent: none. */
  readonly labels?: EndpointLabels;
}

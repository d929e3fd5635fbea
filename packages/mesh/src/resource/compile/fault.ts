import type { Fault } from "../heddle/fault.ts";
import { policyAttachable } from "./policy-attachable.ts";

/** Of all Faults on one target the oldest holds: two seeds would give no order that can be had again. */
export const faultPolicy = policyAttachable<Fault>({ table: "Fault", does: "is the fault of" });

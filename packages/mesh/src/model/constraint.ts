/**
 * What must hold on the process level so that what was said on the service level is true: a predicate over processes'
 * histories. Every kind has a checker of its own in `check/`, which reads intent and histories and nothing compiled.
 */
export type ConstraintKind =
  | "addressing"
  | "placement"
  | "split"
  | "timeout"
  | "rate"
  | "budget"
  | "affinity"
  | "access";

/** One constraint on one process, as the control plane compiled it: `heddle constraints <workload>`. */
export interface Constraint {
  readonly kind: ConstraintKind;
  /** The process it binds: `<namespace>/<workload>`. */
  readonly workload: string;
  /** What it is about: a service with its port, or a route's rule. */
  readonly subject: string;
  /** In words, with addresses, slots and shares as they are now. */
  readonly statement: string;
  /** Over what it is stated: `every message`, `per key`, `per caller`, `every exchange`. */
  readonly scope: string;
  /** How far a true history may be off: `none`, `±5 of 500`, `+50 ms`. */
  readonly errorBound: string;
  /** The intent it comes from: `Placement/default/kvs-by-key`. */
  readonly from: string;
}

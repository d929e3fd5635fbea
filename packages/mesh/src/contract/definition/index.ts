import type { Definition } from "../definition.ts";
import { counter } from "./counter.ts";
import { kvs } from "./kvs.ts";
import { lock } from "./lock.ts";
import { recommendation } from "./recommendation.ts";
import { register } from "./register.ts";

/** The shipped definitions by the name that a Contract gives: `definition: kvs`. */
export const definitions: Readonly<Record<string, Definition>> = {
  kvs,
  register,
  counter,
  lock,
  recommendation,
};

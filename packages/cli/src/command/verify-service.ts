import type { ContractRow } from "@heddle/control/api/verbs.ts";
import { exits, Fault } from "../render/fault.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { apiOf, type World } from "./world.ts";

/** `heddle verify <service>`. Sets the exit code. */
export async function verifyService(
  world: World,
  service: string,
  options: VerifyOptions,
): Promise<void> {
  const api = await apiOf(world, options);
  const namespace = options.namespace ?? "default";
  const rows = await api.verb<readonly ContractRow[]>("contracts", {
    query: { service, namespace },
  });
  if (rows.length === 0) {
    throw new Fault(
      exits.no,
      `Service ${service} has no Contract, so nothing is said that could be verified`,
      "see docs/contracts.md: a definition in one file, and a Contract that names it",
    );
  }
}

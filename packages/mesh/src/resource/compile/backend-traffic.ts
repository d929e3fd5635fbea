import type { BudgetDoc } from "../../model/policy.ts";
import type { Service } from "../core/service.ts";
import { sessionDoc } from "../gateway-api/session-persistence.ts";
import type { BackendTrafficPolicy } from "../gateway-api/xbackendtrafficpolicy.ts";
import { namespacedName, resourceKey } from "../meta.ts";
import { parseDurationMs } from "../schema/formats.ts";
import { ancestorAttachable, policyOn } from "./ancestor-policy.ts";
import type { ServiceWords } from "./policy-words.ts";
import { sessionName } from "./session-name.ts";
import type { World } from "./world.ts";

export const backendTrafficPolicies = ancestorAttachable<BackendTrafficPolicy>({
  table: "XBackendTrafficPolicy",
  refusedBy: () => null,
  more: () => [],
});

/** What the XBackendTrafficPolicy on a Service says. What rules say of sessions goes before it. */
export function trafficWords(service: Service, world: World): ServiceWords {
  const key = namespacedName(service);
  const all = world.attached("XBackendTrafficPolicy", `Service/${key}`);
  const policy = policyOn(all, service.metadata.name, null);
  if (policy === null) return {};
  const { retryConstraint, sessionPersistence } = policy.spec;
  const from = resourceKey(policy);
  return {
    ...(retryConstraint !== undefined && { budget: { value: budgetDoc(retryConstraint), from } }),
    ...(sessionPersistence !== undefined && {
      session: { value: sessionDoc(sessionPersistence, sessionName(`Service/${key}`)), from },
    }),
  };
}

/** GEP-3388: 20 % of the requests of 10 s, and 10 a second in any case, where it does not say. */
function budgetDoc(given: NonNullable<BackendTrafficPolicy["spec"]["retryConstraint"]>): BudgetDoc {
  const { percent = 20, interval = "10s" } = given.budget ?? {};
  const { count = 10, interval: every = "1s" } = given.minRetryRate ?? {};
  return {
    ratio: percent / 100,
    perSecondMin: (count * 1000) / Math.max(parseDurationMs(every) ?? 1000, 1),
    windowMs: parseDurationMs(interval) ?? 10_000,
  };
}

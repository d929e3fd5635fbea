import type { BackendPolicyDoc, FaultDoc } from "../../model/document.ts";
import type { AdmissionDoc } from "../../model/policy.ts";
import { defaultBackendPolicy } from "../../policy/backend-policy.ts";
import type { Service } from "../core/service.ts";
import { pickerAnnotation, pickerOf } from "../core/service-picker.ts";
import { namespacedName, resourceKey } from "../meta.ts";
import { compileAdmission } from "./admission.ts";
import { trafficWords } from "./backend-traffic.ts";
import { saidOn } from "./policies-on.ts";
import {
  overridden,
  type ServiceWords,
  serviceWords,
  valuesOf,
  type Word,
} from "./policy-words.ts";
import type { World } from "./world.ts";

export interface CompiledServicePolicy {
  /** For its callers. */
  readonly policy: BackendPolicyDoc;
  readonly fault: FaultDoc | null;
  /** For the proxies beside its own processes. Null: everything is taken in. */
  readonly admission: AdmissionDoc | null;
}

/** All that policies say of a Service and of routes that send to it. */
export function compileServicePolicy(service: Service, world: World): CompiledServicePolicy {
  const { fault, requestTimeoutMs, ...policy } = valuesOf(serviceWordsOf(service, world));
  return {
    policy: {
      ...defaultBackendPolicy,
      ...policy,
      requestTimeoutMs: requestTimeoutMs === 0 ? null : (requestTimeoutMs ?? null),
    },
    fault: fault ?? null,
    admission: compileAdmission(service, world),
  };
}

/** What is said of a Service, field by field, and by whom: an XBackendTrafficPolicy, the picker its annotation names, policies. */
export function serviceWordsOf(service: Service, world: World): ServiceWords {
  const place = { kind: "Service", name: service.metadata.name, rule: null } as const;
  const said = saidOn(`Service/${namespacedName(service)}`, place, world);
  return overridden<ServiceWords>(
    trafficWords(service, world),
    annotated(service),
    serviceWords(said),
  );
}

function annotated(service: Service): { readonly picker?: Word<BackendPolicyDoc["picker"]> } {
  const picker = pickerOf(service);
  if (picker === defaultBackendPolicy.picker) return {};
  return { picker: { value: picker, from: `${resourceKey(service)} (${pickerAnnotation})` } };
}

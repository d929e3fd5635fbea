import type { BackendTlsDoc } from "../../model/policy.ts";
import type { Service } from "../core/service.ts";
import type { BackendTlsPolicy } from "../gateway-api/backendtlspolicy.ts";
import { namespacedName, namespaceOf } from "../meta.ts";
import { ancestorAttachable, policyOn } from "./ancestor-policy.ts";
import { type Refusal, resolvedRefs } from "./claims.ts";
import { servedPorts } from "./service-port.ts";
import type { World } from "./world.ts";

/**
 * The last hop, from a destination's proxy to its own process. Between proxies it is mTLS whatever this says, so that the
 * policy says nothing to callers (its use in a mesh is for the implementation to define).
 */
export const backendTlsPolicies = ancestorAttachable<BackendTlsPolicy>({
  table: "BackendTLSPolicy",
  refusedBy: (policy, world) => {
    const { message } = authorities(policy, world);
    if (message === null) return null;
    return { reason: "NoValidCACertificate", message: `${message} Its requests fail.` };
  },
  more: (policy, world) => [resolvedRefs(authorities(policy, world).refusals)],
});

/** By port number of the Service: how its process is spoken to. Ports without a policy are left out. */
export function backendTlsOf(service: Service, world: World): ReadonlyMap<number, BackendTlsDoc> {
  const found = new Map<number, BackendTlsDoc>();
  const all = world.attached("BackendTLSPolicy", `Service/${namespacedName(service)}`);
  if (all.length === 0) return found;
  for (const { name = null, port } of servedPorts(service)) {
    const policy = policyOn(all, service.metadata.name, name);
    if (policy !== null) found.set(port, backendTlsDoc(policy, world));
  }
  return found;
}

function backendTlsDoc(policy: BackendTlsPolicy, world: World): BackendTlsDoc {
  const { hostname, subjectAltNames = [] } = policy.spec.validation;
  const { ca, message } = authorities(policy, world);
  const names = subjectAltNames.map(({ hostname, uri }) => hostname ?? uri ?? "");
  return {
    serverName: hostname,
    ca,
    names: names.length === 0 ? [hostname] : names,
    fails: message,
  };
}

interface Authorities {
  /** PEM; null: the system's, or none. */
  readonly ca: string | null;
  /** Why there are none; null: there are. */
  readonly message: string | null;
  readonly refusals: readonly Refusal[];
}

/** Those that a policy trusts: of several references the good ones. */
function authorities(policy: BackendTlsPolicy, world: World): Authorities {
  const { caCertificateRefs = [], wellKnownCACertificates } = policy.spec.validation;
  if (caCertificateRefs.length === 0) {
    const isKnown = wellKnownCACertificates === "System";
    const message = `heddle knows no authorities called ${wellKnownCACertificates}.`;
    return { ca: null, message: isKnown ? null : message, refusals: [] };
  }
  const texts: string[] = [];
  const refusals: Refusal[] = [];
  for (const { group, kind, name } of caCertificateRefs) {
    const key = `${namespaceOf(policy)}/${name}`;
    if ((group !== "" && group !== "core") || kind !== "ConfigMap") {
      const message = `${kind} ${name} is not a ConfigMap.`;
      refusals.push({ reason: "InvalidKind", message });
      continue;
    }
    const text = world.find("ConfigMap", key)?.data?.["ca.crt"];
    if (text !== undefined && certificate.test(text)) texts.push(text.trim());
    else {
      const message = `ConfigMap ${key} has no certificate in ca.crt, or is not there.`;
      refusals.push({ reason: "InvalidCACertificateRef", message });
    }
  }
  const message = texts.length > 0 ? null : refusals.map((one) => one.message).join(" ");
  return { ca: texts.length > 0 ? `${texts.join("\n")}\n` : null, message, refusals };
}

const certificate = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/;

import type { ServiceDoc } from "../../model/document.ts";
import type { Service } from "../core/service.ts";
import { notePicker } from "../core/service-picker.ts";
import { noteProtocols } from "../core/service-protocol.ts";
import { namespacedName, namespaceOf } from "../meta.ts";
import { Problems } from "../schema/problem.ts";
import { backendTlsOf } from "./backend-tls.ts";
import type { CompiledService } from "./compiled.ts";
import { compileContract } from "./contract.ts";
import { labelsWanted } from "./labels-wanted.ts";
import { compilePlacement } from "./placement.ts";
import { compileServicePolicy } from "./service-policy.ts";
import { noteUnserved, servedPorts } from "./service-port.ts";
import { compileServiceRoutes } from "./service-routes.ts";
import type { ResourceKey } from "./tables.ts";
import type { World } from "./world.ts";

/** Hashes with it can be made by anybody who knows the values. */
export const noHashKey = "0".repeat(32);

/** The document a caller in `namespace` is given. */
export function serviceDocFor(compiled: CompiledService, namespace: string): ServiceDoc {
  return compiled.consumers.get(namespace) ?? compiled.doc;
}

/** A Service and all that is attached to it. Total: whatever is wrong becomes a condition and a defined failure. */
export function compileService(service: Service, world: World): CompiledService {
  const { name } = service.metadata;
  const key: ResourceKey = `Service/${namespacedName(service)}`;
  const routes = compileServiceRoutes(service, world);
  const contracts = world.attached("Contract", key);
  const placement = compilePlacement(world.attached("Placement", key), name);
  const contract = contracts.length === 0 ? null : compileContract(contracts, name, world.hashKey);
  const { policy, fault, admission } = compileServicePolicy(service, world);
  const docFor = (consumer: string | null): ServiceDoc => ({
    kind: "service",
    namespace: namespaceOf(service),
    name,
    ports: routes.portsFor(consumer),
    placement,
    policy,
    contract,
    fault,
    ...(admission === null ? {} : { admission }),
  });
  const notes = new Problems();
  noteUnserved(service, notes);
  noteProtocols(service, servedPorts(service), notes);
  notePicker(service, notes);
  return {
    doc: docFor(null),
    consumers: new Map(routes.consumers.map((one) => [one, docFor(one)])),
    parents: routes.parents,
    backendTls: backendTlsOf(service, world),
    labelsWanted: labelsWanted(key, world),
    notes: notes.found,
  };
}

import { describeKey, type Placement } from "../heddle/placement.ts";
import type { Refusal } from "./claims.ts";
import type { CompiledService } from "./compiled.ts";
import { doesPlace } from "./placement.ts";
import { policyAttachable } from "./policy-attachable.ts";
import { octetsAlone } from "./service-port.ts";

export const placementPolicy = policyAttachable<Placement>({
  table: "Placement",
  does: doesPlace,
  refusedBy: keyless,
});

/** A key in a request where no port of the Service has any. */
function keyless({ spec: { key } }: Placement, { doc }: CompiledService): Refusal | null {
  if (key.source === true || key.identity === true) return null;
  const carried = octetsAlone(doc.ports);
  if (carried === null) return null;
  return {
    reason: "UnsupportedProtocol",
    message: `Service ${doc.namespace}/${doc.name} carries octets (${carried}), which have no ${describeKey(key)}: its connections fail as unsupported. A key by source or identity needs no request.`,
  };
}

import { describeKey, type Placement } from "../heddle/placement.ts";
import type { Refusal } from "./claims.ts";
import type { CompiledService } from "./compiled.ts";
import { doesPlace } from "./placement.ts";
import { policyAttachable } from "./policy-attachable.ts";
import { carriesHttp } from "./service-port.ts";

export const placementPolicy = policyAttachable<Placement>({
  table: "Placement",
  does: doesPlace,
  refusedBy: keyless,
});

/** A key in a request where no port of the Service has any. */
function keyless({ spec: { key } }: Placement, { doc }: CompiledService): Refusal | null {
  if (key.source === true || key.identity === true) return null;
  if (doc.ports.length === 0 || doc.ports.some(({ protocol }) => carriesHttp(protocol)))
    return null;
  const ports = doc.ports.map(({ number, protocol }) => `${number}=${protocol}`).join(", ");
  return {
    reason: "UnsupportedProtocol",
    message: `Service ${doc.namespace}/${doc.name} carries octets (${ports}), which have no ${describeKey(key)}: its connections fail as unsupported. A key by source or identity needs no request.`,
  };
}

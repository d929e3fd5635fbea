import type { ExecGrant } from "@heddle/control/api/verbs.ts";
import { type FaultSpec, faultKind } from "@heddle/mesh/resource/heddle/fault.ts";
import type { ApiClient } from "../api/client.ts";
import { StatusError } from "../api/status-error.ts";

/** A Fault that the mesh injects while we drive. */
export interface MadeFault {
  /** In words: `5 % of the requests held back for 50 ms`. */
  readonly words: readonly string[];
  remove(): Promise<void>;
}

/** Share of the requests that are held back, in percent, and for how long, in ms. */
const DELAY_PERCENT = 5;
const DELAY_MS = 50;
/** Share of the requests whose connection is reset, in percent. */
const RESET_PERCENT = 2;

/**
 * Tells the callers' own proxy to delay and reset. The Fault belongs to the guest workload and hits nobody else's
 * requests: where we are killed it goes with the workload. Null: neither is asked for.
 */
export async function makeFault(
  api: ApiClient,
  options: {
    readonly guest: ExecGrant;
    readonly service: string;
    readonly kinds: readonly string[];
    readonly seed: number;
    readonly author: string;
  },
): Promise<MadeFault | null> {
  const { guest, service, kinds, seed, author } = options;
  const isDelayed = kinds.includes("delay");
  const isReset = kinds.includes("reset");
  if (!isDelayed && !isReset) return null;
  const spec: FaultSpec = {
    targetRefs: [{ group: "", kind: "Service", name: service }],
    callers: [guest.name],
    seed,
    ...(isDelayed ? { delay: { percent: DELAY_PERCENT, milliseconds: DELAY_MS } } : {}),
    ...(isReset ? { reset: { percent: RESET_PERCENT } } : {}),
  };
  const apiVersion = `${faultKind.group}/${faultKind.version}`;
  const owner = { apiVersion, kind: "Workload", name: guest.name, uid: guest.uid };
  const { name, namespace } = guest;
  const metadata = { name, namespace, ownerReferences: [owner] };
  await api.create(faultKind, { apiVersion, kind: "Fault", metadata, spec }, author);
  const words: string[] = [];
  if (isDelayed) words.push(`${DELAY_PERCENT} % of the requests held back for ${DELAY_MS} ms`);
  if (isReset) words.push(`the connection of ${RESET_PERCENT} % reset`);
  return {
    words,
    remove: async () => {
      try {
        await api.delete(faultKind, namespace, name, author);
      } catch (error) {
        const isGone = error instanceof StatusError && error.status.code === 404;
        if (!isGone) throw error;
      }
    },
  };
}

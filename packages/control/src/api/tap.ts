import { selects } from "@heddle/mesh/resource/compile/workload-view.ts";
import { parseTapFilter } from "@heddle/mesh/telemetry/tap.ts";
import type { Door } from "../serve/door.ts";
import type { Controller } from "../watch/controller.ts";
import type { JsonLines } from "./http.ts";
import { ApiError } from "./status.ts";
import type { TapLine } from "./verbs.ts";

/** A client that reads too slowly loses items beyond so many bytes, and is told how many. */
const queueBytesMax = 4 << 20;

/** Serves `tap` until the client goes: what the query asks for, from all proxies concerned, as it arrives. */
export async function serveTap(
  query: URLSearchParams,
  { controller, door }: { readonly controller: Controller; readonly door: Door },
  lines: JsonLines,
): Promise<void> {
  const target = query.get("target");
  const namespace = query.get("namespace") ?? "default";
  const [word, name] = target === null ? [null, null] : target.split("/");
  const service = word === "service" ? `${namespace}/${name}` : null;
  const status = query.get("status");
  const filter = parseTapFilter({
    direction: query.get("direction") ?? (service === null ? null : "in"),
    service,
    method: query.get("method"),
    pathPrefix: query.get("path"),
    authority: query.get("authority"),
    status: status === null ? null : Number(status),
    source: query.get("source"),
    destination: query.get("destination"),
    protocol: query.get("protocol"),
    ...(query.has("maxRps") ? { maxRps: Number(query.get("maxRps")) } : {}),
  });
  if (filter === null) throw new ApiError("BadRequest", "tap: a condition that cannot be");
  const isMeant = targetOf(word ?? null, name ?? null, namespace, filter.direction, controller);
  lines.start();
  let lost = 0;
  const request = door.requests.open(
    { what: "tap", isMeant, filter },
    {
      onItems: (uid, items, dropped) => {
        lost += dropped;
        const workload = controller.views.get(uid)?.name ?? uid;
        if (lines.queuedBytes > queueBytesMax) {
          lost += items.length;
          return;
        }
        if (lost > 0) lines.write({ dropped: lost } satisfies TapLine);
        lost = 0;
        for (const item of items) lines.write({ workload, item } satisfies TapLine);
      },
    },
  );
  await lines.closed;
  request.close();
}

/** Which workloads' proxies are asked. */
function targetOf(
  word: string | null,
  name: string | null,
  namespace: string,
  direction: "in" | "out" | null,
  controller: Controller,
): (uid: string) => boolean {
  if (word === null) return () => true;
  const find = (uid: string) => controller.views.get(uid);
  switch (word) {
    case "service": {
      const key = `${namespace}/${name}`;
      const service = controller.index.inputs.services.get(key);
      if (service === undefined)
        throw new ApiError("NotFound", `no Service "${name}" in namespace ${namespace}`);
      if (direction === "out") return () => true; // its callers may be anywhere
      return (uid) => {
        const view = find(uid);
        return view !== undefined && selects(service, view);
      };
    }
    case "process":
    case "gateway":
      return (uid) => {
        const spec = controller.workloadOf(uid)?.spec;
        return find(uid)?.namespace === namespace && spec?.[word] === name;
      };
    case "workload":
      return (uid) => find(uid)?.namespace === namespace && find(uid)?.name === name;
    default:
      throw new ApiError(
        "BadRequest",
        `tap: expected service/, process/, gateway/ or workload/, got "${word}"`,
      );
  }
}

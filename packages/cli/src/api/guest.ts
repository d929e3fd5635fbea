import type { ExecGrant, ExecRequest } from "@heddle/control/api/verbs.ts";
import { exits, Fault } from "../render/fault.ts";
import type { ApiClient } from "./client.ts";

/** A workload of the mesh that is us: with a proxy and an identity of its own. */
export interface Guest {
  readonly grant: ExecGrant;
  /** The workload goes. */
  close(): Promise<void>;
}

/** Makes one. It lives as long as this stream: whatever ends us ends it too. @throws StatusError, Fault. */
export async function openGuest(api: ApiClient, request: Omit<ExecRequest, "pid">): Promise<Guest> {
  const stop = new AbortController();
  const body: ExecRequest = { ...request, pid: process.pid };
  const stream = api.lines("exec", { method: "POST", body, signal: stop.signal });
  const first = await stream.next();
  if (first.done === true)
    throw new Fault(exits.no, "the mesh did not make a workload", "heddle check");
  return {
    grant: first.value as ExecGrant,
    close: async () => {
      stop.abort();
      await stream.return(undefined);
    },
  };
}

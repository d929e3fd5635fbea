import type { WorkloadDoc } from "../model/document.ts";
import { acceptedName, endText } from "../net/connection-name.ts";
import type { Connection } from "../net/transport.ts";
import type { Source } from "../relay/frontend.ts";

/** The source of requests on a connection from a peer's proxy. */
export function peerSource(connection: Connection): Source {
  const identity = connection.peer?.id ?? null;
  return {
    address: endText(connection.remote),
    own: endText(connection.local),
    connection: acceptedName(connection),
    identity,
    isTls: connection.peer !== null,
    placement: { workloadUid: null, identity },
    name: null,
    ownAuthority: "",
  };
}

/** The source of requests on a connection from our own application, or from a client of our gateway. */
export function localSource(connection: Connection, workload: WorkloadDoc): Source {
  return {
    address: endText(connection.remote),
    own: endText(connection.local),
    connection: acceptedName(connection),
    identity: null,
    isTls: false,
    placement: { workloadUid: workload.uid, identity: workload.identity },
    name: workload.name,
    ownAuthority: endText(connection.local),
  };
}

/** `127.0.0.1:80` → `127.0.0.1`, `[::1]:80` → `::1`. */
export function hostOfAddress(text: string): string {
  if (text.startsWith("[")) return text.slice(1, text.indexOf("]"));
  const colon = text.lastIndexOf(":");
  return colon === -1 ? text : text.slice(0, colon);
}

import { reasonField } from "../model/reason.ts";
import { ruleField } from "../policy/admission.ts";
import { workloadField } from "../relay/frontend.ts";

/**
 * Fields by which proxies of the mesh speak of a caller. An application must not say them of itself: they are removed
 * from every request where it enters the mesh.
 */
export const peerFields: readonly string[] = [
  reasonField,
  "x-heddle-client-id",
  "x-forwarded-client-cert",
  "l5d-client-id",
];

/** The same where an application's own requests enter: there is no proxy before us that could say who it is. */
export const internalFields: readonly string[] = [...peerFields, workloadField, ruleField];

/** The caller's SPIFFE ID as its certificate proved it; set for the application by the proxy beside it. */
export const clientIdField = "x-heddle-client-id";

/** What a client outside the mesh must not say of itself either; a gateway says it anew. */
export const edgeFields: readonly string[] = [
  ...internalFields,
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
];

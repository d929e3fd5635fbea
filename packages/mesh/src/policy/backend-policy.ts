import type { BackendPolicyDoc } from "../model/document.ts";

/** What callers of a service do where nothing else is said, and of one whose documents are not here yet. */
export const defaultBackendPolicy: BackendPolicyDoc = {
  picker: "p2c-ewma",
  connectTimeoutMs: 1000,
  requestTimeoutMs: null,
  queueMax: 100,
  failfastMs: 3000,
};

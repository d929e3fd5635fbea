import type { Clock } from "@heddle/mesh/base/clock.ts";
import type { Log } from "@heddle/mesh/base/log.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import type { Digester } from "@heddle/mesh/snapshot/digest.ts";
import type { Recordings } from "../recording/recordings.ts";
import type { Controller } from "../watch/controller.ts";

/** Signs leaves; `ca/authority.ts` is one, and in a simulation a label maker. */
export interface Signer {
  readonly bundlePem: string;
  issue(id: SpiffeId, publicKeyPem: string): Promise<string>;
}

/** What the proxies' door and its sessions share. */
export interface ServeContext {
  readonly clock: Clock;
  readonly log: Log;
  readonly controller: Controller;
  readonly authority: Signer;
  readonly digester: Digester;
  readonly recordings: Recordings;
}

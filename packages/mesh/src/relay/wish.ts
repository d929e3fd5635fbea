import type { RequestHead } from "../model/head.ts";
import type { RequestPolicy } from "../policy/request-policy.ts";
import type { Backend } from "../upstream/backend.ts";
import { PickWish } from "../upstream/pick-wish.ts";
import type { RelayContext } from "./context.ts";
import type { Source } from "./frontend.ts";
import type { KeptSession } from "./kept-session.ts";

/** What one request, as it is forwarded, asks of the choice of its endpoint; null: nothing. */
export function wishOf(
  context: RelayContext,
  backend: Backend,
  policy: RequestPolicy | null,
  session: KeptSession | null,
  head: RequestHead,
  { placement }: Source,
): PickWish | null {
  const { affinity } = backend;
  const subset = policy?.subset ?? backend.subset;
  const breaker = policy?.breaker ?? null;
  if (affinity === null && subset === null && breaker === null && session === null) return null;
  const wish = new PickWish();
  if (affinity !== null) wish.hash = affinity.hashOf(head, placement);
  if (breaker !== null) wish.breakers = context.breakersOf(policy!.scope, breaker);
  if (subset !== null) {
    wish.subset = subset;
    wish.subsetKey = subset.keyOf(head);
  }
  if (session !== null) wish.stickTo = session.uidAt(backend);
  return wish;
}

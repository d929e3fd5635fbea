import { messageId } from "../history/exchange.ts";
import { formatSpiffeId, parseSpiffeId, type SpiffeId } from "../model/identity.ts";
import { meshSettings } from "../resource/heddle/mesh.ts";
import { type Evidence, type IntentState, resourcesOf } from "./evidence.ts";
import { accountOf, type Members, membersIn, namespaceOfKey } from "./members.ts";
import { idOf } from "./messages.ts";
import { isAsking, livesOf, type Seen } from "./records.ts";
import { type ConstraintReport, Findings, whileChanging } from "./report.ts";
import { Timeline } from "./timeline.ts";

/** Who everybody is. */
interface Identities {
  readonly profile: string;
  readonly trustDomain: string;
  readonly members: readonly Members[];
}

/**
 * Between proxies there is mutual TLS alone: whoever is received from has proved the identity that intent gives to the
 * workload that sent, and whoever is sent to was asked for the identity that intent gives to it. Who sent is known from
 * the sender's own record of the message; where that is not there, from what its proxy said.
 */
export function checkAccess(evidence: Evidence): ConstraintReport {
  const findings = new Findings("access", "every message between proxies", "none");
  const timeline = new Timeline(evidence, identitiesIn);
  const lives = livesOf(evidence.batches);
  const senders = new Map<string, string>();
  const all = lives.flatMap(({ exchanges }) => exchanges);
  for (const { exchange, of } of all.filter(isAsking)) {
    for (const attempt of exchange.attempts) {
      const id = idOf(attempt);
      if (id !== null) senders.set(id, of.workload);
    }
  }
  for (const { value } of timeline.periods) {
    if (value.profile === "run") for (const { process } of value.members) findings.ask(process);
  }
  for (const seen of all) {
    const period = timeline.during(seen.startWallMs, seen.endWallMs);
    if (period === null) findings.skip(whileChanging);
    else if (period.value.profile !== "run")
      findings.skip(`the profile is ${period.value.profile}`);
    else if (seen.exchange.direction === "inbound") {
      judgeReceived(seen, period.value, senders, evidence, findings);
    } else if (isAsking(seen)) judgeSent(seen, period.value, evidence, findings);
  }
  return findings.report();
}

function judgeReceived(
  seen: Seen,
  intent: Identities,
  senders: ReadonlyMap<string, string>,
  evidence: Evidence,
  findings: Findings,
): void {
  const { exchange, of } = seen;
  const { front } = exchange;
  const message = messageId(front.connection, front.ordinal, "request");
  findings.judge();
  const violate = (what: string, sender: string | null, expected: string, found: string) =>
    findings.violate({
      what,
      processes: sender === null ? [of.workload] : [sender, of.workload],
      messages: [message],
      about: `${exchange.service}:${exchange.servicePort}`,
      expected,
      found,
      atWallMs: seen.startWallMs,
    });
  if (front.peer === null) {
    violate(
      `${of.workload} was reached from ${front.source} without TLS`,
      null,
      "mutual TLS",
      "a plain connection",
    );
    return;
  }
  const peer = parseSpiffeId(front.peer);
  if (peer === null || peer.trustDomain !== intent.trustDomain) {
    violate(
      `${of.workload} was reached by somebody of another trust domain`,
      null,
      `spiffe://${intent.trustDomain}/…`,
      front.peer,
    );
    return;
  }
  const said = front.caller === null ? null : `${peer.namespace}/${front.caller}`;
  const sender = senders.get(message) ?? said;
  if (sender === null) {
    findings.skip("nobody says who sent it");
    return;
  }
  const expected = identityOf(sender, intent, evidence);
  if (expected === null) {
    findings.skip("no intent says who the sender is");
    return;
  }
  if (expected === front.peer) return;
  violate(`${sender} came to ${of.workload} as somebody else`, sender, expected, front.peer);
}

function judgeSent(seen: Seen, intent: Identities, evidence: Evidence, findings: Findings): void {
  const { exchange, of } = seen;
  for (const attempt of exchange.attempts) {
    const { endpoint, endpointUid, identity, target } = attempt;
    const id = idOf(attempt);
    if (exchange.backend === null) continue;
    const receiver = `${namespaceOfKey(exchange.backend)}/${endpoint}`;
    const expected = identityOf(receiver, intent, evidence);
    if (expected === null) {
      findings.skip("no intent says who the receiver is");
      continue;
    }
    findings.judge();
    if (identity === expected) continue;
    findings.violate({
      what:
        identity === null
          ? `${of.workload} would have sent to ${receiver} without TLS`
          : `${of.workload} expected somebody else at ${receiver}`,
      processes: [of.workload, receiver],
      messages: id === null ? [] : [id],
      about: `${exchange.backend}:${exchange.backendPort} at ${target}, ${endpointUid}`,
      expected,
      found: identity ?? "a plain connection",
      atWallMs: seen.startWallMs,
    });
  }
}

function identityOf(workload: string, intent: Identities, evidence: Evidence): SpiffeId | null {
  const serviceAccount = accountOf(workload, intent.members, evidence);
  if (serviceAccount === null) return null;
  const { trustDomain } = intent;
  return formatSpiffeId({ trustDomain, namespace: namespaceOfKey(workload), serviceAccount });
}

function identitiesIn(state: IntentState): Identities {
  const [mesh] = resourcesOf(state, "Mesh");
  const { profile, trustDomain } = meshSettings(mesh ?? null);
  return { profile, trustDomain, members: membersIn(state) };
}

import type { Evidence } from "./evidence.ts";
import { namespaceOfKey } from "./members.ts";
import { type Received, receivedBy, type Sent, sentBy, unique, violateAt } from "./messages.ts";
import { checkNumbering } from "./numbering.ts";
import { Origins } from "./origins.ts";
import { livesOf } from "./records.ts";
import { type ConstraintReport, Findings, whileChanging, wordsOf } from "./report.ts";
import { ServiceProcesses } from "./service-processes.ts";
import { Targets } from "./targets.ts";

/**
 * The addressing rule between proxies: Send•M at E1 and Recv•M at E2 imply target-address[M] = address[E2], both have
 * the same account of M, and what was sent to a service was received by a process of it, by the labels of intent. And
 * no message comes from nothing (H5): each one received was sent, each reply that came was given. A message that was
 * sent and not received is lost, which is no breach.
 *
 * It pairs both ends by message id alone, and shares nothing with `history/`'s own evaluation of the rule.
 */
export function checkAddressing(evidence: Evidence): ConstraintReport {
  const findings = new Findings("addressing", "every message between proxies", "none");
  const lives = livesOf(evidence.batches);
  const processes = new ServiceProcesses(evidence);
  for (const service of processes.services) findings.ask(service);
  checkNumbering(evidence.streams ?? evidence.batches, findings);
  const sent = unique(lives.flatMap(sentBy), "sent", findings);
  const received = unique(lives.flatMap(receivedBy), "received", findings);
  const targets = new Targets(evidence, received.values(), processes, findings);
  for (const seen of lives.flatMap(({ exchanges }) => exchanges)) targets.judge(seen);
  const origins = new Origins(evidence, lives, findings);
  for (const send of sent.values()) {
    const recv = received.get(send.id);
    if (recv !== undefined) judgePair(send, recv, findings);
    else origins.judgeReply(send);
  }
  for (const recv of received.values()) {
    judgeReceiver(recv, processes, findings);
    if (!sent.has(recv.id)) origins.judgeRequest(recv);
  }
  return findings.report();
}

/** Both ends know of one message, at one address. */
function judgePair(send: Sent, recv: Received, findings: Findings): void {
  const [from, to] = [send.seen.exchange, recv.seen.exchange];
  const processes = [send.seen.of.workload, recv.seen.of.workload];
  const { target, endpoint } = send.attempt;
  const compare = (what: string, expected: string, found: string) => {
    if (expected !== found) violateAt(findings, recv, what, { processes, expected, found });
  };
  compare("a message was received at another address than it was sent to", target, recv.front.own);
  compare(
    "a message was received by another process than it was meant for",
    `${namespaceOfKey(from.backend!)}/${endpoint}`,
    recv.seen.of.workload,
  );
  compare(
    "a message was received for another service than it was sent to",
    `${from.backend}:${from.backendPort}`,
    `${to.service}:${to.servicePort}`,
  );
  compare("both ends tell another content of one message", wordsOf(from), wordsOf(to));
}

/** The lifted rule: what is received for a service is received by a process of it. */
function judgeReceiver(recv: Received, processes: ServiceProcesses, findings: Findings): void {
  const { seen } = recv;
  const { exchange, of } = seen;
  const meant = processes.during(seen);
  if (meant === null) {
    findings.skip(whileChanging);
    return;
  }
  if (processes.isOf(of.workload, exchange.service, seen) === true) return;
  violateAt(findings, recv, `${of.workload} received what was sent to ${exchange.service}`, {
    processes: [of.workload],
    expected: `a process of ${meant[exchange.service]?.join(" or ") || "nobody"}`,
    found: of.workload,
  });
}

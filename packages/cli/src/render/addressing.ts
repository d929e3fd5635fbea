import type { AddressingReport, AddressingViolation } from "@heddle/mesh/history/addressing.ts";
import type { Undelivered } from "@heddle/mesh/history/delivery.ts";
import { shortName } from "@heddle/mesh/history/endpoint-name.ts";
import { formatEvent, formatService } from "@heddle/mesh/history/notation.ts";
import { count, formatCount } from "./count.ts";
import type { Style } from "./style.ts";
import { formatVerdictMark, formatVerdictWord } from "./verdict-word.ts";

/** Violations, and messages that were lost, that are shown one by one. */
const shownMax = 5;

const hopRule = "Send•M ∈ H[E1] ∧ Recv•M ∈ H[E2] ⟹ target-address[M] = address[E2]";
const serviceRule = "sent to S ⟹ received only by a process of S";

/** The report for people: the two rules, what breaks them, and apart from that what was not delivered. */
export function formatAddressing(
  report: AddressingReport,
  { style, namespace }: { readonly style: Style; readonly namespace: string },
): string {
  const { violations, delivered, observed, inferred } = report;
  const ofHop = violations.filter(({ rule }) => rule !== "service");
  const ofService = violations.filter(({ rule }) => rule === "service");
  const write = (each: AddressingViolation) => formatViolation(each, namespace);
  const lines = [
    ` ${mark(ofHop, style)} ${hopRule}`,
    `     ${count(delivered, "message")}: ${formatCount(observed)} observed at both ends, ${formatCount(inferred)} with one end inferred by the proxy beside it`,
    ...some(ofHop, write),
    ` ${mark(ofService, style)} ${serviceRule}`,
    `     ${count(report.judgedByService, "request")} held against intent; ${formatCount(report.unjudgedByService)} of which intent is not known`,
    ...some(ofService, write),
    ...undelivered("lost", report.lost, namespace),
    ...undelivered("not explained", report.unexplained, namespace),
    summary(report, style),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

function summary(report: AddressingReport, style: Style): string {
  const { verdict, delivered, violations, lost, inFlight, unknown } = report;
  const words = {
    holds: `${count(delivered, "message")} received by whom they were meant for`,
    violated: `${count(violations.length, "message")} came where ${violations.length === 1 ? "it was" : "they were"} not meant to`,
    undecided:
      delivered === 0 ? "no message is recorded at both ends" : "some messages are not explained",
  };
  const others = [
    `${formatCount(lost.length)} lost`,
    `${formatCount(inFlight.length)} in flight`,
    `${formatCount(unknown.length)} of which one end is not recorded`,
  ];
  return `${formatVerdictWord(verdict, style)}: ${words[verdict]}; ${others.join(", ")}`;
}

/** E1, E2, M and both addresses. */
function formatViolation(
  { sender, receiver, message, targetAddress, address, meant, service, type }: AddressingViolation,
  namespace: string,
): readonly string[] {
  const short = (name: string) => shortName(name, namespace);
  const of = service === null ? type : `${type} for ${formatService(service, namespace)}`;
  const forWhom = meant === null ? "" : `, meant for ${short(meant)}`;
  return [
    `     E1 ${short(sender)}   E2 ${short(receiver)}   M ${message}, a ${of}`,
    `        target-address[M] = ${targetAddress}${forWhom}; address[E2] = ${address}`,
  ];
}

function undelivered(
  what: string,
  found: readonly Undelivered[],
  namespace: string,
): readonly string[] {
  if (found.length === 0) return [];
  const write = ({ event, why }: Undelivered) => [
    `     ${shortName(event.endpoint, namespace)}  ${formatEvent(event, { namespace })}   ${why}`,
  ];
  return [`   ${what}`, ...some(found, write)];
}

function some<T>(items: readonly T[], write: (item: T) => readonly string[]): readonly string[] {
  const rest = items.length - shownMax;
  const more = rest > 0 ? [`     … and ${formatCount(rest)} more; -o json has all`] : [];
  return [...items.slice(0, shownMax).flatMap(write), ...more];
}

function mark(violations: readonly unknown[], style: Style): string {
  return formatVerdictMark(violations.length > 0 ? "violated" : "holds", style);
}

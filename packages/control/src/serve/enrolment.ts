import type { Timer } from "@heddle/mesh/base/clock.ts";
import { parseEnrol } from "@heddle/mesh/discovery/codec.ts";
import { LineConnection } from "@heddle/mesh/discovery/lines.ts";
import type { Enrol, Enrolled, Refused } from "@heddle/mesh/discovery/protocol.ts";
import { isProven } from "@heddle/mesh/identity/attest.ts";
import { keyFingerprint } from "@heddle/mesh/identity/key.ts";
import type { Connection, ConnectionEvents } from "@heddle/mesh/net/transport.ts";
import type { Tokens } from "../ca/tokens.ts";
import type { ServeContext } from "./context.ts";

/** The whole enrolment, in ms. */
const timeoutMs = 10_000;
/** An enrolment is short; whoever sends more is no proxy of ours. */
const lineBytesMax = 16_384;

/** Takes one enrolment on `connection`: token and proof in, leaf out, end. */
export function serveEnrolment(
  connection: Connection,
  tokens: Tokens,
  context: ServeContext,
): ConnectionEvents {
  let isAsked = false;
  const line = new LineConnection(
    {
      onOpen: () => {},
      onMessage: (message) => {
        if (isAsked) {
          line.fail("one enrolment a connection");
          return;
        }
        isAsked = true;
        void answer(message, tokens, context).then((reply) => {
          line.send(reply);
          line.end();
        });
      },
      onDrain: () => {},
      onClose: () => timer.cancel(),
    },
    lineBytesMax,
  ).attach(connection);
  const timer: Timer = context.clock.after(timeoutMs, () => line.fail("no enrolment in time"));
  return line;
}

async function answer(
  message: unknown,
  tokens: Tokens,
  context: ServeContext,
): Promise<Enrolled | Refused> {
  const { log, controller, authority } = context;
  const enrol = parseEnrol(message);
  if (typeof enrol === "string") return { type: "refused", reason: enrol };
  const reason = judge(enrol, tokens);
  const id = controller.identityOf(enrol.workloadUid);
  if (reason !== null || id === null) {
    log.warn({ uid: enrol.workloadUid, reason: reason ?? "no such workload" }, "enrolment refused");
    return { type: "refused", reason: reason ?? "no such workload" };
  }
  try {
    const chainPem = await authority.issue(id, enrol.publicKeyPem);
    log.info({ uid: enrol.workloadUid, id }, "enrolled");
    return { type: "enrolled", chainPem, bundlePem: authority.bundlePem };
  } catch (cause) {
    log.error({ cause: String(cause), uid: enrol.workloadUid }, "leaf not issued");
    return { type: "refused", reason: "leaf not issued" };
  }
}

/** Why not; null: by all means. The token is used up either way. */
function judge({ workloadUid, token, publicKeyPem, proof }: Enrol, tokens: Tokens): string | null {
  const redeemed = tokens.redeem(token, workloadUid, keyFingerprint(publicKeyPem) ?? "");
  if (!redeemed.ok) return redeemed.detail;
  const isHeld = isProven({ purpose: "enrol", workloadUid, token }, publicKeyPem, proof);
  return isHeld ? null : "proof does not hold";
}

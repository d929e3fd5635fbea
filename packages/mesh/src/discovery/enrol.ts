import type { Clock, Timer } from "../base/clock.ts";
import { prove } from "../identity/attest.ts";
import type { KeyPair } from "../identity/key.ts";
import { expectPeer, makePeerVerifier } from "../identity/verify-peer.ts";
import { guestIdentity, isControl } from "../identity/well-known.ts";
import type { Address } from "../model/address.ts";
import type { TlsCredentials, Transport } from "../net/transport.ts";
import { parseEnrolmentAnswer } from "./codec.ts";
import { LineConnection } from "./lines.ts";
import { controlServerName, type Enrolled, enrolAlpn } from "./protocol.ts";

export interface EnrolOptions {
  readonly clock: Clock;
  readonly transport: Transport;
  readonly control: Address;
  readonly workloadUid: string;
  readonly key: KeyPair;
  /** One-time, bound to this workload and this key. */
  readonly token: string;
  /** Whom to trust while enrolling. */
  readonly bundlePem: string;
}

/** The whole enrolment, in ms. */
const enrolTimeoutMs = 10_000;
/** What a peer without a certificate says its identity is; nothing believes it. */
const guest = guestIdentity("guest");

/**
 * Turns a one-time token into a leaf: the control plane is authenticated by the bundle, the proxy by its token and by
 * the proof that it holds the key. Rejects with a sentence when refused, cut off or late.
 */
export function enrol(options: EnrolOptions): Promise<Enrolled> {
  const { clock, transport, workloadUid, key, token, bundlePem } = options;
  const credentials: TlsCredentials = {
    generation: 0,
    spiffeId: guest,
    keyPem: "",
    chainPem: "",
    bundlePem,
  };
  const trusts = makePeerVerifier({ bundlePem: () => bundlePem, trustDomain: null, clock });
  return new Promise((resolve, reject) => {
    let answer: Enrolled | null = null;
    let problem: string | null = null;
    const line = new LineConnection({
      onOpen: () => {
        const proof = prove({ purpose: "enrol", workloadUid, token }, key.privatePem);
        line.send({ type: "enrol", workloadUid, token, publicKeyPem: key.publicPem, proof });
      },
      onMessage: (message) => {
        const parsed = parseEnrolmentAnswer(message);
        if (typeof parsed === "string") problem = parsed;
        else if (parsed.type === "enrolled") answer = parsed;
        else problem = `refused: ${parsed.reason}`;
        line.connection?.reset();
      },
      onDrain: () => {},
      onClose: (detail) => {
        timer.cancel();
        if (answer !== null) resolve(answer);
        else reject(new Error(`enrolment: ${problem ?? detail ?? "connection closed"}`));
      },
    });
    const timer: Timer = clock.after(enrolTimeoutMs, () => {
      problem ??= "no answer in time";
      line.connection?.reset();
    });
    const tls = {
      credentials,
      serverName: controlServerName,
      alpn: [enrolAlpn],
      verify: expectPeer(trusts, isControl),
    };
    line.attach(transport.dial({ address: options.control, tls }, line));
  });
}

import type { Session, SessionTokens } from "../balance/session.ts";
import type { ReplyHead } from "../model/head.ts";
import type { Backend } from "../upstream/backend.ts";

/** The session of one exchange's client. Made only where its rule or service keeps any. */
export class KeptSession {
  readonly #tokens: SessionTokens;
  readonly #brought: Session | null;

  /** @param brought by the client; null: none that holds */
  constructor(tokens: SessionTokens, brought: Session | null) {
    this.#tokens = tokens;
    this.#brought = brought;
  }

  /** The workload that it names at `backend`; null: none. */
  uidAt({ service, port }: Backend): string | null {
    const brought = this.#brought;
    return brought?.service === service && brought.port === port ? brought.uid : null;
  }

  /** Gives the client a token where another workload has answered than its own names. */
  onReply(
    head: ReplyHead,
    backend: Backend,
    answered: { readonly uid: string; readonly wallMs: number; readonly isSecure: boolean },
  ): void {
    const { uid, wallMs, isSecure } = answered;
    if (this.uidAt(backend) === uid) return;
    const { service, port } = backend;
    const [name, value] = this.#tokens.write({ service, port, uid }, wallMs, isSecure);
    if (name === "set-cookie") head.add(name, value);
    else head.set(name, value);
  }
}

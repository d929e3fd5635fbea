import type { DocumentKey } from "../model/document.ts";
import type { ServiceKey } from "../model/service-key.ts";
import { documentKeyOf, parseDelta, parseDocument } from "../snapshot/codec.ts";
import { applyDelta, diffSnapshots, isMismatch, versionOf } from "../snapshot/diff.ts";
import { Digester } from "../snapshot/digest.ts";
import type { Delta, Snapshot, Version } from "../snapshot/snapshot.ts";
import { unknownServices } from "../snapshot/unknown-services.ts";

/** A document that could not be acted on, with all its errors: it answers "unsupported", the rest goes on. */
export interface RefusedDocument {
  readonly document: DocumentKey;
  readonly errors: readonly string[];
}

/** What acts on snapshots: the proxy's runtime. */
export interface SnapshotSink {
  /**
   * Swaps to `snapshot` in one step. `refused` names documents in it whose form is broken; what is found broken beyond
   * that is returned. Never throws.
   */
  apply(snapshot: Snapshot, refused: readonly RefusedDocument[]): readonly RefusedDocument[];
}

export type TakeOutcome =
  | { readonly ok: true; readonly refused: readonly RefusedDocument[] }
  | { readonly ok: false; readonly detail: string };

/** Holds the snapshot that a proxy acts on, takes deltas to it, and remembers which services of it were used. */
export class SnapshotHolder {
  readonly #sink: SnapshotSink;
  readonly #onChange: () => void;
  readonly #digester = new Digester();
  readonly #wants = new Set<ServiceKey>();
  /** Documents whose form was found good: most of a snapshot stays the same objects. */
  readonly #good = new WeakSet<object>();
  #snapshot: Snapshot | null = null;

  /** @param onChange called when what `saved` returns has changed. */
  constructor(sink: SnapshotSink, onChange: () => void) {
    this.#sink = sink;
    this.#onChange = onChange;
  }

  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  /** What a hello says; null: nothing. */
  held(): { readonly version: Version; readonly digest: string } | null {
    const snapshot = this.#snapshot;
    if (snapshot === null) return null;
    return { version: versionOf(snapshot), digest: this.#digester.digest(snapshot.documents) };
  }

  /** Applies a delta, or says why it does not fit (another base, another digest). */
  take(delta: Delta): TakeOutcome {
    const applied = applyDelta(this.#snapshot, delta, this.#digester);
    if (isMismatch(applied)) return { ok: false, detail: `another ${applied.mismatch}` };
    const refused: RefusedDocument[] = [];
    for (const [document, value] of applied.documents) {
      if (this.#good.has(value)) continue;
      const parsed = parseDocument(value);
      if (parsed.ok) this.#good.add(value);
      else refused.push({ document, errors: parsed.errors });
    }
    this.#snapshot = applied;
    // Before the sink acts: what it wants meanwhile is new.
    const isKnown = !refused.some(({ document }) => document === "proxy");
    const gone = isKnown ? unknownServices(this.#wants, applied.documents) : [];
    for (const service of gone) this.#wants.delete(service);
    const broken = this.#sink.apply(applied, refused);
    this.#onChange();
    return { ok: true, refused: [...refused, ...broken] };
  }

  /** Services used so far, without those that are gone. */
  wants(): readonly ServiceKey[] {
    return [...this.#wants];
  }

  /** Notes services as used; those that are new. */
  use(services: readonly ServiceKey[]): readonly ServiceKey[] {
    const fresh = services.filter((service) => !this.#wants.has(service));
    for (const service of fresh) this.#wants.add(service);
    if (fresh.length > 0) this.#onChange();
    return fresh;
  }

  /** What to keep on disk; JSON. */
  saved(): unknown {
    if (this.#snapshot === null) return { whole: null, wants: this.wants() };
    return { whole: diffSnapshots(null, this.#snapshot, this.#digester), wants: this.wants() };
  }

  /** Acts on what `saved` returned in an earlier life. Anything else is ignored, and what is known stays unknown. */
  restore(saved: unknown): boolean {
    if (typeof saved !== "object" || saved === null || !("whole" in saved)) return false;
    const wants = "wants" in saved && Array.isArray(saved.wants) ? saved.wants : [];
    for (const service of wants) if (typeof service === "string") this.#wants.add(service);
    const parsed = parseDelta(saved.whole);
    if (!parsed.ok) return false;
    const { changed } = parsed.value;
    if (changed.some((document) => documentKeyOf(document) === null)) return false;
    return this.take(parsed.value).ok;
  }
}

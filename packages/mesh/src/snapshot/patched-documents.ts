import type { Document, DocumentKey } from "../model/document.ts";

type Documents = ReadonlyMap<DocumentKey, Document>;

/** So many documents may stand beside those below them; then all are laid in one Map again. */
const patchesMax = 16;

/**
 * Documents as in others, a few of them replaced: neither a copy of all nor a look at all. Most changes of a large mesh
 * replace one document in each of many sets.
 */
export class PatchedDocuments implements ReadonlyMap<DocumentKey, Document> {
  readonly #base: Documents;
  readonly #patches: Documents;

  private constructor(base: Documents, patches: Documents) {
    this.#base = base;
    this.#patches = patches;
  }

  /** `documents` with `replaced` in the places of documents that are there. */
  static of(documents: Documents, replaced: Documents): Documents {
    const [base, before] =
      documents instanceof PatchedDocuments
        ? [documents.#base, documents.#patches]
        : [documents, none];
    const patches = new Map(before);
    for (const [key, document] of replaced) patches.set(key, document);
    if (patches.size <= patchesMax) return new PatchedDocuments(base, patches);
    const all = new Map(base);
    for (const [key, document] of patches) all.set(key, document);
    return all;
  }

  /** Keys outside which both say the same; null: nobody knows without looking at all. */
  static different(a: Documents, b: Documents): Iterable<DocumentKey> | null {
    const [below, above] = a instanceof PatchedDocuments ? [a.#base, a.#patches] : [a, none];
    const [under, over] = b instanceof PatchedDocuments ? [b.#base, b.#patches] : [b, none];
    return below === under ? new Set([...above.keys(), ...over.keys()]) : null;
  }

  get size(): number {
    return this.#base.size;
  }

  get(key: DocumentKey): Document | undefined {
    return this.#patches.get(key) ?? this.#base.get(key);
  }

  has(key: DocumentKey): boolean {
    return this.#base.has(key);
  }

  keys(): MapIterator<DocumentKey> {
    return this.#base.keys();
  }

  values(): MapIterator<Document> {
    return this.entries().map(([, document]) => document) as MapIterator<Document>;
  }

  entries(): MapIterator<[DocumentKey, Document]> {
    return this.#base
      .entries()
      .map(([key, document]): [DocumentKey, Document] => [key, this.#patches.get(key) ?? document]);
  }

  [Symbol.iterator](): MapIterator<[DocumentKey, Document]> {
    return this.entries();
  }

  forEach(callback: (document: Document, key: DocumentKey, all: Documents) => void): void {
    for (const [key, document] of this) callback(document, key, this);
  }
}

const none: Documents = new Map();

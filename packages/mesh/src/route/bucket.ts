import type { Entry } from "./rule.ts";
import type { Subject } from "./subject.ts";

/** Fewer entries are tried one after the other. */
const indexedMin = 8;
/** More fields than that are not looked for one by one: all of the request's are looked at. */
const fewFields = 4;

/** Something exact that an entry asks for beside the path, by which it is found among others. */
interface Key {
  readonly kind: "host" | "method" | "field" | "parameter" | "last-segment";
  /** Of the field or parameter. */
  readonly name: string;
  readonly value: string;
}

/** Entries that ask the same thing of a request for different values. */
interface Index {
  readonly kind: Key["kind"];
  readonly name: string;
  readonly entries: Map<string, Entry[]>;
}

/**
 * Entries to which the path has led. Where they are many, each is found by what tells it best from the others: a host, a method, a field's
 * or parameter's value, the path's last segment. What has nothing exact to ask is tried in turn.
 */
export class Bucket {
  /** In order. */
  readonly #inTurn: readonly Entry[];
  readonly #indexes: readonly Index[] | null;
  /** By the names of their fields, where these are many. */
  readonly #fields: ReadonlyMap<string, Index> | null;

  /** @param entries in order */
  constructor(entries: readonly Entry[]) {
    this.#indexes = null;
    this.#fields = null;
    this.#inTurn = entries;
    if (entries.length < indexedMin) return;
    const chosen = chooseKeys(entries);
    if (chosen.size === 0) return;
    const indexes = indexesOf(chosen);
    const byField = indexes.filter(({ kind }) => kind === "field");
    const isMany = byField.length > fewFields;
    this.#indexes = isMany ? indexes.filter(({ kind }) => kind !== "field") : indexes;
    this.#fields = isMany ? new Map(byField.map((index) => [index.name, index])) : null;
    this.#inTurn = entries.filter((entry) => !chosen.has(entry));
  }

  /** The first of the entries that the request fits, or `before` where that comes before it. */
  first(subject: Subject, before: Entry | null): Entry | null {
    let best = firstOf(this.#inTurn, subject, before);
    if (this.#indexes === null) return best;
    for (const { kind, name, entries } of this.#indexes) {
      const value = valueAsked(subject, kind, name);
      if (value !== null) best = firstOf(entries.get(value), subject, best);
    }
    if (this.#fields !== null) best = this.#firstByField(this.#fields, subject, best);
    return best;
  }

  #firstByField(
    fields: ReadonlyMap<string, Index>,
    subject: Subject,
    before: Entry | null,
  ): Entry | null {
    let best = before;
    subject.head.each((name, value) => {
      const index = fields.get(name);
      if (index !== undefined) best = firstOf(index.entries.get(value), subject, best);
    });
    return best;
  }
}

function firstOf(
  entries: readonly Entry[] | undefined,
  subject: Subject,
  best: Entry | null,
): Entry | null {
  if (entries === undefined) return best;
  for (const entry of entries) {
    if (best !== null && best.order < entry.order) return best;
    if (subject.fits(entry)) return entry;
  }
  return best;
}

function valueAsked(subject: Subject, kind: Key["kind"], name: string): string | null {
  switch (kind) {
    case "host":
      return subject.host;
    case "method":
      return subject.method;
    case "field":
      return subject.field(name);
    case "parameter":
      return subject.parameter(name);
    case "last-segment":
      return subject.lastSegment;
  }
}

/** For each entry the key that fewest others have; none where it would hardly tell it from them. */
function chooseKeys(entries: readonly Entry[]): Map<Entry, Key> {
  const keys = new Map(entries.map((entry) => [entry, keysOf(entry)]));
  const counts = new Map<string, number>();
  for (const all of keys.values()) {
    for (const key of all) counts.set(textOf(key), (counts.get(textOf(key)) ?? 0) + 1);
  }
  const chosen = new Map<Entry, Key>();
  for (const [entry, all] of keys) {
    let best: Key | null = null;
    let fewest = entries.length / 2;
    for (const key of all) {
      const count = counts.get(textOf(key))!;
      if (count >= fewest) continue;
      fewest = count;
      best = key;
    }
    if (best !== null) chosen.set(entry, best);
  }
  return chosen;
}

function keysOf({ hostname, method, headers, query, pattern }: Entry): Key[] {
  const keys: Key[] = [];
  if (hostname !== null && !hostname.startsWith("*.")) {
    keys.push({ kind: "host", name: "", value: hostname });
  }
  for (const { name, value, pattern } of headers ?? []) {
    if (pattern === null) keys.push({ kind: "field", name, value });
  }
  for (const { name, value, pattern } of query ?? []) {
    if (pattern === null) keys.push({ kind: "parameter", name, value });
  }
  const slash = pattern === null ? -1 : pattern.end.lastIndexOf("/");
  if (slash !== -1) {
    keys.push({ kind: "last-segment", name: "", value: pattern!.end.slice(slash + 1) });
  }
  if (method !== null) keys.push({ kind: "method", name: "", value: method });
  return keys;
}

function indexesOf(chosen: ReadonlyMap<Entry, Key>): readonly Index[] {
  const indexes = new Map<string, Index>();
  for (const [entry, { kind, name, value }] of chosen) {
    const index = indexes.get(`${kind} ${name}`) ?? { kind, name, entries: new Map() };
    indexes.set(`${kind} ${name}`, index);
    const same = index.entries.get(value);
    if (same === undefined) index.entries.set(value, [entry]);
    else same.push(entry);
  }
  return [...indexes.values()];
}

function textOf({ kind, name, value }: Key): string {
  return `${kind} ${name} ${value}`;
}

import type { Rng } from "@heddle/mesh/base/rng.ts";
import type { Definition, OperationSignature } from "@heddle/mesh/contract/definition.ts";
import type { Value } from "@heddle/mesh/contract/operation.ts";
import type { OperationDoc } from "@heddle/mesh/model/document.ts";

/** One operation to be asked for. */
export interface Invocation {
  readonly operation: OperationDoc;
  /** In the order of the signature. */
  readonly args: readonly Value[];
  /** In its normal form; empty where the whole service is one object. */
  readonly key: string;
}

export interface PlanOptions {
  readonly definition: Definition;
  /** The parameter that is the key; null: the whole service is one object. */
  readonly key: string | null;
  readonly rng: Rng;
  readonly callers: number;
  /** How many keys. One where there is no key. */
  readonly keys: number;
  /** Has each caller keys of its own, which no other asks for? Default: all callers share all keys. */
  readonly isOwn?: boolean;
}

/** Keys of a drive begin after this, away from those that people and examples use. */
export const FIRST_KEY = 2_000_000;
/** A caller asks for the key it used last again in one of so many cases: it reads what it wrote. */
const SAME_KEY_OF = 4;

/**
 * What a drive asks of a service, for any definition. What each caller asks follows from the seed and its number alone,
 * not from how fast the others are.
 *
 * Half of the operations change the state. Values are never used twice, so that each read says which write it saw; but
 * a parameter that several operations take, beside the key, says who asks (`acquire` and `release` of a lock), and is
 * the caller's own name each time.
 */
export class DrivePlan {
  readonly keys: readonly string[];
  readonly #definition: Definition;
  readonly #key: string | null;
  readonly #callers: readonly CallerPlan[];
  readonly #shared: ReadonlySet<string>;
  /** Values are numbered from here on: above those that were there before. */
  #firstValue = 0;

  constructor(options: PlanOptions) {
    const { definition, key, rng, callers, keys } = options;
    this.#definition = definition;
    this.#key = key;
    this.keys =
      key === null ? [""] : Array.from({ length: keys }, (_, at) => String(FIRST_KEY + 1 + at));
    this.#callers = Array.from({ length: callers }, (_, number) => ({
      number,
      rng: rng.fork(`caller-${number}`),
      keys: options.isOwn === true ? this.#shareOf(number, callers) : this.keys,
      values: 0,
      lastKey: "",
    }));
    const taken = definition.signatures.flatMap(({ takes }) => takes.map(({ name }) => name));
    this.#shared = new Set(taken.filter((name, at) => name !== key && taken.indexOf(name) !== at));
  }

  /**
   * Each read that takes the key alone, of each key of caller `number`'s share: what they give is where the key starts.
   * Empty: nothing reads alone.
   */
  firstReads(number: number): readonly Invocation[] {
    const reads = this.#definition.signatures.filter(
      ({ changes, takes }) => !changes && takes.every(({ name }) => name === this.#key),
    );
    const caller = this.#callers[number]!;
    return this.#shareOf(number, this.#callers.length).flatMap((key) =>
      reads.map((read) => this.#invoke(caller, read, key)),
    );
  }

  /** Has caller `number` anything to ask for? */
  hasKeys(number: number): boolean {
    return this.#callers[number]!.keys.length > 0;
  }

  /** A value was there before: none like it is used. */
  notNew(value: Value | undefined): void {
    const [, digits] = /^v(\d{1,12})$/.exec(typeof value === "string" ? value : "") ?? [];
    const number = typeof value === "number" ? value : Number(digits ?? 0);
    if (number > this.#firstValue && number < 1e12) this.#firstValue = number;
  }

  /** What caller `number` asks next. */
  next(number: number): Invocation {
    const caller = this.#callers[number]!;
    const isSame = caller.lastKey !== "" && caller.rng.below(SAME_KEY_OF) === 0;
    const key = isSame ? caller.lastKey : pick(caller.keys, caller.rng);
    caller.lastKey = key;
    const { signatures } = this.#definition;
    const reads = signatures.filter(({ changes }) => !changes);
    const changes = signatures.filter((each) => each.changes);
    const wanted = caller.rng.below(2) === 0 ? reads : changes;
    return this.#invoke(caller, pick(wanted.length > 0 ? wanted : signatures, caller.rng), key);
  }

  #shareOf(number: number, callers: number): readonly string[] {
    return this.keys.filter((_, at) => at % callers === number);
  }

  #invoke(caller: CallerPlan, signature: OperationSignature, key: string): Invocation {
    const args = signature.takes.map(({ name, sort }): Value => {
      if (name === this.#key) return sort === "int" ? Number(key) : key;
      if (this.#shared.has(name) && (sort === "str" || sort === "text")) return `c${caller.number}`;
      return this.#value(caller, sort);
    });
    const operation = this.#definition.operations.find(({ name }) => name === signature.name)!;
    return { operation, args, key };
  }

  /** A value that nobody else uses. */
  #value(caller: CallerPlan, sort: string): Value {
    const unique = () =>
      this.#firstValue + 1 + caller.number + this.#callers.length * caller.values++;
    if (sort === "int") return unique();
    if (sort === "bool") return caller.rng.below(2) === 0;
    if (sort.startsWith("[")) {
      const element = sort.slice(1, -1);
      return Array.from({ length: 1 + caller.rng.below(2) }, () => this.#value(caller, element));
    }
    return `v${unique()}`;
  }
}

interface CallerPlan {
  readonly number: number;
  readonly rng: Rng;
  /** Those it asks for. */
  readonly keys: readonly string[];
  values: number;
  lastKey: string;
}

function pick<T>(list: readonly T[], rng: Rng): T {
  return list[rng.below(list.length)]!;
}

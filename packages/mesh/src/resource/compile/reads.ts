import type { ResourceKey, TableName } from "./tables.ts";
import type { CompiledWorld } from "./world.ts";

/** Something that can be read, as text: a resource, all that is attached to one, a namespace of a table, a compiled service. */
export type Input = string;

export const inputs = {
  resource: (table: TableName, key: string): Input => `${table}/${key}`,
  attached: (target: ResourceKey): Input => `@${target}`,
  namespace: (table: TableName, namespace: string): Input => `*${table}/${namespace}`,
  compiled: (parent: ResourceKey): Input => `#${parent}`,
  hashKey: "hashKey" as Input,
};

/** Who read what when it was last made. */
export class Reads {
  readonly #readers = new Map<Input, Set<string>>();
  readonly #reads = new Map<string, ReadonlySet<Input>>();

  /** What `make` gives, noting as what `reader` is made from all that it reads through the world it is given. */
  track<V>(reader: string, world: CompiledWorld, make: (world: CompiledWorld) => V): V {
    const read = new Set<Input>();
    const made = make(new TrackedWorld(world, read));
    for (const input of this.#reads.get(reader) ?? []) {
      if (read.has(input)) continue;
      const readers = this.#readers.get(input);
      readers?.delete(reader);
      if (readers?.size === 0) this.#readers.delete(input);
    }
    for (const input of read) {
      const readers = this.#readers.get(input) ?? new Set<string>();
      this.#readers.set(input, readers.add(reader));
    }
    if (read.size === 0) this.#reads.delete(reader);
    else this.#reads.set(reader, read);
    return made;
  }

  readersOf(input: Input): ReadonlySet<string> {
    return this.#readers.get(input) ?? nobody;
  }
}

const nobody: ReadonlySet<string> = new Set();

class TrackedWorld implements CompiledWorld {
  readonly #world: CompiledWorld;
  readonly #read: Set<Input>;

  constructor(world: CompiledWorld, read: Set<Input>) {
    this.#world = world;
    this.#read = read;
  }

  get hashKey(): string {
    this.#read.add(inputs.hashKey);
    return this.#world.hashKey;
  }

  find: CompiledWorld["find"] = (table, key) => {
    this.#read.add(inputs.resource(table, key));
    return this.#world.find(table, key);
  };

  attached: CompiledWorld["attached"] = (table, target) => {
    this.#read.add(inputs.attached(target));
    return this.#world.attached(table, target);
  };

  inNamespace: CompiledWorld["inNamespace"] = (table, namespace) => {
    this.#read.add(inputs.namespace(table, namespace));
    return this.#world.inNamespace(table, namespace);
  };

  service: CompiledWorld["service"] = (key) => {
    this.#read.add(inputs.compiled(`Service/${key}`));
    return this.#world.service(key);
  };

  gateway: CompiledWorld["gateway"] = (key) => {
    this.#read.add(inputs.compiled(`Gateway/${key}`));
    return this.#world.gateway(key);
  };
}

/** Octets that an entry of a table takes beyond its name and value (RFC 7541 §4.1). */
export const FIELD_OVERHEAD_BYTES = 32;

/**
 * One field line: a name and a value. The object that a decoder put into its table is the one that heads hold and that an
 * encoder looks for, so a field that comes again costs neither an allocation nor a look at its octets. It never changes
 * for anybody who reads it; what the last five properties hold is found out once and kept with it.
 */
export class HpackField {
  /** In lower case as it came; a name of a received field may hold anything until the head's rules have judged it. */
  readonly name: string;
  /** latin1: one character per octet. */
  readonly value: string;
  /** What it counts for in tables and field sections, in octets (RFC 7541 §4.1, RFC 9113 §6.5.2). */
  readonly size: number;
  /** Never to be put into a table, here or by anybody behind us (RFC 7541 §7.1.3). */
  readonly isSensitive: boolean;
  /** Did it come more than once? Then it is worth a place in a table. */
  isRepeated = false;
  /** What the head's rules make of it: a kind of `field-kinds.ts`, or -1 while nobody has asked. */
  kind = -1;
  /** Its place in the static table, 0 where it has none, -1 while nobody has asked. */
  staticIndex = -1;
  /** A place of its name in the static table, 0 where it has none. Valid once `staticIndex` is. */
  staticNameIndex = 0;

  constructor(name: string, value: string, isSensitive = false) {
    this.name = name;
    this.value = value;
    this.size = name.length + value.length + FIELD_OVERHEAD_BYTES;
    this.isSensitive = isSensitive;
  }
}

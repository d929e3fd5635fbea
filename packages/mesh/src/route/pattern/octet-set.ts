/** Some of the 256 octets. Heads are latin1: one octet, one character; what is beyond counts as 0xff. Immutable. */
export class OctetSet {
  /** 1 for each that is in it. */
  readonly member: Uint8Array;
  readonly size: number;

  private constructor(member: Uint8Array) {
    this.member = member;
    let size = 0;
    for (const one of member) size += one;
    this.size = size;
  }

  static of(...octets: readonly number[]): OctetSet {
    const member = new Uint8Array(256);
    for (const octet of octets) member[octet] = 1;
    return new OctetSet(member);
  }

  /** Both ends included. */
  static range(first: number, last: number): OctetSet {
    return new OctetSet(new Uint8Array(256).fill(1, first, last + 1));
  }

  static union(sets: readonly OctetSet[]): OctetSet {
    const member = new Uint8Array(256);
    for (const set of sets) {
      for (let octet = 0; octet < 256; octet++) member[octet]! |= set.member[octet]!;
    }
    return new OctetSet(member);
  }

  has(octet: number): boolean {
    return this.member[octet > 0xff ? 0xff : octet] === 1;
  }

  get isAll(): boolean {
    return this.size === 256;
  }

  /** The only octet of a set of one. */
  get only(): number {
    return this.member.indexOf(1);
  }

  inverted(): OctetSet {
    return new OctetSet(this.member.map((one) => 1 - one));
  }

  /** With the other case of each letter of ASCII. */
  inBothCases(): OctetSet {
    const member = Uint8Array.from(this.member);
    for (let upper = 0x41; upper <= 0x5a; upper++) {
      const either = member[upper]! | member[upper + 0x20]!;
      member[upper] = either;
      member[upper + 0x20] = either;
    }
    return new OctetSet(member);
  }

  isDisjoint(other: OctetSet): boolean {
    return this.member.every((one, octet) => one === 0 || other.member[octet] === 0);
  }
}

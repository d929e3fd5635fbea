import { OctetSet } from "./octet-set.ts";

const digit = OctetSet.range(0x30, 0x39);
const upper = OctetSet.range(0x41, 0x5a);
const lower = OctetSet.range(0x61, 0x7a);
const alpha = OctetSet.union([upper, lower]);
const alnum = OctetSet.union([alpha, digit]);
const word = OctetSet.union([alnum, OctetSet.of(0x5f)]);
const space = OctetSet.of(0x09, 0x0a, 0x0c, 0x0d, 0x20);
const graph = OctetSet.range(0x21, 0x7e);

/** `\d` and its like, as RE2 has them: of ASCII. */
export const escapedClasses: ReadonlyMap<string, OctetSet> = new Map([
  ["d", digit],
  ["D", digit.inverted()],
  ["w", word],
  ["W", word.inverted()],
  ["s", space],
  ["S", space.inverted()],
]);

/** `[:alpha:]` and its like (POSIX, in the C locale). */
export const namedClasses: ReadonlyMap<string, OctetSet> = new Map([
  ["alnum", alnum],
  ["alpha", alpha],
  ["ascii", OctetSet.range(0, 0x7f)],
  ["blank", OctetSet.of(0x09, 0x20)],
  ["cntrl", OctetSet.union([OctetSet.range(0, 0x1f), OctetSet.of(0x7f)])],
  ["digit", digit],
  ["graph", graph],
  ["lower", lower],
  ["print", OctetSet.range(0x20, 0x7e)],
  [
    "punct",
    OctetSet.union([
      OctetSet.range(0x21, 0x2f),
      OctetSet.range(0x3a, 0x40),
      OctetSet.range(0x5b, 0x60),
      OctetSet.range(0x7b, 0x7e),
    ]),
  ],
  ["space", OctetSet.union([space, OctetSet.of(0x0b)])],
  ["upper", upper],
  ["word", word],
  ["xdigit", OctetSet.union([digit, OctetSet.range(0x41, 0x46), OctetSet.range(0x61, 0x66)])],
]);

/** More operations are not driven at once, for all of them are kept until they are judged. */
export const DRIVEN_MAX = 1_000_000;
/** Callers, each with a connection of its own. */
export const CALLERS_MAX = 256;
/** Keys of a drive. */
export const KEYS_MAX = 100_000;

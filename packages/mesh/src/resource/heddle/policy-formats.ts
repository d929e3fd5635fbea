import { duration, parseDurationMs } from "../schema/formats.ts";
import { integer, type Rule, type TextSchema, type Typed, text } from "../schema/schema.ts";

/** What policies' fields are made of. */

/** 0 to 100. */
export const percent = integer({ minimum: 0, maximum: 100 });

/** A duration above 0. */
export const someTime: Typed<string, TextSchema> = {
  ...duration,
  rules: [
    ((value: string, problems) => {
      if ((parseDurationMs(value) ?? 0) === 0) problems.add(`expected more than 0, got "${value}"`);
    }) as Rule,
  ],
};

/** Text that names a SPIFFE ID whole. */
export const spiffeId = text({
  maxLength: 2048,
  pattern: /^spiffe:\/\/[a-z0-9._-]{1,255}\/ns\/[A-Za-z0-9._-]+\/sa\/[A-Za-z0-9._-]+$/,
  words: "a SPIFFE ID such as spiffe://cluster.local/ns/default/sa/web",
});

/** `low` must not be longer than `high`, where both are said; a default gives way to what is said. */
export function notLonger<T extends object>(
  low: keyof T & string,
  high: keyof T & string,
): Rule<T> {
  return (value, problems) => {
    const [short, long] = [value[low], value[high]] as unknown as (string | undefined)[];
    if (short === undefined || long === undefined) return;
    if ((parseDurationMs(short) ?? 0) > (parseDurationMs(long) ?? 0)) {
      problems.add(`expected <= ${high}, ${long}`, low);
    }
  };
}

/** The milliseconds of a duration that its schema has passed; where there is none, of `otherwise`. */
export function msOf(value: string | undefined | null, otherwise: string): number {
  return parseDurationMs(value ?? otherwise)!;
}

/** Why a subject or a figure is missing. It becomes the reason in the report; nothing is left out silently. */
export class NotMeasured extends Error {
  override readonly name = "NotMeasured";
}

/** The sentence for the report, whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  return String(thrown);
}

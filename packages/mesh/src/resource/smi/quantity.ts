/** Of decimal suffixes, the power of ten. */
const decimal: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  "": 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};

/** Of binary suffixes, the power of 1024. */
const binary: Readonly<Record<string, number>> = { Ki: 1, Mi: 2, Gi: 3, Ti: 4, Pi: 5, Ei: 6 };

const form = /^\+?(\d{1,30})?(?:\.(\d{0,30}))?([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?$/;

/**
 * The thousandths in a quantity of Kubernetes (`1`, `500m`, `1.5`, `2k`, `1Ki`, `1e3`). Null for what is none, is negative,
 * finer than a thousandth or beyond what a number holds.
 */
export function parseMilli(quantity: string | number): number | null {
  const [text, whole = "", fraction = "", suffix = ""] = form.exec(String(quantity)) ?? [];
  if (text === undefined || whole + fraction === "") return null;
  const digits = BigInt(whole + fraction) * 1024n ** BigInt(binary[suffix] ?? 0);
  const tens = 3 - fraction.length + tenOf(suffix);
  const scale = 10n ** BigInt(Math.abs(tens));
  if (tens < 0 && digits % scale !== 0n) return null;
  const milli = tens < 0 ? digits / scale : digits * scale;
  return milli <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(milli) : null;
}

/** `1`, `1500m`: a quantity in its canonical form. */
export function formatMilli(milli: number): string {
  return milli % 1000 === 0 ? String(milli / 1000) : `${milli}m`;
}

function tenOf(suffix: string): number {
  const isExponent = /^[eE][+-]?\d/.test(suffix);
  return isExponent ? Number(suffix.slice(1)) : (decimal[suffix] ?? 0);
}

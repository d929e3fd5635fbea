/** What a split says of its two backends. */
export interface Weights {
  readonly stable: number;
  readonly canary: number;
}

/** As a step says it: percent of the canary. */
export function weightsOf(percent: number): Weights {
  return { stable: 100 - percent, canary: percent };
}

/** What the canary gets, in percent; 0 where neither has a weight. */
export function percentOf({ stable, canary }: Weights): number {
  return stable + canary === 0 ? 0 : Math.round((100 * canary) / (stable + canary));
}

export function isSame(a: Weights, b: Weights): boolean {
  return a.stable === b.stable && a.canary === b.canary;
}

/** `90:10` */
export function formatWeights({ stable, canary }: Weights): string {
  return `${stable}:${canary}`;
}

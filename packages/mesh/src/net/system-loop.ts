/** Calls `callback` once the events that the operating system has told of are handled, before it is asked for more. */
export function afterEvents(callback: () => void): void {
  setImmediate(callback);
}

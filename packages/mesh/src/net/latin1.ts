/** Node's own fast path for latin1 text, which its types leave out. */
interface Latin1Buffer {
  latin1Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
}

/** The text of `bytes[start, end)`, one character per octet. A new string: it pins no buffer. */
export function latin1(bytes: Buffer, start: number, end: number): string {
  return (bytes as unknown as Latin1Buffer).latin1Slice(start, end);
}

/** Writes `text`, all of latin1, at `offset`. */
export function writeLatin1(bytes: Buffer, text: string, offset: number): void {
  (bytes as unknown as Latin1Buffer).latin1Write(text, offset, text.length);
}

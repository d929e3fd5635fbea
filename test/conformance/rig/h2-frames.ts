/** HTTP/2 on bare frames (RFC 9113 §4), for ends that do what no library would. */
export const frameTypes = {
  data: 0,
  headers: 1,
  rst: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
} as const;

export const flags = { ack: 1, endStream: 1, endHeaders: 4 } as const;

export const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export function encodeFrame(type: number, flag: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head[4] = flag;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A field block without compression: literals with new names (RFC 7541 §6.2.2), octet by octet as given in latin1. */
export function encodeFields(list: readonly (readonly [string, string])[]): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of list) {
    parts.push(Buffer.from([0]), encodeString(name), encodeString(value));
  }
  return Buffer.concat(parts);
}

function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let left = bytes.length - 127;
    for (; left >= 128; left >>>= 7) length.push((left & 0x7f) | 0x80);
    length.push(left);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** Cuts what arrives into frames. A server's begins with the preface. */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #unread: Buffer = Buffer.alloc(0);
  #prefaceLeft: number;

  constructor(onFrame: (frame: Frame) => void, hasPreface: boolean) {
    this.#onFrame = onFrame;
    this.#prefaceLeft = hasPreface ? preface.length : 0;
  }

  read(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    if (this.#prefaceLeft > 0) {
      if (this.#unread.length < this.#prefaceLeft) return;
      this.#unread = this.#unread.subarray(this.#prefaceLeft);
      this.#prefaceLeft = 0;
    }
    while (this.#unread.length >= 9) {
      const length = this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < 9 + length) return;
      const frame = {
        type: this.#unread[3]!,
        flags: this.#unread[4]!,
        stream: this.#unread.readUInt32BE(5) & 0x7fff_ffff,
        payload: this.#unread.subarray(9, 9 + length),
      };
      this.#unread = this.#unread.subarray(9 + length);
      this.#onFrame(frame);
    }
  }
}

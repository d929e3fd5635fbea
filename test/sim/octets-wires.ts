import type { ClientStream, ServerStream } from "@heddle/mesh/net/codec.ts";
import type { Connection, ConnectionEvents, TransportFailure } from "@heddle/mesh/net/transport.ts";
import { OctetsEnd, type OctetsEndOptions, type OctetsWire } from "./octets-end.ts";

/** One end of a connection of octets that is a connection itself. */
export class OctetsConnection implements ConnectionEvents, OctetsWire {
  readonly talker: OctetsEnd;
  connection: Connection | null = null;

  constructor(options: Omit<OctetsEndOptions, "wire">) {
    this.talker = new OctetsEnd({ ...options, wire: this });
  }

  onOpen(): void {
    this.talker.open();
  }

  onBytes(bytes: Buffer, start: number, end: number): void {
    this.talker.onBytes(bytes, start, end);
  }

  onEnd(): void {
    this.talker.onEnd();
  }

  onDrain(): void {
    this.talker.onWritable();
  }

  onClose(failure: TransportFailure | null): void {
    this.talker.onBroken(failure?.kind ?? "closed");
  }

  write(bytes: Buffer): boolean {
    return this.connection!.write(bytes, 0, bytes.length) === "done";
  }

  end(): void {
    this.connection!.end();
  }

  pause(): void {
    this.connection!.pause();
  }

  resume(): void {
    this.connection!.resume();
  }

  reset(): void {
    this.connection!.reset();
  }
}

/** The wire that is a tunnel granted to us. */
export function clientWire(stream: ClientStream): OctetsWire {
  return {
    write: (bytes) => stream.sendBody(bytes, 0, bytes.length),
    end: () => stream.sendEnd(null),
    pause: () => stream.pauseReply(),
    resume: () => stream.resumeReply(),
    reset: () => stream.abort(),
  };
}

/** The wire that is a tunnel we granted. */
export function serverWire(stream: ServerStream): OctetsWire {
  return {
    write: (bytes) => stream.sendBody(bytes, 0, bytes.length),
    end: () => stream.sendEnd(null),
    pause: () => stream.pauseRequest(),
    resume: () => stream.resumeRequest(),
    reset: () => stream.abort(),
  };
}

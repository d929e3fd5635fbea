import { connect } from "node:net";
import {
  encodeFields,
  encodeFrame,
  FrameReader,
  flags,
  frameTypes,
  preface,
} from "../rig/h2-frames.ts";
import type { Http2Vector } from "./http2-vectors.ts";

/** What a client saw. */
export interface Seen {
  /** Octets of HTTP/1, or what HTTP/2 frames about the one stream came, as words. */
  readonly text: string;
  /** Was the connection, or the stream, ended by the other side? */
  readonly isEnded: boolean;
}

/** Longest wait for any sign, in ms. */
const patienceMs = 5000;
/** After a whole reply: anything else that comes within this time belongs to it, in ms. */
const quietMs = 30;

/** Sends all of it at once to an HTTP/1.1 listener and reads on until the end, or a while behind a reply. */
export function sendOctets(port: number, octets: string, isRefused: boolean): Promise<Seen> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    let text = "";
    let quiet: NodeJS.Timeout | null = null;
    const done = (isEnded: boolean): void => {
      clearTimeout(late);
      if (quiet !== null) clearTimeout(quiet);
      socket.destroy();
      resolve({ text, isEnded });
    };
    const late = setTimeout(() => done(false), patienceMs);
    socket.on("connect", () => socket.write(octets, "latin1"));
    socket.on("data", (bytes: Buffer) => {
      text += bytes.toString("latin1");
      if (isRefused || !text.includes("\r\n\r\n")) return; // its end is what is waited for
      if (quiet !== null) clearTimeout(quiet);
      quiet = setTimeout(() => done(false), quietMs);
    });
    socket.once("end", () => done(true));
    socket.once("error", () => done(true));
  });
}

/** Sends one request on a connection of its own and reads until its stream has ended, one way or another. */
export function sendHttp2(port: number, vector: Http2Vector): Promise<Seen> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    let text = "";
    const done = (isEnded: boolean): void => {
      clearTimeout(late);
      socket.destroy();
      resolve({ text: text.trim(), isEnded });
    };
    const late = setTimeout(() => done(false), patienceMs);
    const frames = new FrameReader((frame) => {
      const isLast = (frame.flags & flags.endStream) !== 0;
      if (frame.type === frameTypes.settings && (frame.flags & flags.ack) === 0)
        socket.write(encodeFrame(frameTypes.settings, flags.ack, 0, Buffer.alloc(0)));
      if (frame.type === frameTypes.headers) text += " HEADERS";
      if (frame.type === frameTypes.data) text += " DATA";
      if (frame.type === frameTypes.rst) text += " RST_STREAM";
      if (frame.type === frameTypes.goaway) text += " GOAWAY";
      if (frame.type === frameTypes.rst || frame.type === frameTypes.goaway) done(true);
      else if (frame.type <= frameTypes.headers && isLast) setTimeout(() => done(true), quietMs);
    }, false);
    socket.on("data", (bytes: Buffer) => frames.read(bytes));
    socket.once("close", () => done(true));
    socket.once("error", () => done(true));
    socket.on("connect", () => socket.write(encodeRequest(vector)));
  });
}

function encodeRequest({ fields, body }: Http2Vector): Buffer {
  const headFlags = flags.endHeaders | (body === null ? flags.endStream : 0);
  const parts = [
    Buffer.from(preface, "latin1"),
    encodeFrame(frameTypes.settings, 0, 0, Buffer.alloc(0)),
    encodeFrame(frameTypes.headers, headFlags, 1, encodeFields(fields)),
  ];
  if (body !== null)
    parts.push(encodeFrame(frameTypes.data, flags.endStream, 1, Buffer.from(body, "latin1")));
  return Buffer.concat(parts);
}

import { createSocket } from "node:dgram";
import type { Datagrams } from "./datagrams.ts";

/** UDP of this machine. */
export const systemDatagrams: Datagrams = {
  open(bound, events) {
    const socket = createSocket("udp4");
    // The handle that was passed is never read; both are one descriptor, and it stays open with this process.
    socket.on("message", (bytes, { address, port }) =>
      events.onDatagram(bytes, { host: address, port }),
    );
    socket.on("error", (error) => events.onFailure(error.message));
    socket.bind({ fd: bound.handle.fd });
    return {
      send: (bytes, { host, port }) => socket.send(bytes, port, host, () => undefined),
      close: () => socket.close(),
    };
  },

  connect(host, port, events) {
    const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
    let isConnected = false;
    let isClosed = false;
    let waiting: Uint8Array | null = null;
    socket.on("message", (bytes) => isClosed || events.onDatagram(bytes, { host, port }));
    socket.on("error", (error) => isClosed || events.onFailure(error.message));
    socket.on("connect", () => {
      isConnected = true;
      if (waiting !== null && !isClosed) socket.send(waiting, () => undefined);
    });
    socket.connect(port, host);
    return {
      send: (bytes) => {
        if (isClosed) return;
        if (isConnected) socket.send(bytes, () => undefined);
        else waiting = bytes;
      },
      close: () => {
        if (isClosed) return;
        isClosed = true;
        socket.close();
      },
    };
  },
};

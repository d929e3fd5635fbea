/** A client of lines: `node say.ts <host> <port> <line>…` prints what it hears, and says a line after each it has heard. */
import { connect } from "node:net";
import { createInterface } from "node:readline";

const [, , host, port, ...lines] = process.argv;
const socket = connect({ host: host!, port: Number(port) });
createInterface({ input: socket }).on("line", (heard) => {
  console.log(heard);
  const line = lines.shift();
  if (line !== undefined) socket.write(`${line}\r\n`);
});

/** A client of WebSockets: `node shout.ts <url> <text>` prints the answer. */
const [, , url, text] = process.argv;
const socket = new WebSocket(url!);
socket.onopen = () => socket.send(text!);
socket.onmessage = ({ data }) => {
  console.log(data);
  socket.close();
};
socket.onerror = () => {
  process.exitCode = 1;
};

/**
 * The same questions in every profile: puts COUNT keys (default 100) into kvs, reads them back, and says what it saw in
 * the talk's notation. Where it finds kvs is in KVS_SERVICE_URL, or its first argument.
 */
const kvs = process.argv[2] ?? process.env["KVS_SERVICE_URL"] ?? "http://kvs";
const count = Number(process.env["COUNT"] ?? 100);

interface Seen {
  readonly status: number;
  readonly text: string;
}

async function ask(key: number, init: RequestInit = {}): Promise<Seen> {
  const answer = await fetch(`${kvs}/${key}`, { ...init, signal: AbortSignal.timeout(10_000) });
  return { status: answer.status, text: await answer.text() };
}

const first = await ask(1, { method: "PUT", body: "v" });
const read = await ask(1);
const history = [
  'Send•Req=(kvs, Put(1,"v"))',
  `Recv•Res=${first.status === 201 ? "ok" : first.status}`,
  "Send•Req=(kvs, Get(1))",
  `Recv•Res=${read.status === 200 ? JSON.stringify(read.text) : read.status}`,
];
process.stdout.write(`[${history.join(", ")}]\n`);

let refused = 0;
let kept = 0;
for (let key = 1; key <= count; key++) {
  if ((await ask(key, { method: "PUT", body: `value ${key}` })).status !== 201) refused++;
}
for (let key = 1; key <= count; key++) {
  const { status, text } = await ask(key);
  if (status === 200 && text === `value ${key}`) kept++;
}
process.stdout.write(`${count} keys put, ${refused} refused, ${kept} read back\n`);
process.exitCode = kept === count ? 0 : 1;

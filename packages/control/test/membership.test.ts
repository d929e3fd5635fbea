import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GenerationFolder } from "@heddle/mesh/identity/generation.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import { afterEach, expect, test } from "vitest";
import { type Member, Plane } from "./plane.ts";
import { process, service } from "./resources.ts";

const open: (Plane | Member)[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function start(): Promise<{ plane: Plane; member: Member }> {
  const plane = await Plane.open();
  open.push(plane);
  await plane.apply(process("a", { calls: ["b"] }), service("b"));
  const member = await plane.join("a-0");
  folders.push(member.folder);
  await plane.until("documents", () => member.latest?.documents.size === 3);
  return { plane, member };
}

test("a proxy that starts without a control plane serves from its disk, identity and documents", async () => {
  const { plane, member } = await start();
  const before = member.membership.credentials();
  await member.membership.close();
  const nobody = tcp("127.0.0.1", 1);
  const again = await plane.join("a-0", { folder: member.folder, control: nobody });
  open.push(again);
  expect(again.membership.isConnected).toBe(false);
  expect(again.membership.credentials()).toEqual(before);
  expect([...again.latest!.documents]).toEqual([...member.latest!.documents]);
});

test("a new root makes a new identity: what the disk holds is distrusted, and a token asked for", async () => {
  const { plane, member } = await start();
  await member.membership.close();
  const { store } = plane;
  await plane.close();
  open.splice(open.indexOf(plane), 1);
  const other = await Plane.open({ store }); // the same mesh, its root lost
  open.push(other);
  const again = await other.join("a-0", { folder: member.folder });
  open.push(again);
  const old = member.membership.credentials().bundlePem;
  await other.until("new identity", () => again.membership.credentials().bundlePem !== old);
  await other.until("connection", () => again.membership.isConnected);
});

test("services that were used are remembered over a restart", async () => {
  const { plane, member } = await start();
  await plane.apply(service("c"));
  member.membership.want("default/c");
  await plane.until("c", () => member.latest?.documents.has("service/default/c"));
  await member.membership.close();
  const again = await plane.join("a-0", { folder: member.folder });
  open.push(again);
  expect(again.latest?.documents.has("service/default/c")).toBe(true);
});

test("a disk that holds nonsense is as good as none", async () => {
  const { plane, member } = await start();
  await member.membership.close();
  const generation = (await readdir(member.folder)).find((name) => name.startsWith("generation-"))!;
  const chain = join(member.folder, generation, "chain.pem");
  await chmod(chain, 0o600);
  await writeFile(chain, "nonsense");
  const again = await plane.join("a-0", { folder: member.folder });
  open.push(again);
  await plane.until("connection", () => again.membership.isConnected);
});

test("a generation is whole, private, and the only one", async () => {
  const folder = await mkdtemp(join(tmpdir(), "heddle-generation-"));
  folders.push(folder);
  const generations = new GenerationFolder(join(folder, "g"));
  expect(await generations.load()).toBeNull();
  const credentials = {
    generation: 3,
    spiffeId: "spiffe://heddle.local/ns/default/sa/a" as never,
    keyPem: "key",
    chainPem: "chain",
    bundlePem: "bundle",
  };
  await generations.save({ credentials, snapshot: { a: 1 } });
  await generations.save({ credentials: { ...credentials, generation: 4 }, snapshot: { a: 2 } });
  const loaded = await new GenerationFolder(join(folder, "g")).load();
  expect(loaded).toEqual({
    number: 2,
    credentials: { ...credentials, generation: 4 },
    snapshot: { a: 2 },
  });
  expect((await readdir(join(folder, "g"))).sort()).toEqual(["current", "generation-2"]);
  expect((await stat(join(folder, "g", "generation-2"))).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, "g", "current", "key.pem"))).mode & 0o777).toBe(0o600);
  // A save that was cut off is not seen, and does not stop the next.
  await writeFile(join(folder, "g", "next"), "half");
  await generations.save({ credentials, snapshot: null });
  expect(await readFile(join(folder, "g", "current", "snapshot.json"), "utf8")).toBe("null");
});

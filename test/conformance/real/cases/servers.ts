import { writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { type Ran, runProgram } from "../../rig/programs.ts";
import { equal } from "../equal.ts";
import type { RealCase } from "../real-case.ts";
import type { RealMesh } from "../real-mesh.ts";

export const serverCases: readonly RealCase[] = [
  {
    name: "psql and PostgreSQL: tables, an error, 20,000 rows, COPY",
    tools: ["psql"],
    server: "postgres",
    async run(mesh) {
      equal(await psql(mesh, "select 6 * 7"), "42", "a query");
      await psql(mesh, "create table if not exists t(n int primary key, s text); truncate t");
      await psql(
        mesh,
        "insert into t select n, repeat('x', n % 100) from generate_series(1, 20000) n",
      );
      const sum = await psql(mesh, "select sum(length(s)) from t");
      const rows = await psql(mesh, "copy (select s from t) to stdout");
      equal(String(rows.replaceAll("\n", "").length), sum, "octets of 20,000 rows");
      const bad = await runPsql(mesh, "select nothing");
      equal(/column "nothing" does not exist/.test(bad.stderr), true, "the error of the server");
    },
  },
  {
    name: "redis-cli and Redis: keys, 1 MB, 10,000 commands in a pipe",
    tools: ["redis-cli"],
    server: "redis",
    async run(mesh) {
      equal(await redis(mesh, ["ping"]), "PONG", "ping");
      const large = "0123456789".repeat(100_000);
      equal(await redis(mesh, ["-x", "set", "k"], large), "OK", "set");
      equal((await redis(mesh, ["get", "k"])).length, large.length, "get");
      const commands = Array.from({ length: 10_000 }, () => "INCR n\r\n").join("");
      await redis(mesh, ["del", "n"]);
      const piped = await redis(mesh, ["--pipe"], commands);
      equal(/errors: 0, replies: 10000/.test(piped), true, piped);
      equal(await redis(mesh, ["get", "n"]), "10000", "count");
    },
  },
  {
    name: "ssh and sshd: a command, its exit code, 1 MB through it",
    tools: ["ssh"],
    server: "ssh",
    async run(mesh) {
      const said = await ssh(mesh, "echo through; exit 7");
      equal(said.code, 7, `exit code (${said.stderr})`);
      equal(said.stdout, "through\n", "output");
      const large = "0123456789abcdef".repeat(65_536);
      const back = await ssh(mesh, "cat", large);
      equal(back.stdout === large, true, "1 MB and back");
    },
  },
  {
    name: "redis-benchmark: 20,000 requests on 50 connections",
    tools: ["redis-benchmark"],
    server: "redis",
    isLong: true,
    async run(mesh) {
      const port = String(mesh.portOf("redis"));
      const command = [
        "redis-benchmark",
        "-p",
        port,
        "-n",
        "20000",
        "-c",
        "50",
        "-t",
        "set,get",
        "-q",
      ];
      const ran = await runProgram(command, { timeoutMs: 60_000 });
      equal(ran.code, 0, `exit code (${ran.stderr})`);
      equal(/GET: .* requests per second/.test(ran.stdout), true, ran.stdout.slice(-200));
    },
  },
];

function runPsql(mesh: RealMesh, sql: string): Promise<Ran> {
  const where = ["-h", "127.0.0.1", "-p", String(mesh.portOf("postgres")), "-U", "heddle"];
  const command = ["psql", "-XAtq", ...where, "-d", "postgres", "-c", sql];
  return runProgram(command, { timeoutMs: 20_000, env: { PGCONNECT_TIMEOUT: "10" } });
}

async function psql(mesh: RealMesh, sql: string): Promise<string> {
  const ran = await runPsql(mesh, sql);
  equal(ran.code, 0, `psql's exit code (${ran.stderr.trim()})`);
  return ran.stdout.trim();
}

async function redis(mesh: RealMesh, args: readonly string[], input = ""): Promise<string> {
  const command = ["redis-cli", "-p", String(mesh.portOf("redis")), ...args];
  const ran = await runProgram(command, { timeoutMs: 20_000, input });
  equal(ran.code, 0, `redis-cli's exit code (${ran.stderr.trim()})`);
  return ran.stdout.trim();
}

function ssh(mesh: RealMesh, command: string, input = ""): Promise<Ran> {
  const known = join(mesh.folder, "known-hosts");
  writeFileSync(known, "");
  const options = [
    "BatchMode=yes",
    "StrictHostKeyChecking=no",
    `UserKnownHostsFile=${known}`,
    "ConnectTimeout=10",
    "IdentitiesOnly=yes",
  ].flatMap((option) => ["-o", option]);
  const where = ["-p", String(mesh.portOf("ssh")), `${userInfo().username}@127.0.0.1`];
  const all = ["ssh", "-F", "none", "-i", mesh.sshKey, ...options, ...where, command];
  return runProgram(all, { timeoutMs: 20_000, input });
}

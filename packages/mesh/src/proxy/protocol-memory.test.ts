import { expect, test } from "vitest";
import { ProtocolMemory, serverFirstMs } from "./protocol-memory.ts";

test("that servers speak first at a port is believed for ten minutes, or until a client does", () => {
  const memory = new ProtocolMemory();
  memory.onServerFirst("default/db:80", 0);
  expect(memory.isServerFirst("default/db:80", serverFirstMs - 1)).toBe(true);
  expect(memory.isServerFirst("default/db:80", serverFirstMs)).toBe(false);
  expect(memory.isServerFirst("default/db:81", 0)).toBe(false);
  memory.onClientFirst("default/db:80");
  expect(memory.isServerFirst("default/db:80", 1)).toBe(false);
});

test("it holds 1024 ports; the one heard of least lately goes", () => {
  const memory = new ProtocolMemory();
  for (let port = 0; port < 1024; port++) memory.onServerFirst(`db:${port}`, port);
  memory.onServerFirst("db:0", 1024);
  memory.onServerFirst("db:1024", 1025);
  expect(memory.size).toBe(1024);
  expect(["db:0", "db:1", "db:2"].map((port) => memory.isServerFirst(port, 1026))).toEqual([
    true,
    false,
    true,
  ]);
});

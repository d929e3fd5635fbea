import { expect, test } from "vitest";
import { habitMs, ProtocolMemory } from "./protocol-memory.ts";

test("what was seen at a port last is believed for ten minutes", () => {
  const memory = new ProtocolMemory();
  memory.learn("default/db:80", "server-first", 0);
  expect(memory.habitOf("default/db:80", habitMs - 1)).toBe("server-first");
  expect(memory.habitOf("default/db:80", habitMs)).toBe(null);
  expect(memory.habitOf("default/db:81", 0)).toBe(null);
  memory.learn("default/db:80", "http", 1);
  expect(memory.habitOf("default/db:80", 2)).toBe("http");
  for (let second = 1; second <= 1200; second++)
    memory.learn("default/db:80", "http", second * 1000);
  expect(memory.habitOf("default/db:80", 1_500_000)).toBe("http");
});

test("it holds 1024 ports; the one seen least lately goes", () => {
  const memory = new ProtocolMemory();
  for (let port = 0; port < 1024; port++) memory.learn(`db:${port}`, "octets", port);
  memory.learn("db:0", "http", 1024);
  memory.learn("db:1024", "octets", 1025);
  expect(memory.size).toBe(1024);
  const habits = ["db:0", "db:1", "db:2"].map((port) => memory.habitOf(port, 1026));
  expect(habits).toEqual(["http", null, "octets"]);
});

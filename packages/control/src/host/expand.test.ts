import { expect, test } from "vitest";
import { expandCommand, expandPorts, UnknownPortError } from "./expand.ts";

test.each([
  ["$(PORT)", "41302"],
  ["--port=$(PORT)/$(HOST)", "--port=41302/127.0.0.1"],
  ["$$(PORT)", "$(PORT)"],
  ["$$$(PORT)", "$41302"],
  ["$(MISSING)", "$(MISSING)"],
  ["$PORT $", "$PORT $"],
])("%s in a command is %s, as in Kubernetes", (text, expected) => {
  expect(expandCommand(text, { PORT: "41302", HOST: "127.0.0.1" })).toBe(expected);
});

test("a port in a template becomes its number", () => {
  const portOf = (name: string) =>
    name === "kvs-0.default/outbound/default/kvs:80" ? 41995 : null;
  const text = "http://127.0.0.1:{{port:kvs-0.default/outbound/default/kvs:80}}";
  expect(expandPorts(text, portOf)).toBe("http://127.0.0.1:41995");
});

test("a port that nobody knows is an error that names it", () => {
  expect(() => expandPorts("{{port:a}}", () => null)).toThrow(new UnknownPortError("a"));
});

import { expect, test } from "vitest";
import { environmentOf } from "./environment.ts";

const workload = { name: "app-0", namespace: "default" };

test("a process is told of a forward proxy, a captured one is not", () => {
  expect(environmentOf(workload, ["http"], [])).toMatchObject({
    PORT: "{{port:http}}",
    HTTP_PROXY: "http://127.0.0.1:{{port:app-0.default/forward}}",
  });
  const captured = environmentOf(workload, ["http"], [], true);
  expect(Object.keys(captured).sort()).toEqual(["PORT", "PORT_HTTP"]);
});

import { counter } from "@heddle/mesh/contract/definition/counter.ts";
import { lock } from "@heddle/mesh/contract/definition/lock.ts";
import type { OperationDoc } from "@heddle/mesh/model/document.ts";
import type { CallReply } from "@heddle/mesh/net/http1/caller.ts";
import { expect, test } from "vitest";
import { outcomeOf } from "./outcome.ts";

const read = counter.operations.find(({ name }) => name === "read")!;
const acquire = lock.operations.find(({ name }) => name === "acquire")!;

function answered(body: string): CallReply {
  return { failure: null, status: 200, head: null, body, exchange: null };
}

test.each<[OperationDoc, string, unknown]>([
  [read, "7", 7],
  [read, "7\n", 7],
  [read, "seven", "seven"],
  [read, "", ""],
  [acquire, "true", true],
  [acquire, "yes", "yes"],
])(
  "of an answer that is no value of its sort no model says that it is right",
  (operation, body, result) => {
    expect(outcomeOf(operation, answered(body))).toEqual({ kind: "ok", result });
  },
);

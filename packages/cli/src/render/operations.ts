import type { Operation, Value } from "@heddle/mesh/contract/operation.ts";
import { hashOf } from "@heddle/mesh/contract/recorded-value.ts";
import type { ReplyContent, RequestContent } from "@heddle/mesh/history/event.ts";
import type { RecordedValue } from "@heddle/mesh/history/exchange.ts";
import { formatReply, formatRequest } from "@heddle/mesh/history/notation.ts";
import type { OperationDoc } from "@heddle/mesh/model/document.ts";
import { parameterTypes } from "@heddle/mesh/model/operation-parameters.ts";

/** How the service and its operations are called and read. */
export interface OperationWords {
  readonly service: string;
  readonly operations: readonly OperationDoc[];
}

/** `Put(1,"a")` */
export function formatOperation({ name, args }: Operation, words: OperationWords): string {
  return formatRequest(requestContent(name, args, words));
}

/**
 * Operations as the histories in which they were seen: one line where they came one after the other, whoever asked;
 * where they overlap a line for each caller, with its name before it.
 */
export function formatOperations(
  operations: readonly Operation[],
  words: OperationWords,
): readonly string[] {
  const inOrder = operations.toSorted((a, b) => a.startMs - b.startMs);
  const line = (some: readonly Operation[]) =>
    `[${some.flatMap((each) => formatEvents(each, words)).join(", ")}]`;
  const isOneLine = inOrder.every((each, at) => at === 0 || inOrder[at - 1]!.endMs <= each.startMs);
  if (isOneLine) return [line(inOrder)];
  const byCaller = Map.groupBy(inOrder, ({ caller }) => caller);
  const width = Math.max(...[...byCaller.keys()].map((caller) => caller.length));
  return [...byCaller].map(([caller, some]) => `${caller.padEnd(width)} ${line(some)}`);
}

/** `Send•Req=(kvs, Put(1,"a"))` and `Recv•Res=ok`; without the second where no answer came. */
function formatEvents(operation: Operation, words: OperationWords): readonly string[] {
  const sent = `Send•Req=(${words.service}, ${formatOperation(operation, words)})`;
  const { outcome } = operation;
  if (outcome.kind === "unknown") return [sent, `⊥ ${outcome.detail}`];
  if (outcome.kind === "ok") {
    return [sent, `Recv•Res=${formatGiven(operation.name, outcome.result, words)}`];
  }
  const reason = outcome.kind === "absent" ? ` ${outcome.reason}` : "";
  return [sent, `Recv•Res=${outcome.status}${reason}`];
}

/** `"a"`, `7`, `ok`: what operation `name` gives. */
export function formatGiven(
  name: string,
  result: Value | undefined,
  { operations }: OperationWords,
): string {
  const valueType = operations.find((each) => each.name === name)?.gives ?? "opaque";
  const content: ReplyContent = {
    status: 200,
    reason: null,
    origin: "app",
    value: result === undefined ? null : recorded(result),
    valueType,
    isOk: true,
  };
  return formatReply(content);
}

function requestContent(
  name: string,
  args: readonly Value[],
  { operations }: OperationWords,
): RequestContent {
  const definition = operations.find((each) => each.name === name);
  const typeOf = definition === undefined ? null : parameterTypes(definition);
  const types = (definition?.takes ?? []).map((parameter) => typeOf?.get(parameter) ?? "opaque");
  const method = definition?.method ?? name;
  return { method, path: "", operation: { name, arguments: args.map(recorded), types } };
}

function recorded(value: Value): RecordedValue {
  const hash = hashOf(value);
  if (hash !== null) return { hash };
  if (typeof value === "string") return { text: value };
  return { text: typeof value === "bigint" ? String(value) : JSON.stringify(value) };
}

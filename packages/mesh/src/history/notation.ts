import type { ValueType } from "../model/document.ts";
import { integerKey } from "../model/integer-key.ts";
import { shortName } from "./endpoint-name.ts";
import type { History, HistoryEvent, ReplyContent, RequestContent } from "./event.ts";
import type { RecordedValue } from "./exchange.ts";

/** How histories are written: as the talk writes them, `[Send•Req=(kvs, Put(1,"a")), Recv•Res=ok]`. */
export interface NotationOptions {
  /**
   * What stands for the address in a request. `service`: the service it is meant for. `address`: target-address[M], and at
   * the receiver its own. Default `service`.
   */
  readonly level?: "service" | "address";
  /** `short` leaves the contents out, as on the first slides: `[Send•Req, Recv•Res]`. Default `full`. */
  readonly detail?: "full" | "short";
  /** Names in this namespace are said without it. Default `default`. */
  readonly namespace?: string;
}

/** `[Send•Req=(kvs, Get(1)), Recv•Res="a"]`. */
export function formatEvents(
  events: readonly HistoryEvent[],
  options: NotationOptions = {},
): string {
  return `[${events.map((event) => formatEvent(event, options)).join(", ")}]`;
}

/** A history as it grew: `[]`, then one event more each time. */
export function formatGrowing(
  { events }: Pick<History, "events">,
  options: NotationOptions = {},
): readonly string[] {
  return [formatEvents([], options)].concat(
    events.map((_, index) => formatEvents(events.slice(0, index + 1), options)),
  );
}

/** `Send•Req=(kvs, Put(1,"a"))`, `Recv•Res=ok`. */
export function formatEvent(event: HistoryEvent, options: NotationOptions = {}): string {
  const kind = event.kind === "send" ? "Send" : "Recv";
  const { content } = event.message;
  const isRequest = "method" in content;
  const word = `${kind}•${isRequest ? "Req" : "Res"}`;
  if (options.detail === "short") return word;
  if (isRequest) return `${word}=(${formatPlace(event, options)}, ${formatRequest(content)})`;
  return `${word}=${formatReply(content)}`;
}

/** `Put(1,"a")`; where no Contract knows it, `PUT /1`. */
export function formatRequest({ method, path, operation }: RequestContent): string {
  if (method === "") return "‹not understood›"; // the proxy refused it unread
  if (operation === null) return `${method} ${visible(path)}`;
  const { name, types } = operation;
  const written = operation.arguments.map((value, index) => formatValue(value, types?.[index]));
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}(${written.join(",")})`;
}

/**
 * `ok`, or what it gave; the status where no Contract knows it or it is another; with the reason where a proxy answered
 * (`503 slot-away`); `⊥ reset` where the answer broke off.
 */
export function formatReply({
  status,
  reason,
  origin,
  value,
  valueType,
  isOk,
}: ReplyContent): string {
  if (isOk) return value === null ? "ok" : formatValue(value, valueType ?? "opaque");
  if (reason === null) return String(status);
  return origin === "proxy" && status > 0 ? `${status} ${reason}` : `⊥ ${reason}`;
}

/** A value as its type reads: `7`, `"a"`; a hash as `#3f2a…`. Without a type whole numbers are taken for such. */
export function formatValue(value: RecordedValue, type?: ValueType): string {
  if ("hash" in value) return `#${value.hash.slice(0, 4)}…`;
  if ("missing" in value) return `‹${value.missing}›`;
  const number = type === undefined || type === "integer" ? integerKey(value.text) : null;
  if (number !== null) return number;
  if (type === "json" && isJson(value.text)) return visible(shorten(value.text));
  return visible(JSON.stringify(shorten(value.text)));
}

/** `kvs`, `shop/kvs`, `kvs:8080`: what a request names. */
export function formatService(service: string, namespace = "default"): string {
  const name = service.replace(/:80$/, "");
  return shortName(name, namespace);
}

function formatPlace(
  { kind, address, message }: HistoryEvent,
  { level = "service", namespace = "default" }: NotationOptions,
): string {
  const target = kind === "send" ? (message.target ?? address) : address;
  if (level === "address" || message.service === null) return target;
  return formatService(message.service, namespace);
}

/** Longer texts are cut to this many characters. */
const shownChars = 60;

function shorten(text: string): string {
  return text.length <= shownChars ? text : `${text.slice(0, shownChars)}…`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Nothing that was recorded may move a reader's cursor or turn the line around. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (char) => `\\u${char.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
}

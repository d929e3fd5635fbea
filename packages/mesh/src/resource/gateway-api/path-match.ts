import { defaulted, object, oneOf, text } from "../schema/schema.ts";

const plain = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$/;

/** Texts that a path may not contain, since clients and servers disagree on what they mean. */
const forbidden = ["//", "/./", "/../", "%2f", "%2F", "#"];

/** How a rule matches the path: whole (`Exact`), by whole leading segments (`PathPrefix`), or by a regular expression. */
export const pathMatch = object(
  {
    type: defaulted(oneOf("Exact", "PathPrefix", "RegularExpression"), "PathPrefix"),
    value: defaulted(text({ maxLength: 1024 }), "/"),
  },
  ({ type = "PathPrefix", value = "/" }, problems) => {
    if (type === "RegularExpression") return;
    if (!value.startsWith("/")) {
      problems.add('expected to begin with "/"', "value");
      return;
    }
    const found =
      forbidden.find((part) => value.includes(part)) ??
      ["/..", "/."].find((part) => value.endsWith(part));
    if (found !== undefined) problems.add(`may not have ${JSON.stringify(found)}`, "value");
    else if (!plain.test(value)) {
      problems.add(`has characters that a path may not have: ${JSON.stringify(value)}`, "value");
    }
  },
);

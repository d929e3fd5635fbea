import type { Event } from "@heddle/mesh/resource/core/event.ts";
import type { Resource } from "@heddle/mesh/resource/meta.ts";
import type { HttpRouteGroup } from "@heddle/mesh/resource/smi/httproutegroup.ts";
import { expect, test } from "vitest";
import { formatDescription } from "./describe.ts";
import { formatEvents, isAbout } from "./events.ts";
import { formatPatterns } from "./patterns.ts";

const condition = (type: string, status: string, reason: string, message: string) => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 1,
  lastTransitionTime: "2026-01-01T00:00:00Z",
});

test("a route's conditions stand below each of its parents", () => {
  const route: Resource = {
    apiVersion: "gateway.networking.k8s.io/v1",
    kind: "HTTPRoute",
    metadata: { name: "r", namespace: "default" },
    spec: {
      parentRefs: [
        { group: "", kind: "Service", name: "kvs", port: 80 },
        { name: "front", namespace: "edge", sectionName: "http" },
        { name: "nowhere" },
      ],
    },
    status: {
      parents: [
        {
          parentRef: { group: "", kind: "Service", name: "kvs", port: 80 },
          controllerName: "heddle.dev/gateway-controller",
          conditions: [
            condition("Accepted", "True", "Accepted", "Accepted."),
            condition("ResolvedRefs", "False", "BackendNotFound", "There is no Service v9."),
          ],
        },
        {
          parentRef: { name: "front", namespace: "edge", sectionName: "http" },
          controllerName: "example.com/other",
          conditions: [condition("Accepted", "True", "Accepted", "Yes.")],
        },
      ],
    },
  };
  const text = formatDescription(route, 0);
  expect(text.slice(text.indexOf("Parents:"))).toBe(`Parents:
  Service/kvs, port 80
    TYPE           STATUS   REASON            MESSAGE
    Accepted       True     Accepted          Accepted.
    ResolvedRefs   False    BackendNotFound   There is no Service v9.
  Gateway/front, namespace edge, section http, said by example.com/other
    TYPE       STATUS   REASON     MESSAGE
    Accepted   True     Accepted   Yes.
  Gateway/nowhere
    nobody says anything of it
`);
});

test("Events of the very object are shown, the newest last", () => {
  const split: Resource = {
    apiVersion: "split.smi-spec.io/v1alpha4",
    kind: "TrafficSplit",
    metadata: { name: "s", namespace: "default", uid: "1" },
  };
  const event = (reason: string, more: object, lastTimestamp = "2026-01-01T00:00:10Z"): Event => ({
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: "e", namespace: "default" },
    involvedObject: {
      apiVersion: "split.smi-spec.io/v1alpha2",
      kind: "TrafficSplit",
      name: "s",
      uid: "1",
      ...more,
    },
    type: "Warning",
    reason,
    message: "Because.",
    count: 3,
    lastTimestamp,
  });
  const events = [
    event("Late", {}, "2026-01-01T00:00:50Z"),
    event("Early", {}),
    event("Before", { uid: "0" }),
    event("Namesake", { apiVersion: "example.com/v1" }),
    event("Elsewhere", { namespace: "other" }),
    event("Other", { name: "t" }),
  ];
  const nowMs = Date.parse("2026-01-01T00:01:00Z");
  const own = events.filter((one) => isAbout(one, split));
  expect(formatEvents(own, nowMs)).toBe(`TYPE      REASON   AGE   COUNT   MESSAGE
Warning   Early    50s       3   Because.
Warning   Late     10s       3   Because.
`);
  expect(formatEvents([], nowMs)).toBe("");
});

test("a group's patterns say how they are read, or why they fit nothing", () => {
  const group: HttpRouteGroup = {
    apiVersion: "specs.smi-spec.io/v1alpha4",
    kind: "HTTPRouteGroup",
    metadata: { name: "g" },
    spec: {
      matches: [
        { name: "m", pathRegex: "/api" },
        { name: "n", headers: [{ agent: "Fire(fox" }] },
      ],
    },
  };
  const [heading, path, header] = formatPatterns(group).split("\n");
  expect(heading).toMatch(/^MATCH +PLACE +PATTERN +READ AS$/);
  expect(path).toMatch(/^m +pathRegex +\/api +prefix|literal$/);
  expect(header).toMatch(/^n +headers\[0\]\.agent +Fire\(fox +fits nothing: /);
});

import { equal } from "../../real/equal.ts";
import { batch, type Caller } from "../echo-client.ts";
import { backend, httpRoute, manifest, path, resource } from "../manifest.ts";
import { expectAnswer, expectAnswers, holds, type TrafficCase } from "../traffic-case.ts";

const toV1 = { backendRefs: [backend("echo-v1")] };
let made = 0;

/** The budget is another case's: many of these in a row would come to its end. */
const wideBudget = resource("heddle.dev/v1alpha1", "RetryPolicy", "wide", {
  targetRefs: [{ kind: "Service", name: "echo-v1" }],
  budget: { percent: 100, perSecondMin: 1000 },
});

/** A key of its own for each try: the echo server counts by it. */
function freshKey(): string {
  return `try-${++made}-${process.pid}`;
}

interface Retried {
  readonly what: string;
  /** `retry` and `timeouts` of the rule. */
  readonly rule: object;
  /** What the echo server does first, and how often. */
  readonly first: string;
  readonly delayMs?: number;
  /** What comes in the end. */
  readonly statuses: readonly number[];
  /** How often the backend was asked; left out: not looked at. */
  readonly tries?: number;
}

/** Upstream's numbers: httproute-timeout-*, -retry, -retry-with-timeouts, -retry-connection-error, all for Gateways. */
const retried: readonly Retried[] = [
  {
    what: "codes [500], 3 attempts, ok after 2: 200",
    rule: { retry: { codes: [500], attempts: 3, backoff: "5ms" } },
    first: "2:500",
    statuses: [200],
    tries: 3,
  },
  {
    what: "codes [500], 3 attempts, ok after 4: 500",
    rule: { retry: { codes: [500], attempts: 3, backoff: "5ms" } },
    first: "4:500",
    statuses: [500],
    tries: 4,
  },
  {
    what: "codes [500], and it is 503: 503 at once",
    rule: { retry: { codes: [500], attempts: 3, backoff: "5ms" } },
    first: "2:503",
    statuses: [503],
    tries: 1,
  },
  ...[500, 502, 503, 504].flatMap((code): readonly Retried[] => [
    {
      what: `all codes, 2 attempts, ok after 1 ${code}: 200`,
      rule: { retry: { codes: [500, 502, 503, 504], attempts: 2, backoff: "5ms" } },
      first: `1:${code}`,
      statuses: [200],
      tries: 2,
    },
    {
      what: `all codes, 2 attempts, ok after 3 ${code}: ${code}`,
      rule: { retry: { codes: [500, 502, 503, 504], attempts: 2, backoff: "5ms" } },
      first: `3:${code}`,
      statuses: [code],
      tries: 3,
    },
  ]),
  {
    what: "attempts of at most 200 ms, 2 again, two slow ones: 200",
    rule: { retry: { attempts: 2, backoff: "5ms" }, timeouts: { backendRequest: "200ms" } },
    first: "2:slow300",
    statuses: [200],
    tries: 3,
  },
  {
    what: "attempts of at most 200 ms, 2 again, three slow ones: 504",
    rule: { retry: { attempts: 2, backoff: "5ms" }, timeouts: { backendRequest: "200ms" } },
    first: "3:slow300",
    statuses: [504],
    tries: 3,
  },
  {
    what: "codes [500], 5 attempts within 400 ms, ok after 1: 200",
    rule: {
      retry: { codes: [500], attempts: 5, backoff: "5ms" },
      timeouts: { request: "400ms", backendRequest: "200ms" },
    },
    first: "1:500",
    statuses: [200],
    tries: 2,
  },
  {
    what: "codes [500], 5 attempts within 400 ms, each fails after 100 ms: 504",
    rule: {
      retry: { codes: [500], attempts: 5, backoff: "5ms" },
      timeouts: { request: "400ms", backendRequest: "200ms" },
    },
    first: "9:500",
    delayMs: 100,
    statuses: [504],
  },
  {
    what: "no codes, 3 attempts, two resets: 200",
    rule: { retry: { attempts: 3, backoff: "5ms" } },
    first: "2:reset",
    statuses: [200],
    tries: 3,
  },
  {
    // Upstream has four resets. The proxy beside a process asks once more where a connection that it kept dies before any answer (it
    // may have been closed meanwhile), which is no attempt of the caller's: so there are as many resets as there may be tries.
    what: "no codes, 3 attempts, nothing but resets: 500 to 503",
    rule: { retry: { attempts: 3, backoff: "5ms" } },
    first: "9:reset",
    statuses: [500, 502, 503],
  },
];

/** Times and retries. */
export const timeCases: readonly TrafficCase[] = [
  {
    name: "timeouts.request 500ms: an answer after 1 s is 504, with 0s it comes",
    manifests: manifest(
      httpRoute("r", [
        { matches: [path("/request-timeout")], timeouts: { request: "500ms" }, ...toV1 },
        { matches: [path("/disable-request-timeout")], timeouts: { request: "0s" }, ...toV1 },
      ]),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/request-timeout", backend: "echo-v1" },
        { url: "http://echo/request-timeout?delay=1000", status: 504 },
        { url: "http://echo/disable-request-timeout?delay=1000", backend: "echo-v1" },
      ]),
  },
  {
    name: "timeouts.backendRequest 500ms: an answer after 1 s is 504",
    manifests: manifest(
      httpRoute("r", [
        { matches: [path("/backend-timeout")], timeouts: { backendRequest: "500ms" }, ...toV1 },
      ]),
    ),
    run: ({ client }) =>
      expectAnswers(client, [
        { url: "http://echo/backend-timeout", backend: "echo-v1" },
        { url: "http://echo/backend-timeout?delay=1000", status: 504 },
      ]),
  },
  ...retried.map(
    ({ what, rule, first, delayMs = 0, statuses, tries }): TrafficCase => ({
      name: `retry: ${what}`,
      manifests: manifest(
        httpRoute("r", [{ matches: [path("/retry")], ...rule, ...toV1 }]),
        wideBudget,
      ),
      async run(mesh) {
        await expectAnswer(mesh.client, { url: "http://echo/retry", backend: "echo-v1" });
        await expectAnswer(mesh.client, { url: "http://echo/other", status: 404 });
        await holds(async () => {
          const key = freshKey();
          const query = `first=${first}&delay=${delayMs}&key=${key}`;
          const { status } = await mesh.client.ask(`http://echo/retry?${query}`);
          equal(statuses.includes(status), true, `status ${status}`);
          if (tries === undefined) return;
          equal((await mesh.seen("echo-v1-0", key)).length, tries, "tries at the backend");
        });
      },
    }),
  ),
  {
    name: "retry: a POST is sent once, unless it has an Idempotency-Key",
    manifests: manifest(
      httpRoute("r", [{ retry: { codes: [500], attempts: 2, backoff: "5ms" }, ...toV1 }]),
    ),
    async run(mesh) {
      for (const [headers, tries] of [
        [{}, 1],
        [{ "idempotency-key": "once" }, 2],
      ] as const)
        await holds(async () => {
          const key = freshKey();
          const url = `http://echo/?first=1:500&key=${key}`;
          await mesh.client.ask(url, { method: "POST", body: "a body", headers });
          const seen = await mesh.seen("echo-v1-0", key);
          equal(seen.length, tries, `tries with ${JSON.stringify(headers)}`);
          equal(seen.at(-1)!.bodyOctets, 6, "octets of the last");
        });
    },
  },
  {
    name: "retry: no longer than XBackendTrafficPolicy's budget allows, then the failure",
    manifests: manifest(
      httpRoute("r", [{ retry: { codes: [500], attempts: 1, backoff: "5ms" }, ...toV1 }]),
      resource("gateway.networking.x-k8s.io/v1alpha1", "XBackendTrafficPolicy", "budget", {
        targetRefs: [{ group: "", kind: "Service", name: "echo-v1" }],
        retryConstraint: {
          budget: { percent: 10, interval: "10s" },
          minRetryRate: { count: 1, interval: "10s" },
        },
      }),
    ),
    run: (mesh) =>
      holds(async () => {
        const key = freshKey();
        await batch(200, async () => {
          await mesh.client.ask(`http://echo/?codes=500&key=${key}`);
        });
        const tries = (await mesh.seen("echo-v1-0", key)).length;
        const isWithin = tries > 200 && tries <= 200 * 1.1 * 1.5 + 10;
        equal(isWithin, true, `${tries} tries of 200 requests, about 220 allowed`);
      }),
  },
];

/** Session persistence, in the shape of v1.6.1 and in that of main. */
export const sessionCases: readonly TrafficCase[] = [
  ...[
    {
      what: "by cookie, as v1.6.1 words it",
      said: { sessionName: "s", type: "Cookie" },
      inCookie: true,
    },
    {
      what: "by header, as v1.6.1 words it",
      said: { sessionName: "x-session", type: "Header" },
      inCookie: false,
    },
  ].map(
    ({ what, said, inCookie }): TrafficCase => ({
      name: `session: a client stays where it was, ${what}`,
      manifests: manifest(
        httpRoute("r", [
          { sessionPersistence: said, backendRefs: [backend("echo-v1"), backend("echo-v2")] },
        ]),
      ),
      async run({ client }) {
        await holds(async () => {
          const fresh = new Set<string>();
          for (let at = 0; at < 10; at++)
            fresh.add((await client.ask("http://echo/")).echo!.hostname);
          equal(fresh.size, 2, "without a token: answers of both");
          const tokens = await openSession(client, inCookie);
          for (let at = 0; at < 10; at++) {
            const { echo } = await client.ask("http://echo/", { headers: tokens.headers });
            equal(echo?.hostname, tokens.hostname, "who answers the same session");
          }
        });
      },
    }),
  ),
  {
    name: "session: a weight of 0 takes no new clients and keeps those it has",
    manifests: manifest(
      httpRoute("r", [
        {
          sessionPersistence: { sessionName: "s" },
          backendRefs: [backend("echo-v1", { weight: 0 }), backend("echo-v2")],
        },
      ]),
    ),
    async run(mesh) {
      const before = await mesh.apply(
        manifest(
          httpRoute("r", [
            {
              sessionPersistence: { sessionName: "s" },
              backendRefs: [backend("echo-v1"), backend("echo-v2", { weight: 0 })],
            },
          ]),
        ),
      );
      equal(before.length, 1, "routes");
      await expectAnswer(mesh.client, { url: "http://echo/", backend: "echo-v1" });
      const { headers } = await openSession(mesh.client, true);
      await mesh.apply(
        manifest(
          httpRoute("r", [
            {
              sessionPersistence: { sessionName: "s" },
              backendRefs: [backend("echo-v1", { weight: 0 }), backend("echo-v2")],
            },
          ]),
        ),
      );
      await expectAnswer(mesh.client, { url: "http://echo/", backend: "echo-v2" });
      await expectAnswer(mesh.client, { url: "http://echo/", headers, backend: "echo-v1" });
    },
  },
  {
    name: "session: a session cookie has no age, a permanent one has; it is for scripts of nobody",
    manifests: manifest(
      httpRoute("r", [
        { matches: [path("/session")], sessionPersistence: { sessionName: "s" }, ...toV1 },
        {
          matches: [path("/permanent")],
          sessionPersistence: {
            sessionName: "p",
            absoluteTimeout: "1h",
            cookieConfig: { lifetimeType: "Permanent" },
          },
          ...toV1,
        },
      ]),
    ),
    run: ({ client }) =>
      holds(async () => {
        const session = (await client.ask("http://echo/session")).headers["set-cookie"] ?? "";
        const permanent = (await client.ask("http://echo/permanent")).headers["set-cookie"] ?? "";
        equal(/^s=[^;]+;/.test(session), true, session);
        equal(/max-age|expires/i.test(session), false, session);
        equal(/httponly/i.test(session), true, session);
        equal(/^p=.*max-age=3600/i.test(permanent), true, permanent);
      }),
  },
];

/** Asks without a token; whom the reply's token binds to, and how to show it again. */
async function openSession(
  client: Caller,
  inCookie: boolean,
): Promise<{ readonly hostname: string; readonly headers: Readonly<Record<string, string>> }> {
  const { headers, echo } = await client.ask("http://echo/");
  const token = inCookie ? headers["set-cookie"]?.split(";")[0] : headers["x-session"];
  equal(token !== undefined, true, "a token in the reply");
  return {
    hostname: echo!.hostname,
    headers: inCookie ? { cookie: `other=1; ${token}` } : { "x-session": token! },
  };
}

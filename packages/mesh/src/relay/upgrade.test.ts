import { expect, test } from "vitest";
import { PlainRequestHead } from "../net/plain-head.ts";
import { neededUpgrade } from "./upgrade.ts";

const head = (fields: Record<string, string>) =>
  new PlainRequestHead({ method: "GET", path: "/", authority: "kvs" }, Object.entries(fields));

test.each(["websocket", "h2c, websocket", "tailscale-control-protocol"])(
  "%s is needed by who asks for it",
  (upgrade) => {
    expect(neededUpgrade(head({ connection: "keep-alive, Upgrade", upgrade }))).toBe(
      `Upgrade: ${upgrade}`,
    );
  },
);

test.each(["h2c", "HTTP/2.0", "h2c, TLS/1.2"])("%s may be ignored", (upgrade) => {
  expect(neededUpgrade(head({ connection: "Upgrade, HTTP2-Settings", upgrade }))).toBeNull();
});

test("an offer that Connection does not name is none", () => {
  expect(neededUpgrade(head({ upgrade: "websocket" }))).toBeNull();
});

test("a tunnel is needed by who asks for one, here: a proxy's own tunnels do not come this way", () => {
  const connect = new PlainRequestHead({ method: "CONNECT", path: "", authority: "kvs:80" }, []);
  expect(neededUpgrade(connect)).toBe("CONNECT");
});

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { capturePlace, cgroupRootIn, placeOf } from "./place.ts";
import { formatRemoval, formatRuleset } from "./ruleset.ts";

const place = placeOf("heddle_kvs_0a1b2c3d", "/sys/fs/cgroup/unified");

test("the rules of a mesh are one transaction that replaces them all", () => {
  const app = {
    name: "w_app",
    redirects: [
      { address: "127.241.51.226", port: 80, to: 40_001 },
      { address: "127.135.24.249", port: 9000, to: 40_002 },
    ],
    names: { tcp: 40_003, udp: 40_004 },
  };
  const idle = { name: "w_idle", redirects: [], names: { tcp: 40_005, udp: 40_006 } };
  expect(formatRuleset(place, [app, idle])).toBe(`table inet heddle_kvs_0a1b2c3d {}
delete table inet heddle_kvs_0a1b2c3d
table inet heddle_kvs_0a1b2c3d {
	map w_app_services {
		type ipv4_addr . inet_service : ipv4_addr . inet_service
		elements = {
			127.241.51.226 . 80 : 127.0.0.1 . 40001,
			127.135.24.249 . 9000 : 127.0.0.1 . 40002
		}
	}
	map w_idle_services {
		type ipv4_addr . inet_service : ipv4_addr . inet_service
	}
	chain w_app {
		ip daddr 127.128.0.0/9 meta l4proto tcp dnat ip to ip daddr . tcp dport map @w_app_services
		meta nfproto ipv4 udp dport 53 dnat ip to 127.0.0.1:40004
		meta nfproto ipv4 tcp dport 53 dnat ip to 127.0.0.1:40003
	}
	chain w_idle {
		ip daddr 127.128.0.0/9 meta l4proto tcp dnat ip to ip daddr . tcp dport map @w_idle_services
		meta nfproto ipv4 udp dport 53 dnat ip to 127.0.0.1:40006
		meta nfproto ipv4 tcp dport 53 dnat ip to 127.0.0.1:40005
	}
	chain captured {
		socket cgroupv2 level 2 "unified/heddle_kvs_0a1b2c3d/w_app" goto w_app
		socket cgroupv2 level 2 "unified/heddle_kvs_0a1b2c3d/w_idle" goto w_idle
	}
	chain nat {
		type nat hook output priority -110; policy accept;
		socket cgroupv2 level 1 "unified/heddle_kvs_0a1b2c3d" goto captured
	}
	chain refused {
		ip daddr 127.128.0.0/9 meta l4proto tcp reject with tcp reset
		ip daddr 127.128.0.0/9 reject with icmp port-unreachable
		meta nfproto ipv6 udp dport 53 reject with icmpv6 port-unreachable
		meta nfproto ipv6 tcp dport 53 reject with tcp reset
	}
	chain filter {
		type filter hook output priority 0; policy accept;
		socket cgroupv2 level 1 "unified/heddle_kvs_0a1b2c3d" goto refused
	}
}
`);
});

test("taking them away is the same whether or not they are there", () => {
  expect(formatRemoval(place)).toBe(
    "table inet heddle_kvs_0a1b2c3d {}\ndelete table inet heddle_kvs_0a1b2c3d\n",
  );
});

describe("where the rules of a mesh are", () => {
  const both =
    "34 30 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n" +
    "42 30 0:37 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw\n";

  test("cgroup v2 is found alone and beside v1, and only where nft looks for it", () => {
    expect(cgroupRootIn(both)).toBe("/sys/fs/cgroup/unified");
    expect(cgroupRootIn("30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")).toBe(
      "/sys/fs/cgroup",
    );
    expect(cgroupRootIn("30 24 0:26 / /mnt/cgroup rw - cgroup2 none rw\n")).toBeNull();
    expect(cgroupRootIn("30 24 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw\n")).toBeNull();
  });

  test("the state folder names them: the same in every life, another for every mesh", () => {
    const folder = mkdtempSync(join(tmpdir(), "Heddle-Place."));
    const place = capturePlace(folder, "/sys/fs/cgroup");
    expect(place.table).toMatch(/^heddle_heddle_place_[a-z0-9_]+_[0-9a-f]{8}$/);
    expect(place.path).toBe(place.table);
    expect(place.folder).toBe(`/sys/fs/cgroup/${place.table}`);
    expect(capturePlace(`${folder}/.`, "/sys/fs/cgroup")).toEqual(place);
    expect(capturePlace(tmpdir(), "/sys/fs/cgroup").table).not.toBe(place.table);
    rmSync(folder, { recursive: true });
  });
});

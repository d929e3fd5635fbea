import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { History } from "@heddle/mesh/history/event.ts";
import { formatEvents } from "@heddle/mesh/history/notation.ts";
import { RecordedCaller } from "./caller.ts";
import { judge } from "./judge.ts";
import type { Stage } from "./stage.ts";
import { asProgram, type Scenario } from "./tell.ts";

/** The one script, whoever runs it and whatever is between it and kvs. */
async function script(url: URL): Promise<RecordedCaller> {
  const caller = await RecordedCaller.open("caller", url);
  await caller.put(1, "a");
  await caller.get(1);
  await caller.get(50_001); // never put
  await caller.put(1, "b");
  await caller.get(1);
  await caller.put(50_002, "");
  await caller.get(50_002);
  caller.hangUp();
  return caller;
}

/** T4, W2, P3: no proxy, proxies that run from files, proxies that are driven; the caller cannot tell. */
export const directAndIndirect: Scenario = {
  title:
    "(f) direct or indirect: the caller's history is the same, up to addresses and names of messages",
  manifest: "story/kvs.yaml",
  async run(stage, claim) {
    const run = await inRun(stage);
    const walk = await inWalk(stage);
    const crawl = await inCrawl(stage);
    const histories = Object.entries({ crawl, walk, run });
    stage.say(`service level, each: ${formatEvents(run.history.events)}`);
    for (const [profile, { history }] of histories) {
      const events = history.events.slice(0, 4);
      stage.say(`process level, ${profile}: ${formatEvents(events, { level: "address" })}`);
    }
    for (const [profile, { history, operations }] of histories) {
      const { verdict } = judge(operations, "caller").verdict;
      claim(verdict === "holds", `${profile}: the contract holds for the caller's own history`);
      const isSame = isDeepStrictEqual(seen(history), seen(crawl.history));
      if (profile !== "crawl") claim(isSame, `${profile}: its history is that of crawl`);
    }
    const addresses = histories.map(([, { history }]) => history.events[0]!.message.target);
    claim(new Set(addresses).size === 3, "and each sent it to another address");
  },
};

/** A history up to addresses, names of messages and times: what was sent and received, in order. */
function seen({ events }: History) {
  return events.map(({ kind, message: { type, service, content } }) => ({
    kind,
    type,
    service,
    content,
  }));
}

async function inRun(stage: Stage): Promise<RecordedCaller> {
  const place = await stage.join("caller");
  const caller = await script(place.url);
  await place.leave();
  await stage.heddle("history", "caller", "--global", "--last", "1");
  return caller;
}

/** The script takes the place of a process whose proxy runs from a file. */
async function inWalk(stage: Stage): Promise<RecordedCaller> {
  await stage.compile(["story/kvs.yaml", "story/caller.yaml"], "story/walk");
  await stage.up("story/walk/mesh.yaml");
  const text = readFileSync(join(stage.folder, "story/walk/mesh.yaml"), "utf8");
  const [, own = ""] = /name: caller-0$(.*?)^---/ms.exec(text) ?? [];
  const [, url = ""] = /KVS_SERVICE_URL\s+value: (\S+)/.exec(own) ?? [];
  const caller = await script(new URL(url));
  await stage.down();
  return caller;
}

/** The script calls the one process that there is. */
async function inCrawl(stage: Stage): Promise<RecordedCaller> {
  await stage.up("crawl.yaml");
  const place = await stage.join("caller");
  const caller = await script(place.url);
  await place.leave();
  await stage.down();
  return caller;
}

if (import.meta.main) await asProgram(directAndIndirect);

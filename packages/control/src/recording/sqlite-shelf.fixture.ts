/** Takes batches one after the other and says each time which number was acknowledged, until it is killed. */
import { silentLog } from "@heddle/mesh/base/log.ts";
import { SystemClock } from "@heddle/mesh/net/system-clock.ts";
import { batch } from "./batches.fixture.ts";
import { Recordings } from "./recordings.ts";
import { SqliteShelf } from "./sqlite-shelf.ts";

const shelf = new SqliteShelf(process.argv[2]!);
const recordings = new Recordings({
  shelf,
  clock: new SystemClock(),
  log: silentLog,
  boot: "boot",
  workloads: () => ["a"],
});
const next = shelf.streams()[0]?.next ?? 1;
process.stdout.write(`open ${next}\n`);
const send = (from: number) => {
  recordings.take(batch(from, from + 2), (number) => {
    process.stdout.write(`done ${number}\n`);
    send(number);
  });
};
send(next);

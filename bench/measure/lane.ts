import { setTimeout as sleep } from "node:timers/promises";
import { Exchanges } from "../load/exchange.ts";
import { verify, type WireBytes } from "../load/verify.ts";
import { NotMeasured } from "../rig/not-measured.ts";
import type { Rig } from "../rig/rig.ts";
import type { Running, Subject } from "../subject/subject.ts";

/** Longest wait for a subject's first answer, in ms. */
const startMsMax = 20_000;

/** A subject that runs and has answered correctly at least once. */
export class Lane {
  readonly subject: Subject;
  readonly running: Running;
  /** From the start of its processes to the first whole answer, in ms. */
  readonly startupMs: number;
  wireBytes: WireBytes = { small: null, ten: null };

  private constructor(subject: Subject, running: Running, startupMs: number) {
    this.subject = subject;
    this.running = running;
    this.startupMs = startupMs;
  }

  /** Starts the subject and waits for its first answer. Throws NotMeasured with its last words if none comes. */
  static async start(subject: Subject, rig: Rig): Promise<Lane> {
    const startedMs = performance.now();
    const running = await subject.start(rig);
    let fault = "";
    while (performance.now() - startedMs < startMsMax) {
      const gone = running.proxies.find((child) => !child.isRunning);
      if (gone !== undefined) {
        await rig.children.stop(running.proxies);
        throw new NotMeasured(`${gone.name} did not start: ${gone.said.slice(-500)}`);
      }
      try {
        await firstAnswer(running.port);
        return new Lane(subject, running, performance.now() - startedMs);
      } catch (thrown) {
        fault = String(thrown);
        await sleep(2);
      }
    }
    const words = running.proxies.map((child) => child.said).join(" ");
    await rig.children.stop(running.proxies);
    throw new NotMeasured(`no answer within ${startMsMax / 1000} s: ${fault} ${words.slice(-500)}`);
  }

  /** Compares every byte and remembers what answers weigh. Throws with what was wrong. */
  async check(): Promise<void> {
    this.wireBytes = await verify(this.running.port);
  }

  /** All processes whose CPU and memory count. */
  pids(): number[] {
    return this.running.proxies.flatMap((child) => child.tree());
  }

  stop(rig: Rig): Promise<void> {
    return rig.children.stop(this.running.proxies);
  }
}

async function firstAnswer(port: number): Promise<void> {
  const exchanges = await Exchanges.open(port);
  try {
    const answer = await exchanges.ask("GET / HTTP/1.1\r\nhost: origin.bench\r\n\r\n");
    if (answer.statusLine !== "HTTP/1.1 200 OK") throw new Error(answer.statusLine);
  } finally {
    exchanges.close();
  }
}

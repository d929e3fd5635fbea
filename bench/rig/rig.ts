import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Certificates, makeCertificates } from "./certificates.ts";
import { Children } from "./children.ts";
import { type Cpus, chooseCpus, pinSelf } from "./cpus.ts";
import { compilePeer, Origin } from "./origin.ts";

/** What all subjects share: cores, a folder, the origin, the log sink, certificates made once when first asked for. */
export class Rig {
  readonly cpus: Cpus;
  readonly folder: string;
  readonly children: Children;
  readonly origin: Origin;
  readonly logSocket: string;
  #certificates: Certificates | null = null;

  private constructor(cpus: Cpus, folder: string, children: Children, origin: Origin) {
    this.cpus = cpus;
    this.folder = folder;
    this.children = children;
    this.origin = origin;
    this.logSocket = join(folder, "log.sock");
  }

  /** Throws NotMeasured when the machine cannot carry a bench at all (no Linux, one core, no compiler). */
  static async build(): Promise<Rig> {
    const cpus = chooseCpus();
    pinSelf(cpus.load);
    const folder = mkdtempSync(join(tmpdir(), "heddle-bench-"));
    const children = new Children();
    process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    const origin = await Origin.start(folder, children, cpus.load);
    const rig = new Rig(cpus, folder, children, origin);
    const sink = compilePeer("sink", folder);
    children.start({ name: "sink", cpu: cpus.load, command: [sink, rig.logSocket] });
    return rig;
  }

  certificates(): Certificates {
    this.#certificates ??= makeCertificates(this.folder);
    return this.#certificates;
  }

  async close(): Promise<void> {
    await this.children.stopAll();
    this.origin.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

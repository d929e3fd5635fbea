import { isAbsolute, join, relative } from "node:path";
import { assignSlots } from "@heddle/mesh/balance/assign.ts";
import type { Document, SlotsDoc } from "@heddle/mesh/model/document.ts";
import {
  compileAll,
  inboundSocket,
  type MeshInputs,
  type MeshOutputs,
  selects,
  serviceDocFor,
  type WorkloadView,
} from "@heddle/mesh/resource/compile.ts";
import type { KnownResource } from "@heddle/mesh/resource/index.ts";
import { compareText } from "@heddle/mesh/resource/meta.ts";
import { FixedPorts, type FixedWorkload, fixedWorkloads } from "./fixed-workloads.ts";
import { meshInputs } from "./inputs.ts";
import { startManifest } from "./start-manifest.ts";

export interface CompileFilesOptions {
  /** Absolute: where the files are going to be. */
  readonly folder: string;
  /** Addresses are given from here upwards. Default 15000: below every system's ephemeral ports. */
  readonly firstPort?: number;
  /** The program that runs a proxy: a name on the PATH, or an absolute path. Default `heddle`; `HEDDLE` overrides it. */
  readonly heddle?: string;
}

/** A file to be written, by its path below the folder. */
export interface CompiledFile {
  readonly path: string;
  readonly text: string;
}

/**
 * The Walk profile: for each workload a folder with the documents of its proxy, every address fixed, and a manifest that
 * starts all of it. Nothing changes them while they run, and nothing has an identity: connections are plain.
 */
export function compileFiles(
  resources: readonly KnownResource[],
  options: CompileFilesOptions,
): readonly CompiledFile[] {
  const intent = meshInputs(resources);
  const ports = new FixedPorts(options.firstPort ?? 15_000, resources);
  const workloads = fixedWorkloads(resources, intent, ports);
  const inputs = withWorld(intent, workloads);
  const outputs = compileAll(inputs);
  const folders = workloads.map((workload) => ({
    path: join(folderOf(workload.view), "documents.json"),
    text: documentsText(documentsOf(workload.view, outputs)),
  }));
  const program = options.heddle ?? "heddle";
  const fromFolder = isAbsolute(program) ? relative(options.folder, program) : program;
  const heddle = `\${HEDDLE:-${fromFolder}}`;
  const home = (folder: string) => relative(options.folder, folder) || ".";
  const manifest = startManifest(workloads, inputs, { heddle, home, folderOf });
  return [...folders, { path: "mesh.yaml", text: manifest }];
}

/** `kvs-0`, and outside the default namespace `kvs-0.shop`. */
function folderOf({ name, namespace }: WorkloadView): string {
  return namespace === "default" ? name : `${name}.${namespace}`;
}

function withWorld(intent: MeshInputs, workloads: readonly FixedWorkload[]): MeshInputs {
  const sockets = new Map(workloads.flatMap((one) => [...one.sockets]));
  const views = workloads.map(({ view }) => ({
    ...view,
    inbound: sockets.get(inboundSocket(view)) ?? null,
  }));
  const bare = compileAll(intent);
  const slots = new Map<string, SlotsDoc>();
  for (const [key, service] of intent.services) {
    const placement = bare.services.get(key)?.doc.placement ?? null;
    const owners = views.filter((view) => selects(service, view)).map(({ uid }) => uid);
    if (placement !== null) slots.set(key, assignSlots(null, owners, placement.slots));
  }
  return { ...intent, workloads: new Map(views.map((view) => [view.uid, view])), slots, sockets };
}

/** All a proxy acts on: its own document, and every service with its processes. */
function documentsOf(view: WorkloadView, outputs: MeshOutputs): readonly Document[] {
  const services = [...outputs.services].sort(([a], [b]) => compareText(a, b));
  return [
    outputs.proxies.get(view.uid)!,
    ...services.map(([, compiled]) => serviceDocFor(compiled, view.namespace)),
    ...services.map(([key]) => outputs.endpoints.get(key)!),
  ];
}

/** One document a line, so that two versions can be compared by eye. */
function documentsText(documents: readonly Document[]): string {
  const lines = documents.map((document) => JSON.stringify(document)).join(",\n");
  return `{"documents":[\n${lines}\n]}\n`;
}

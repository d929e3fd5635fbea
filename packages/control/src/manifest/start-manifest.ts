import type { Address } from "@heddle/mesh/model/address.ts";
import type { MeshInputs, WorkloadView } from "@heddle/mesh/resource/compile.ts";
import { forwardSocket } from "@heddle/mesh/resource/compile.ts";
import { Document } from "yaml";
import { environmentOf } from "../watch/environment.ts";
import type { FixedWorkload } from "./fixed-workloads.ts";

interface StartOptions {
  /** What starts heddle. */
  readonly heddle: string;
  /** A folder as seen from the manifest. */
  readonly home: (folder: string) => string;
  readonly folderOf: (view: WorkloadView) => string;
}

const head = `# Written by \`heddle compile\`. The Walk profile: each proxy runs from the fixed file beside it, and no
# control plane tells it anything. To change something, edit the files, or compile again.
`;

/** A manifest that starts every process and, as one more process, the proxy beside it. */
export function startManifest(
  workloads: readonly FixedWorkload[],
  inputs: MeshInputs,
  options: StartOptions,
): string {
  const mesh = resource("Mesh", "mesh", { profile: "walk" });
  const all = workloads.flatMap((one) => {
    const app = one.process === null ? [] : [appOf(one, inputs, options)];
    return [...app, proxyOf(one, options)];
  });
  return head + [mesh, ...all].map(toYaml).join("---\n");
}

function appOf(
  { process, view, sockets }: FixedWorkload,
  inputs: MeshInputs,
  { home, folderOf }: StartOptions,
): object {
  const { spec } = process!;
  const names = view.ports.map(({ name }) => name);
  const given = Object.entries(environmentOf(view, names, inputs.services.values()))
    .filter(([name]) => !isOfSupervisor(name))
    .map(([name, value]) => ({ name, value: fixedPorts(value, sockets) }));
  const own = spec.env ?? [];
  const env = [...given.filter(({ name }) => own.every((one) => one.name !== name)), ...own];
  const { replicas: _, calls: __, workingDir = ".", serviceAccountName: ___, ...rest } = spec;
  return resource("Process", folderOf(view).replaceAll(".", "-"), {
    ...rest,
    workingDir: home(workingDir),
    ports: view.ports.map(({ name, address }) => ({ name, bind: portOf(address) })),
    env,
  });
}

function proxyOf({ view, sockets }: FixedWorkload, { heddle, folderOf }: StartOptions): object {
  const folder = folderOf(view);
  const listener = sockets.get(forwardSocket(view)) ?? [...sockets.values()][0];
  return resource("Process", `${folder.replaceAll(".", "-")}-proxy`, {
    command: [heddle, "proxy", "--config", folder],
    ...(listener === undefined
      ? {}
      : {
          ports: [{ name: "listener", bind: portOf(listener) }],
          readinessProbe: { tcpSocket: { port: "listener" } },
        }),
  });
}

function resource(kind: string, name: string, spec: object): object {
  return { apiVersion: "heddle.dev/v1alpha1", kind, metadata: { name }, spec };
}

/** The supervisor gives every process its own ports. */
function isOfSupervisor(name: string): boolean {
  return name === "PORT" || name.startsWith("PORT_");
}

/** `{{port:<socket>}}` is what a supervisor would fill in. */
function fixedPorts(value: string, sockets: ReadonlyMap<string, Address>): string {
  return value.replace(/\{\{port:([^}]+)\}\}/g, (_whole, name: string) =>
    String(portOf(sockets.get(name))),
  );
}

function portOf(address: Address | undefined): number {
  return address?.kind === "tcp" ? address.port : 0;
}

/** Lists of words and small objects on one line. */
function toYaml(value: object): string {
  return new Document(value).toString({ lineWidth: 0 });
}

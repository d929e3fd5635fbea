import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { GenerationFolder } from "@heddle/mesh/identity/generation.ts";
import { tcp } from "@heddle/mesh/model/address.ts";
import type { Document, EndpointsDoc, ProxyDoc, ServiceDoc } from "@heddle/mesh/model/document.ts";
import { documentKey } from "@heddle/mesh/model/document.ts";
import type { SpiffeId } from "@heddle/mesh/model/identity.ts";
import type { PortProtocol } from "@heddle/mesh/model/protocol.ts";
import { formatServerName } from "@heddle/mesh/model/server-name.ts";
import { bindSocket, sendSocket } from "@heddle/mesh/net/bound-socket.ts";
import type { TlsCredentials } from "@heddle/mesh/net/transport.ts";
import { diffSnapshots } from "@heddle/mesh/snapshot/diff.ts";
import { Digester } from "@heddle/mesh/snapshot/digest.ts";
import { findPrograms, leanMalloc } from "../../../packages/cli/src/command/programs.ts";
import { TestAuthority } from "../../../packages/mesh/test/net/certificates.ts";
import {
  endpointsDoc,
  proxyDoc,
  routesTo,
  serviceDoc,
} from "../../../packages/mesh/test/support/documents.ts";
import { freePort, whenListening } from "../../support/ports.ts";
import type { Program } from "./programs.ts";
import type { Rig } from "./rig.ts";

/** A service behind the pair: what its one port is said to speak, and where its process listens. */
export interface PairService {
  readonly name: string;
  readonly protocol: PortProtocol;
  readonly target: number;
  /** Is an HTTPRoute attached that sends all to the service? Default false. */
  readonly hasRoute?: boolean;
}

/** Number of the one port of each service. */
const servicePort = 80;

/**
 * Two real proxies with mutual TLS between them, as a supervisor starts them; documents and certificates are those of an earlier
 * life on their disks, and no control plane answers.
 *
 *   client ──▶ caller's outbound listener of the service ══mTLS══▶ callee's inbound ──▶ process
 */
export class ProxyPair {
  readonly caller: Program;
  readonly callee: Program;
  /** Where the callee takes other proxies. */
  readonly inboundPort: number;
  /** The caller's, with which anybody gets in at the callee's. */
  readonly credentials: TlsCredentials;
  readonly #ports: ReadonlyMap<string, number>;
  readonly #folders: { readonly caller: string; readonly callee: string };

  private constructor(parts: {
    caller: Program;
    callee: Program;
    inboundPort: number;
    credentials: TlsCredentials;
    ports: ReadonlyMap<string, number>;
    folders: { readonly caller: string; readonly callee: string };
  }) {
    this.caller = parts.caller;
    this.callee = parts.callee;
    this.inboundPort = parts.inboundPort;
    this.credentials = parts.credentials;
    this.#ports = parts.ports;
    this.#folders = parts.folders;
  }

  static async start(rig: Rig, services: readonly PairService[]): Promise<ProxyPair> {
    const authority = await TestAuthority.make();
    const [callerLeaf, calleeLeaf] = [
      await authority.issue("caller"),
      await authority.issue("callee"),
    ];
    const inbound = bindSocket("127.0.0.1", 0);
    const outbound = services.map(() => bindSocket("127.0.0.1", 0));
    const ports = new Map(services.map(({ name }, at) => [name, outbound[at]!.port]));
    const shared = services.flatMap((service) => [
      serviceOf(service),
      endpointsOf(service, inbound.port, calleeLeaf.spiffeId),
    ]);
    const callerDoc = proxyOf("caller", callerLeaf.spiffeId, {
      outbound: services.map(({ name }) => ({
        listener: { name: `outbound-${name}`, address: tcp("127.0.0.1", ports.get(name)!) },
        service: `default/${name}`,
        port: servicePort,
      })),
    });
    const calleeDoc = proxyOf("callee", calleeLeaf.spiffeId, inboundOf(services, inbound.port));
    try {
      const callee = await startHosted(rig, calleeDoc, shared, calleeLeaf);
      await sendSocket(callee.program.process, { type: "socket", name: "inbound" }, inbound);
      const caller = await startHosted(rig, callerDoc, shared, callerLeaf);
      for (const [at, { name }] of services.entries()) {
        const message = { type: "socket", name: `outbound-${name}` };
        await sendSocket(caller.program.process, message, outbound[at]!);
      }
      for (const port of [inbound.port, ...ports.values()]) await whenListening(port);
      return new ProxyPair({
        caller: caller.program,
        callee: callee.program,
        inboundPort: inbound.port,
        credentials: callerLeaf,
        ports,
        folders: { caller: caller.folder, callee: callee.folder },
      });
    } finally {
      // The proxies hold their own: one that ends is to refuse, not to leave callers waiting.
      inbound.close();
      for (const socket of outbound) socket.close();
    }
  }

  /** The caller's listener of a service. */
  portOf(service: string): number {
    const port = this.#ports.get(service);
    if (port === undefined) throw new Error(`the pair has no service ${service}`);
    return port;
  }

  /** What a proxy asks the callee's for, to get to a service. */
  serverNameOf(service: string): string {
    return formatServerName({
      workloadUid: "callee",
      namespace: "default",
      service,
      port: servicePort,
    });
  }

  adminSocket(side: "caller" | "callee"): string {
    return join(this.#folders[side], "admin.sock");
  }
}

/** One proxy from documents on disk, without identities: all it speaks is plain. */
export async function startPlainInbound(
  rig: Rig,
  service: PairService,
): Promise<{ readonly program: Program; readonly port: number }> {
  const port = await freePort();
  const folder = join(rig.folder, `plain-${port}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const proxy = proxyOf("callee", null, inboundOf([service], port));
  const documents = [proxy, serviceOf(service), endpointsOf(service, port, null)];
  const config = join(folder, "documents.json");
  writeFileSync(config, JSON.stringify({ documents }));
  const command = [...(await findPrograms()).proxy, "--config", config, "--state", folder];
  const program = rig.start(command, { env: leanMalloc });
  await whenListening(port);
  return { program, port };
}

async function startHosted(
  rig: Rig,
  proxy: ProxyDoc,
  shared: readonly Document[],
  credentials: TlsCredentials,
): Promise<{ readonly program: Program; readonly folder: string }> {
  const { uid } = proxy.workload;
  const folder = join(rig.folder, uid);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const held = new Map([proxy, ...shared].map((document) => [documentKey(document), document]));
  const version = { epoch: "conformance", revision: 1, endpointsVersion: 1 };
  const whole = diffSnapshots(null, { ...version, documents: held }, new Digester());
  const wants = shared.flatMap((document) =>
    document.kind === "service" ? [`${document.namespace}/${document.name}`] : [],
  );
  await new GenerationFolder(join(folder, "generation")).save({
    credentials,
    snapshot: { whole, wants },
  });
  const program = rig.start([...(await findPrograms()).proxy, "--host"], {
    env: leanMalloc,
    hasChannel: true,
  });
  const control = { host: "127.0.0.1", port: await freePort() }; // where nobody answers
  program.process.send({ type: "start", workloadUid: uid, stateDir: folder, control });
  return { program, folder };
}

function proxyOf(uid: string, identity: SpiffeId | null, changes: Partial<ProxyDoc>): ProxyDoc {
  const workload = { uid, name: `${uid}-0`, namespace: "default", identity };
  return proxyDoc(uid, { workload, ...changes });
}

function serviceOf({ name, protocol, hasRoute = false }: PairService): ServiceDoc {
  const routes = hasRoute ? routesTo(name) : null;
  return serviceDoc(name, { ports: [{ name: null, number: servicePort, protocol, routes }] });
}

/** Of the one process of each service, beside which the callee's proxy stands. */
function endpointsOf({ name }: PairService, port: number, identity: SpiffeId | null): EndpointsDoc {
  const address = tcp("127.0.0.1", port);
  const state = { phase: "ready" } as const;
  const callee = { uid: "callee", workload: "callee-0", address, identity, state };
  return endpointsDoc(name, [], { endpoints: [callee] });
}

function inboundOf(services: readonly PairService[], port: number): Pick<ProxyDoc, "inbound"> {
  return {
    inbound: {
      listener: { name: "inbound", address: tcp("127.0.0.1", port) },
      ports: services.map(({ name, protocol, target }) => ({
        service: `default/${name}`,
        port: servicePort,
        protocol,
        target: tcp("127.0.0.1", target),
      })),
    },
  };
}

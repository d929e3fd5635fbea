import type { CaptureDoc, CapturedServiceDoc, WorkloadDoc } from "../model/document.ts";
import { recordTypes, responseCodes } from "../net/dns/query.ts";
import type { DnsRecord, DnsReply } from "../net/dns/reply.ts";

/** Longest name that DNS can ask for. */
const nameBytesMax = 253;

type Named =
  | { readonly kind: "service"; readonly service: CapturedServiceDoc; readonly fullName: string }
  | {
      readonly kind: "port";
      readonly port: number;
      readonly fullName: string;
      readonly address: string;
    }
  | { readonly kind: "address"; readonly fullName: string }
  /** There is nothing there, and names below it. */
  | { readonly kind: "branch" };

/**
 * What the mesh knows of names, as Kubernetes spells them:
 *
 *   svc · svc.ns · svc.ns.svc · svc.ns.svc.<domain>              A     its virtual address
 *   _port._tcp. before each of these                             SRV   a named port
 *   d.c.b.127.in-addr.arpa                                       PTR   the service of a virtual address
 *
 * Below `<domain>` and `svc` the mesh knows all names there are: others do not exist. All other names are not ours.
 */
export class DnsNames {
  readonly #names = new Map<string, Named>();
  readonly #domain: string;

  constructor(
    capture: CaptureDoc,
    workload: Pick<WorkloadDoc, "namespace">,
    clusterDomain: string,
  ) {
    this.#domain = clusterDomain;
    const suffixes = ["svc", `svc.${clusterDomain}`];
    for (const suffix of [...suffixes.slice(1), clusterDomain]) this.#addBranch(suffix);
    for (const service of capture.services) {
      const [namespace = "", name = ""] = service.service.split("/");
      for (const suffix of suffixes) this.#addBranch(`${namespace}.${suffix}`);
      const full = `${name}.${namespace}.svc.${clusterDomain}`;
      const spellings = [`${name}.${namespace}`, `${name}.${namespace}.svc`, full];
      if (namespace === workload.namespace) spellings.push(name);
      for (const spelling of spellings) this.#addService(spelling, service, full);
      const reversed = service.address.split(".").reverse().join(".");
      this.#names.set(`${reversed}.in-addr.arpa`, { kind: "address", fullName: full });
    }
  }

  /** Null: not a name of the mesh. */
  answer(name: string, type: number): DnsReply | null {
    const named = this.#names.get(name);
    if (named === undefined) {
      if (!this.#isOurs(name)) return null;
      return this.#no(name, responseCodes.noSuchName);
    }
    const isAsked = (own: number) => type === own || type === recordTypes.ANY;
    if (named.kind === "service" && isAsked(recordTypes.A)) {
      return yes({ name: null, type: "A", address: named.service.address });
    }
    if (named.kind === "port" && isAsked(recordTypes.SRV)) {
      const { fullName, port, address } = named;
      const record = { name: null, type: "SRV", target: fullName, port } as const;
      return { ...yes(record), additional: [{ name: fullName, type: "A", address }] };
    }
    if (named.kind === "address" && isAsked(recordTypes.PTR)) {
      return yes({ name: null, type: "PTR", target: named.fullName });
    }
    return this.#no(name, responseCodes.ok); // the name is there, and has no such record
  }

  #addService(spelling: string, service: CapturedServiceDoc, fullName: string): void {
    if (spelling.length > nameBytesMax) return;
    this.#names.set(spelling, { kind: "service", service, fullName });
    for (const { name, number } of service.ports) {
      if (name === null || fullName.length > nameBytesMax) continue;
      const { address } = service;
      this.#names.set(`_${name}._tcp.${spelling}`, {
        kind: "port",
        port: number,
        fullName,
        address,
      });
      this.#addBranch(`_tcp.${spelling}`);
    }
  }

  #addBranch(name: string): void {
    if (!this.#names.has(name)) this.#names.set(name, { kind: "branch" });
  }

  #isOurs(name: string): boolean {
    return name.endsWith(`.${this.#domain}`) || name.endsWith(".svc") || isVirtual(name);
  }

  /** RFC 2308: with who says so, so that it may be remembered. */
  #no(name: string, code: number): DnsReply {
    const { 0: zone = name } = [this.#domain, "svc"].filter((each) => name.endsWith(`.${each}`));
    const authority: DnsRecord[] = [{ name: zone, type: "SOA", domain: zone }];
    return { code, answers: [], authority, additional: [] };
  }
}

/** Is it the reverse name of an address that only services have? See `resource/compile/virtual-address.ts`. */
function isVirtual(name: string): boolean {
  const found = /^\d{1,3}\.\d{1,3}\.(\d{1,3})\.127\.in-addr\.arpa$/.exec(name);
  return found !== null && Number(found[1]) >= 128;
}

function yes(record: DnsRecord): DnsReply {
  return { code: responseCodes.ok, answers: [record], authority: [], additional: [] };
}

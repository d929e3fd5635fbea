import { type PortProtocol, portProtocols } from "../../model/protocol.ts";
import type { Resource } from "../meta.ts";
import { portName } from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import { text } from "../schema/schema.ts";
import { validate } from "../schema/validate.ts";

/**
 * On a Service: what is spoken on its ports, whatever `appProtocol` says. One word of `portProtocols` for all of them, or a word
 * for each by name or number: `grpc=h2c,5432=opaque`.
 */
export const protocolAnnotation = "heddle.dev/protocol";

/** Linkerd's: ports by name, number or range whose octets nobody looks at, `25,4000-4010`. Read so that its manifests apply as they are. */
export const opaquePortsAnnotation = "config.linkerd.io/opaque-ports";

const word = `(${portProtocols.join("|")})`;
const where = `(${portName.pattern!.source.slice(1, -1)}|[0-9]+)`;

/** What the annotation may say. */
export const protocolWords = text({
  maxLength: 1024,
  pattern: new RegExp(`^(${word}|${where}=${word}(, *${where}=${word})*)$`),
  words: `one of ${portProtocols.join(", ")}, or port=protocol by name or number, with commas between`,
});

/**
 * What Kubernetes' `appProtocol` means here; null: a word that is not known. Compared in lower case.
 * KEP-3726 has those of `kubernetes.io`; in a cluster `http` says HTTP/1.1. Names of protocols that are octets to a proxy are IANA's.
 */
export function appProtocolOf(appProtocol: string): PortProtocol | null {
  return appProtocols.get(appProtocol.toLowerCase()) ?? null;
}

const appProtocols: ReadonlyMap<string, PortProtocol> = new Map([
  ["http", "http1"],
  ["http/1.1", "http1"],
  ["kubernetes.io/ws", "http1"], // a WebSocket begins as HTTP/1.1 (RFC 6455 §4.1)
  ["h2c", "h2c"],
  ["http2", "h2c"],
  ["grpc", "h2c"],
  ["kubernetes.io/h2c", "h2c"],
  ["https", "tls"],
  ["tls", "tls"],
  ["kubernetes.io/wss", "tls"],
  ["tcp", "opaque"],
  ["linkerd.io/tcp", "opaque"],
  ["linkerd.io/opaque", "opaque"],
  ...["amqp", "kafka", "mongo", "mongodb", "mqtt", "mysql", "postgres", "postgresql"].map(opaque),
  ...["redis", "smtp", "ssh"].map(opaque),
]);

function opaque(name: string): [string, PortProtocol] {
  return [name, "opaque"];
}

interface Port {
  readonly name?: string;
  readonly port: number;
  readonly appProtocol?: string;
}

/**
 * What is spoken on a port of `service`: our annotation says so, then Linkerd's, then `appProtocol`; where nothing is said,
 * or nothing that can be read, it is found out.
 */
export function protocolOf(service: Resource, port: Port): PortProtocol {
  return declarationOf(service, port).protocol;
}

/** The same, and what says it; null: nothing does. */
export function declarationOf(
  service: Resource,
  port: Port,
): { readonly protocol: PortProtocol; readonly saidBy: string | null } {
  const ours = annotated(service).find((one) => one.isMeant(port));
  if (ours !== undefined) return { protocol: ours.protocol, saidBy: protocolAnnotation };
  if (opaqueRanges(service).some((one) => one.isMeant(port))) {
    return { protocol: "opaque", saidBy: opaquePortsAnnotation };
  }
  const { appProtocol } = port;
  if (appProtocol === undefined) return { protocol: "detect", saidBy: null };
  return { protocol: appProtocolOf(appProtocol) ?? "opaque", saidBy: `appProtocol ${appProtocol}` };
}

/** Notes on words about protocols that are not known, and on ports they name that there are not. */
export function noteProtocols(service: Resource, ports: readonly Port[], notes: Problems): void {
  ports.forEach((port, index) => {
    if (port.appProtocol === undefined || appProtocolOf(port.appProtocol) !== null) return;
    if (annotated(service).some((one) => one.isMeant(port))) return;
    const at = notes.at("spec", "ports", index, "appProtocol");
    at.add(
      `heddle does not know ${port.appProtocol}: the port's octets are carried as they are (opaque)`,
    );
  });
  noteOurs(service, ports, notes.at("metadata", "annotations", protocolAnnotation));
  const linkerds = notes.at("metadata", "annotations", opaquePortsAnnotation);
  for (const { isMeant, text } of opaqueRanges(service)) {
    if (!ports.some(isMeant)) linkerds.add(`"${text}" is no port of the Service`);
  }
}

/** A Service may come from a door that does not check our annotations. */
function noteOurs(service: Resource, ports: readonly Port[], at: Problems): void {
  const given = service.metadata.annotations?.[protocolAnnotation];
  if (given === undefined) return;
  if (!protocolWords.pattern!.test(given)) {
    validate(protocolWords, given, at);
    at.add("nothing of it is acted on");
  }
  const seen: Selection[] = [];
  for (const one of annotated(service)) {
    const meant = ports.filter(one.isMeant);
    if (meant.length === 0) at.add(`"${one.text}" is no port of the Service`);
    const other = seen.find(({ isMeant }) => meant.some(isMeant));
    if (other !== undefined) at.add(`"${one.text}" was said already, as "${other.text}"`);
    seen.push(one);
  }
}

interface Selection {
  /** As it was written. */
  readonly text: string;
  readonly isMeant: (port: Port) => boolean;
}

function annotated(service: Resource): readonly (Selection & { protocol: PortProtocol })[] {
  const given = service.metadata.annotations?.[protocolAnnotation];
  if (given === undefined || !protocolWords.pattern!.test(given)) return [];
  return given.split(",").map((item) => {
    const [left, right] = item.trim().split("=") as [string, string | undefined];
    if (right === undefined) {
      return { text: left, isMeant: () => true, protocol: left as PortProtocol };
    }
    return { text: left, isMeant: selected(left), protocol: right as PortProtocol };
  });
}

function opaqueRanges(service: Resource): readonly Selection[] {
  const given = service.metadata.annotations?.[opaquePortsAnnotation] ?? "";
  return given
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "")
    .map((text) => ({ text, isMeant: selected(text) }));
}

/** A port by its name, its number, or as one of a range of numbers. */
function selected(text: string): (port: Port) => boolean {
  const range = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text);
  if (range === null) return ({ name }) => name === text;
  const first = Number(range[1]);
  const last = Number(range[2] ?? range[1]);
  return ({ port }) => first <= port && port <= last;
}

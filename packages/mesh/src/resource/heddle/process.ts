import { buildKind } from "../kind.ts";
import { conditions, type Resource, type ResourceOf } from "../meta.ts";
import { dnsLabel, portName, portNumber } from "../schema/formats.ts";
import type { Problems } from "../schema/problem.ts";
import {
  defaulted,
  integer,
  intOrText,
  list,
  object,
  oneOf,
  required,
  type TypeOf,
  text,
} from "../schema/schema.ts";
import { heddleGroup, heddleVersion } from "./group.ts";

const processPort = object({
  name: required(portName),
  /** What manifests call it: a numeric `targetPort` means this number, wherever the process really listens. */
  number: portNumber,
  /** Where every process of this kind listens, always; needs one replica. Default: any free port. */
  bind: portNumber,
});

const seconds = integer({ minimum: 1, maximum: 3600 });

const probe = object(
  {
    /** `scheme: HTTPS`: the certificate is not looked at, as a kubelet does not. */
    httpGet: object({ path: text(), port: intOrText(), scheme: oneOf("HTTP", "HTTPS") }),
    tcpSocket: object({ port: intOrText() }),
    exec: object({ command: required(list(text(), { minItems: 1 })) }),
    periodSeconds: defaulted(seconds, 1),
    timeoutSeconds: defaulted(seconds, 1),
    failureThreshold: defaulted(integer({ minimum: 1 }), 3),
    successThreshold: defaulted(integer({ minimum: 1 }), 1),
  },
  (value, problems) => {
    const given = [value.httpGet, value.tcpSocket, value.exec].filter((way) => way !== undefined);
    if (given.length !== 1) problems.add("expected one of httpGet, tcpSocket, exec");
  },
);

/** A command, how often it runs, and how it is reached: on one machine what a Deployment is in a cluster. */
export const processSpec = object(
  {
    replicas: defaulted(integer({ minimum: 0, maximum: 1000 }), 1),
    /** Program and arguments; `$(PORT)` expands as in Kubernetes. Run in `workingDir`, no shell. */
    command: required(list(text(), { minItems: 1 })),
    /** Default: the manifest's folder; a relative path starts there. */
    workingDir: text({ minLength: 1 }),
    env: list(
      object({
        name: required(
          text({
            minLength: 1,
            pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
            words: "a variable name of letters, 0-9 and _",
          }),
        ),
        value: defaulted(text(), ""),
      }),
      { uniqueBy: ["name"] },
    ),
    ports: list(processPort, { uniqueBy: ["name"] }),
    readinessProbe: probe,
    /** Whom the process is to others. Default: the Process's name. */
    serviceAccountName: dnsLabel,
    /** Services it calls, `name` or `name.namespace`: their documents are with its proxy from the start. */
    calls: list(
      text({
        pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/,
        words: "a service, name or name.namespace",
      }),
      { uniqueBy: [] },
    ),
    /** Default: the Mesh's. Only `none` is there yet. */
    isolate: oneOf("none"),
    /**
     * How its calls get to its proxy. `none`, the default: by its environment, if it heeds it. `transparent`: by service
     * names, whatever the program; needs root on Linux. See docs/capture.md.
     */
    capture: oneOf("none", "transparent"),
    restartPolicy: defaulted(oneOf("Always", "Never"), "Always"),
    /** From SIGTERM to SIGKILL. */
    terminationGracePeriodSeconds: defaulted(integer({ minimum: 0, maximum: 3600 }), 10),
  },
  (spec, problems) => {
    checkPorts(spec.ports ?? [], spec.replicas ?? 1, problems);
    checkProbe(spec.readinessProbe, spec.ports ?? [], problems);
  },
);

const processStatus = object({
  replicas: integer(),
  readyReplicas: integer(),
  observedGeneration: integer(),
  conditions,
});

export type ProcessPort = TypeOf<typeof processPort>;
export type Probe = TypeOf<typeof probe>;
export type ProcessSpec = TypeOf<typeof processSpec>;
export type Process = ResourceOf<"Process", ProcessSpec, TypeOf<typeof processStatus>>;

export const processKind = buildKind({
  group: heddleGroup,
  version: heddleVersion,
  kind: "Process",
  plural: "processes",
  shortNames: ["proc"],
  isNamespaced: true,
  // Its workloads are called <name>-<ordinal>, which is a DNS label too.
  name: { ...dnsLabel, maxLength: 58 },
  spec: processSpec,
  status: processStatus,
  columns: [
    {
      name: "READY",
      type: "text",
      value: (resource) => {
        const process = resource as Process;
        return `${process.status?.readyReplicas ?? 0}/${process.spec.replicas ?? 1}`;
      },
    },
    { name: "COMMAND", type: "text", isWide: true, value: (resource) => commandOf(resource) },
  ],
});

/** `kvs-0`, `kvs-1`, …: the workloads of a Process. */
export function workloadName(process: string, ordinal: number): string {
  return `${process}-${ordinal}`;
}

function checkPorts(ports: readonly ProcessPort[], replicas: number, problems: Problems): void {
  const numbers = new Map<number, number>();
  ports.forEach((port, index) => {
    if (port.bind !== undefined && replicas > 1) {
      problems.add(
        `a fixed port needs one replica, and there are ${replicas}`,
        "ports",
        index,
        "bind",
      );
    }
    if (port.number === undefined) return;
    const first = numbers.get(port.number);
    if (first !== undefined) {
      problems.add(`${port.number} is there already, at [${first}]`, "ports", index, "number");
    } else numbers.set(port.number, index);
  });
}

function checkProbe(
  probe: Probe | undefined,
  ports: readonly ProcessPort[],
  problems: Problems,
): void {
  const way = probe?.httpGet === undefined ? "tcpSocket" : "httpGet";
  const at = problems.at("readinessProbe", way);
  if (probe === undefined || probe.exec !== undefined) return;
  const named = probe[way]?.port;
  if (ports.length === 0) at.add("the Process has no ports");
  if (ports.length === 0 || named === undefined) return; // without a name, the first
  const isThere = ports.some((port) => port.name === named || port.number === named);
  const names = ports.map((port) => port.name).join(", ");
  if (!isThere) at.add(`no such port; there is ${names}`, "port");
}

function commandOf(resource: Resource): string | null {
  return (resource as Process).spec.command.join(" ");
}

/** What a proxy asks of another one: this workload, as a member of this service, on this port of the service. */
export interface ServerName {
  readonly workloadUid: string;
  readonly namespace: string;
  readonly service: string;
  readonly port: number;
}

/** As an SNI host name: `p80.kvs.default.<uid>.heddle`. Uids, services and namespaces are DNS labels. */
export function formatServerName(name: ServerName): string {
  return `p${name.port}.${name.service}.${name.namespace}.${name.workloadUid}.heddle`;
}

/** The parts of an SNI host name of ours, or null for any other. */
export function parseServerName(text: string): ServerName | null {
  const match =
    /^p(\d{1,5})\.([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.([a-z0-9-]{1,63})\.heddle$/.exec(text);
  if (match === null) return null;
  const [, port, service, namespace, workloadUid] = match;
  return {
    port: Number(port),
    service: service!,
    namespace: namespace!,
    workloadUid: workloadUid!,
  };
}

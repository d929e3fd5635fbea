/** How a workload's log files are called, without their ending: `kvs-0`, or `kvs-0.shop` outside namespace `default`. */
export function logName(workload: { readonly name: string; readonly namespace: string }): string {
  return workload.namespace === "default"
    ? workload.name
    : `${workload.name}.${workload.namespace}`;
}

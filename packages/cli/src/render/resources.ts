import type { Kind } from "@heddle/mesh/resource/kind.ts";
import { namespaceOf, type Resource } from "@heddle/mesh/resource/meta.ts";
import { formatTable, type TableColumn } from "./table.ts";
import { formatAge } from "./time.ts";

export interface ResourceTableOptions {
  readonly isWide: boolean;
  readonly hasNamespace: boolean;
  /** Write `service/kvs` instead of `kvs`: several kinds are shown. */
  readonly hasKind: boolean;
  readonly nowWallMs: number;
}

/** Resources of one kind, with the columns its kind names. */
export function formatResources(
  kind: Kind,
  resources: readonly Resource[],
  options: ResourceTableOptions,
): string {
  const namespace: TableColumn<Resource> = { name: "NAMESPACE", cell: (each) => namespaceOf(each) };
  const columns: TableColumn<Resource>[] = [
    ...(options.hasNamespace && kind.isNamespaced ? [namespace] : []),
    {
      name: "NAME",
      cell: (each) => (options.hasKind ? resourceName(kind, each) : each.metadata.name),
    },
    ...kind.columns.map((column) => ({
      name: column.name,
      cell: column.value,
      align: column.type === "number" ? ("right" as const) : ("left" as const),
      isWide: column.isWide === true,
    })),
    { name: "AGE", cell: (each) => ageOf(each, options.nowWallMs) },
  ];
  return formatTable(columns, resources, options.isWide);
}

/** `service/kvs`, `process.heddle.dev/kvs`. */
export function resourceName(kind: Kind, resource: Resource): string {
  const group = kind.group === "" ? "" : `.${kind.group}`;
  return `${kind.singular}${group}/${resource.metadata.name}`;
}

/** How old a resource is, or null where it does not say when it was made. */
export function ageOf(resource: Resource, nowWallMs: number): string | null {
  const created = Date.parse(resource.metadata.creationTimestamp ?? "");
  return Number.isNaN(created) ? null : formatAge(nowWallMs - created);
}

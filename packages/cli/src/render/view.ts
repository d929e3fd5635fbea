import { shortName } from "@heddle/mesh/history/endpoint-name.ts";
import type { ProcessEdge, ServiceEdge } from "@heddle/mesh/history/views.ts";
import type { RowView } from "./output.ts";

const nothing = "nothing is recorded yet; see: heddle ps";

export const serviceEdgeView: RowView<ServiceEdge> = {
  columns: [
    { name: "FROM", cell: (row) => row.from },
    { name: "TO", cell: (row) => row.to },
    { name: "REQUESTS", align: "right", cell: (row) => row.requests },
    { name: "ATTEMPTS", align: "right", cell: (row) => row.attempts },
  ],
  nameOf: (row) => `${row.from}/${row.to}`,
  nothing,
};

export function processEdgeView(namespace: string): RowView<ProcessEdge> {
  const short = (name: string) => shortName(name, namespace);
  return {
    columns: [
      { name: "FROM", cell: (row) => short(row.from) },
      { name: "TO", cell: (row) => short(row.to) },
      { name: "REQUESTS", align: "right", cell: (row) => row.requests },
      { name: "REPLIES", align: "right", cell: (row) => row.replies },
      { name: "PART-OF", cell: (row) => row.of.join(", ") },
    ],
    nameOf: (row) => `${short(row.from)}>${short(row.to)}`,
    nothing,
  };
}

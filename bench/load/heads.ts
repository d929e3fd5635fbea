/** The two sorts of request heads a load is made of; the answers' heads match (`peers/origin.c`). */
export type Heads = "small" | "ten";

export interface HeadShape {
  readonly path: string;
  /** Fields beside Host, which every load generator writes itself. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly explained: string;
}

export const heads: Readonly<Record<Heads, HeadShape>> = {
  small: { path: "/", fields: [], explained: "heads of 1 field (answers 3)" },
  ten: {
    path: "/ten",
    fields: [
      ["user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"],
      ["accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
      ["accept-language", "en-US,en;q=0.5"],
      ["accept-encoding", "gzip, deflate, br, zstd"],
      ["cookie", "session=38afes7a8b2c4d6e8f0a1b3c5d7e9f0a; theme=dark; consent=1"],
      ["cache-control", "max-age=0"],
      ["traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
      ["x-request-id", "8c5f7b1e-02d4-4e1f-9a53-6f1f0f6f2f10"],
      ["x-tenant", "blue-whale"],
    ],
    explained: "heads of 10 fields and about 500 bytes (answers too)",
  },
};

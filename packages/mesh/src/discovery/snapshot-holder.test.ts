import { expect, test } from "vitest";
import { proxyDoc, serviceDoc } from "../../test/support/documents.ts";
import { tcp } from "../model/address.ts";
import { type Document, documentKey } from "../model/document.ts";
import { diffSnapshots } from "../snapshot/diff.ts";
import { Digester } from "../snapshot/digest.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import { SnapshotHolder } from "./snapshot-holder.ts";

const listener = { name: "out", address: tcp("127.0.0.1", 1) };
const naming = (...services: readonly string[]) =>
  proxyDoc("u", { outbound: services.map((service) => ({ listener, service, port: 80 })) });

/** Gives `holder` a snapshot of these documents, whole. */
function take(holder: SnapshotHolder, revision: number, documents: readonly Document[]): void {
  const byKey = new Map(documents.map((document) => [documentKey(document), document]));
  const next: Snapshot = { epoch: "e", revision, endpointsVersion: revision, documents: byKey };
  expect(holder.take(diffSnapshots(null, next, new Digester())).ok).toBe(true);
}

test("a service that was used is remembered until no document speaks of it", () => {
  const holder = new SnapshotHolder({ apply: () => [] }, () => {});
  holder.use(["default/a", "default/b"]);
  expect(holder.wants()).toEqual(["default/a", "default/b"]);
  take(holder, 1, [naming("default/a", "default/b")]);
  take(holder, 2, [naming("default/b"), serviceDoc("a")]);
  expect(holder.wants()).toEqual(["default/a", "default/b"]);
  take(holder, 3, [naming("default/b")]);
  expect(holder.wants()).toEqual(["default/b"]);
  expect(holder.use(["default/a"])).toEqual(["default/a"]);
});

test("what is used while a snapshot is acted on is remembered", () => {
  const holder: SnapshotHolder = new SnapshotHolder(
    {
      apply: () => {
        holder.use(["default/late"]);
        return [];
      },
    },
    () => {},
  );
  take(holder, 1, [naming()]);
  expect(holder.wants()).toEqual(["default/late"]);
});

test("a document of the proxy that cannot be read makes nothing unknown", () => {
  const holder = new SnapshotHolder({ apply: () => [] }, () => {});
  holder.use(["default/a"]);
  take(holder, 1, [{ ...naming(), outbound: "broken" } as unknown as Document]);
  expect(holder.wants()).toEqual(["default/a"]);
});

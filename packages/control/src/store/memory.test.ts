import { describe } from "vitest";
import { Journal } from "./journal.ts";
import { MemoryStore } from "./memory.ts";
import { storeSuite } from "./store-suite.ts";

describe("MemoryStore", () => {
  storeSuite(() => new MemoryStore("epoch", new Journal(0, 0, 10)));
});

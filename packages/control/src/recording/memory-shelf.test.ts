import { describe } from "vitest";
import { MemoryShelf } from "./memory-shelf.ts";
import { shelfSuite } from "./shelf-suite.ts";

describe("MemoryShelf", () => shelfSuite(() => new MemoryShelf()));

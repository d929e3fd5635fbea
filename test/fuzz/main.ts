import { main as fuzzHpack } from "./hpack.ts";
import { main as fuzzHttp1 } from "./http1.ts";
import { main as fuzzHttp2 } from "./http2.ts";
import { main as fuzzTranslate } from "./translate.ts";

/** `npm run fuzz [-- --count N --seed N]`: every fuzzer in turn, 1,000,000 inputs each unless told otherwise. */
fuzzHttp1();
fuzzTranslate();
await fuzzHpack();
await fuzzHttp2();

/**
 * The key-value process of the talk, in TypeScript: to a caller it behaves as `kvs.py` does. It knows nothing of heddle.
 *
 *   GET /<int>  200 and the value, empty if there is none     PUT /<int>  201, or 503 for the 1001st key
 */
import { type Answer, readBody, serve } from "./serve.ts";

/** "GOTCHA! No more than 1000 keys", says the slide. */
const keysMax = 1000;
const kvs = new Map<bigint, Buffer>();
const methods = "GET, HEAD, OPTIONS, PUT";

serve(async (request): Promise<Answer> => {
  const key = parseKey(request.url ?? "/");
  if (key === null) return { status: 404 };
  switch (request.method) {
    case "GET":
      return { status: 200, body: kvs.get(key) ?? "" };
    case "PUT": {
      const value = await readBody(request);
      if (kvs.size >= keysMax && !kvs.has(key)) return { status: 503 };
      kvs.set(key, value);
      return { status: 201 };
    }
    case "HEAD": // Flask routes it to a handler that says nothing of HEAD
      return { status: 500 };
    case "OPTIONS":
      return { status: 200, headers: { allow: methods } };
    default:
      return { status: 405, headers: { allow: methods } };
  }
});

/** Flask's `/<int:k>`: digits only, no sign, leading zeros allowed; a whole number of any size. Null: no such path. */
function parseKey(target: string): bigint | null {
  const [path = ""] = target.split("?", 1);
  try {
    const [, digits] = /^\/+([0-9]+)$/.exec(decodeURIComponent(path)) ?? [];
    return digits === undefined ? null : BigInt(digits);
  } catch {
    return null; // a broken escape
  }
}

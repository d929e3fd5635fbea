/**
 * The recommendation service of the talk, `get: ID → [ID]`. It keeps nothing itself: what is recommended for id n is in
 * kvs under key 1000000 + n, as a JSON array.
 *
 *   GET /<id>  200 and the array, [] if there is none     PUT /<id>  201, or what kvs refused it with
 */
import { type Answer, readBody, serve } from "./serve.ts";

const kvs = process.env["KVS_SERVICE_URL"] ?? "http://kvs";
const firstKey = 1_000_000;
const json = { "content-type": "application/json" };

serve(async (request): Promise<Answer> => {
  const [, id] = /^\/([0-9]{1,9})(?:\?|$)/.exec(request.url ?? "") ?? [];
  if (id === undefined) return { status: 404 };
  const url = `${kvs}/${firstKey + Number(id)}`;
  switch (request.method) {
    case "GET": {
      const answer = await ask(url, { method: "GET" });
      if (answer.status !== 200) return { status: 502 };
      return { status: 200, headers: json, body: answer.text === "" ? "[]" : answer.text };
    }
    case "PUT": {
      const ids = parseIds((await readBody(request)).toString());
      if (ids === null) return { status: 400, body: "expected a JSON array of whole numbers\n" };
      const answer = await ask(url, { method: "PUT", body: JSON.stringify(ids) });
      return { status: answer.status };
    }
    default:
      return { status: 405, headers: { allow: "GET, PUT" } };
  }
});

async function ask(url: string, init: RequestInit): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
  return { status: answer.status, text: await answer.text() };
}

function parseIds(text: string): readonly number[] | null {
  try {
    const value: unknown = JSON.parse(text);
    const isList = Array.isArray(value) && value.every((one) => Number.isSafeInteger(one));
    return isList ? (value as number[]) : null;
  } catch {
    return null;
  }
}

import { algebra, str } from "../index.ts";

const v = str("v"), w = str("w");

/**
 * One value, empty until one is written: the whole service is one object, so a Contract has no key.
 *
 * HTTP: `GET /` gives 200 and the value, `PUT /` takes it as its body: 200, 201 or 204. 503 refuses a write.
 */
export const register = algebra("Register", {
  read: { takes: [], gives: str },
  write: { takes: [v] },
})
  .axiom(({ empty, s, read, write }) => [
    read(empty).is(""),
    read(write(s, v)).is(v),
    write(write(s, v), w).is(write(s, w)),
  ])
  .model<string>({
    empty: "",
    read: (register) => register,
    write: (_, v) => v,
  })
  .http({
    read: { on: "GET /", ok: [200] },
    write: { on: "PUT /", body: v, ok: [200, 201, 204], refused: [503] },
  });

/** `node pay.ts Pay 12 [header:value]…`: one call of payments, as the environment says where they are. */
import { call } from "./grpc.ts";

const [, , method = "Pay", amount = "1", ...fields] = process.argv;
const headers = Object.fromEntries(fields.map((field) => field.split(/:(.*)/, 2)));
const { status, reply } = await call(
  process.env["PAYMENTS_SERVICE_URL"]!,
  `/shop.Payments/${method}`,
  { amount: Number(amount) },
  headers,
);
const { text, by } = (reply ?? {}) as { readonly text?: string; readonly by?: string };
console.log(status === 0 ? `${text}, by ${by}` : `status ${status}`);
process.exit(status === 0 ? 0 : 1);

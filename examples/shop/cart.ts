/** Carts in memory: `GET /<user>` tells what is in one, `PUT /<user>` with an item puts it in. */
import { serve, workload } from "./serve.ts";

const carts = new Map<string, string[]>();

serve((request, response) => {
  const user = (request.url ?? "/").slice(1);
  const cart = carts.get(user) ?? [];
  if (request.method !== "PUT") {
    response.end(`${user || "nobody"} has ${cart.join(", ") || "nothing"}, says ${workload}\n`);
    return;
  }
  let item = "";
  request.setEncoding("utf8");
  request.on("data", (piece: string) => (item += piece));
  request.once("end", () => {
    carts.set(user, [...cart, item]);
    response.end(`${item} is in the cart of ${user}, at ${workload}\n`);
  });
});

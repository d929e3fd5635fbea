/** The page of the shop: what there is, what is in the visitor's cart, and, for `/buy`, what was paid. */
import { call } from "./grpc.ts";
import { serve } from "./serve.ts";

const at = (service: string) => process.env[`${service}_SERVICE_URL`] ?? "";

async function ask(url: string): Promise<string> {
  const reply = await fetch(url);
  const text = (await reply.text()).trim();
  return reply.ok ? text : `${reply.status}: ${text}`;
}

async function page(url: URL): Promise<string> {
  const user = url.searchParams.get("user") ?? "anna";
  const lines = await Promise.all([
    ask(`${at("CATALOGUE")}/items`).then((text) => `catalogue  ${text}`),
    ask(`${at("CART")}/${user}`).then((text) => `cart       ${text}`),
  ]);
  if (url.pathname === "/buy") {
    const { status, reply } = await call(at("PAYMENTS"), "/shop.Payments/Pay", { amount: 7 });
    const { text, by } = (reply ?? {}) as { readonly text?: string; readonly by?: string };
    lines.push(`payments   ${status === 0 ? `${text}, by ${by}` : `status ${status}`}`);
  }
  return `${lines.join("\n")}\n`;
}

serve((request, response) => {
  page(new URL(request.url ?? "/", "http://web")).then(
    (text) => response.end(text),
    (error: Error) => {
      response.statusCode = 502;
      response.end(`${error.message}\n`);
    },
  );
});

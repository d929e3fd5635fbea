/** Takes payments: gRPC service `shop.Payments` with `Pay {amount}` and `Refund {amount}`. */
import { serveCalls } from "./grpc.ts";
import { workload } from "./serve.ts";

const done = (what: string) => (message: unknown) => {
  const { amount } = (message ?? {}) as { readonly amount?: unknown };
  if (typeof amount !== "number" || amount <= 0) return { status: 3, reply: null }; // INVALID_ARGUMENT
  return { status: 0, reply: { text: `${what} ${amount}`, by: workload } };
};

serveCalls({ "/shop.Payments/Pay": done("paid"), "/shop.Payments/Refund": done("refunded") });

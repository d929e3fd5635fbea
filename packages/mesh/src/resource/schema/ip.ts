const byte = "(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";
const ipv4 = new RegExp(`^${byte}(\\.${byte}){3}$`);
const group = /^[0-9a-fA-F]{1,4}$/;

/** An IPv4 or IPv6 address without zone, port or prefix length (RFC 4291 §2.2). */
export function isIpAddress(text: string): boolean {
  return ipv4.test(text) || isIpv6(text);
}

function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const all = groups.flat();
  const last = all.at(-1);
  const isMixed = last?.includes(".") ?? false; // ::ffff:10.0.0.1; its tail stands for two groups
  if (isMixed && (!ipv4.test(last!) || !text.endsWith(last!))) return false;
  const plain = isMixed ? all.slice(0, -1) : all;
  if (!plain.every((part) => group.test(part))) return false;
  const count = plain.length + (isMixed ? 2 : 0);
  return halves.length === 2 ? count <= 7 : count === 8;
}

/** A ClientHello as short as it may be (RFC 8446 §4.1.2), in Latin-1: one record, with a server name or none. */
export function clientHello(serverName: string | null): string {
  const number = (value: number, octets: number): Buffer => {
    const bytes = Buffer.alloc(octets);
    bytes.writeUIntBE(value, 0, octets);
    return bytes;
  };
  const vector = (body: Buffer, octets: number): Buffer =>
    Buffer.concat([number(body.length, octets), body]);
  const names =
    serverName === null
      ? []
      : [
          number(0, 2),
          vector(vector(Buffer.concat([number(0, 1), vector(Buffer.from(serverName), 2)]), 2), 2),
        ];
  const body = Buffer.concat([
    number(0x0303, 2),
    Buffer.alloc(32, 7),
    vector(Buffer.alloc(0), 1),
    vector(number(0x1301, 2), 2),
    vector(number(0, 1), 1),
    vector(Buffer.concat(names), 2),
  ]);
  const message = Buffer.concat([number(1, 1), vector(body, 3)]);
  return Buffer.concat([number(0x160301, 3), vector(message, 2)]).toString("latin1");
}

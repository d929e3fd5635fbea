import { headerBytes, type Query, recordTypes, responseCodes } from "./query.ts";

/** One record of an answer. `name` null: the name that was asked for. */
export type DnsRecord = { readonly name: string | null } & (
  | { readonly type: "A"; readonly address: string }
  | { readonly type: "PTR"; readonly target: string }
  | { readonly type: "SRV"; readonly target: string; readonly port: number }
  | { readonly type: "SOA"; readonly domain: string }
);

export interface DnsReply {
  readonly code: number;
  readonly answers: readonly DnsRecord[];
  readonly authority: readonly DnsRecord[];
  readonly additional: readonly DnsRecord[];
}

/** How long an answer may be kept, in seconds; also one that says no. CoreDNS in Kubernetes: 5. */
export const answerTtlSeconds = 5;
/** Octets we take ourselves over UDP, as we say to who asks (DNS flag day 2020). */
const ownUdpBytesMax = 1232;

/** The message that answers `query`. Ours are far below 512 octets, so none is ever cut. */
export function formatReply(query: Query, reply: DnsReply): Buffer {
  const sections = [reply.answers, reply.authority, reply.additional];
  const records = sections.flat().map(formatRecord);
  const hasOpt = query.udpBytesMax !== null;
  const header = formatHeader(query.id, reply.code, query.isRecursionDesired);
  header.writeUInt16BE(1, 4);
  sections.forEach((section, index) => {
    header.writeUInt16BE(section.length + (index === 2 && hasOpt ? 1 : 0), 6 + 2 * index);
  });
  return Buffer.concat([header, query.question, ...records, ...(hasOpt ? [formatOpt()] : [])]);
}

/** The answer to a message that could not be read: its header alone. */
export function formatRefusal(id: number, code: number): Buffer {
  return formatHeader(id, code, false);
}

function formatHeader(id: number, code: number, isRecursionDesired: boolean): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt16BE(id, 0);
  const isKnown = code === responseCodes.ok || code === responseCodes.noSuchName;
  header[2] = 0x80 | (isKnown ? 0x04 : 0) | (isRecursionDesired ? 1 : 0);
  header[3] = 0x80 | code; // other names are looked up for who asks
  return header;
}

function formatRecord(record: DnsRecord): Buffer {
  const data = formatData(record);
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(recordTypes[record.type], 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(answerTtlSeconds, 4);
  fixed.writeUInt16BE(data.length, 8);
  // RFC 1035 §4.1.4: a pointer to the name in the question.
  const owner = record.name === null ? Buffer.from([0xc0, headerBytes]) : formatName(record.name);
  return Buffer.concat([owner, fixed, data]);
}

function formatData(record: DnsRecord): Buffer {
  switch (record.type) {
    case "A":
      return Buffer.from(record.address.split(".").map(Number));
    case "PTR":
      return formatName(record.target);
    case "SRV": {
      const fixed = Buffer.alloc(6); // priority, weight, port
      fixed.writeUInt16BE(record.port, 4);
      return Buffer.concat([fixed, formatName(record.target)]);
    }
    case "SOA": {
      const fixed = Buffer.alloc(20); // serial, refresh, retry, expire, minimum (RFC 2308: how long a no holds)
      fixed.writeUInt32BE(1, 0);
      fixed.writeUInt32BE(answerTtlSeconds, 16);
      const name = formatName(record.domain); // its server and its keeper: nobody asks who they are
      return Buffer.concat([name, name, fixed]);
    }
  }
}

function formatName(name: string): Buffer {
  const labels = name === "" ? [] : name.split(".");
  const parts = labels.map((label) => {
    const octets = Buffer.from(label, "latin1");
    return Buffer.concat([Buffer.from([octets.length]), octets]);
  });
  return Buffer.concat([...parts, Buffer.from([0])]);
}

function formatOpt(): Buffer {
  const opt = Buffer.alloc(11);
  opt.writeUInt16BE(recordTypes.OPT, 1);
  opt.writeUInt16BE(ownUdpBytesMax, 3);
  return opt;
}

import { describe, expect, test } from "vitest";
import { Decoding, indexed, type Line, resize } from "./hpack-blocks.ts";

/** The examples of RFC 7541 Appendix C, each with the table that it leaves, newest first. */

const hex = (text: string): number[] => [...Buffer.from(text.replaceAll(/\s/g, ""), "hex")];

function tableOf(decoding: Decoding): Line[] {
  const lines: Line[] = [];
  for (let index = 62; ; index++) {
    const next = decoding.lines(indexed(index));
    if (typeof next === "string") return lines;
    lines.push(...next);
  }
}

/** "name: value" per line; a pseudo-header field begins with its colon. */
function parse(text: string): Line[] {
  return text.split(" | ").map((line) => {
    const at = line.indexOf(": ", 1);
    return [line.slice(0, at), line.slice(at + 2)];
  });
}

describe("C.2: each representation alone", () => {
  test.each([
    [
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      "custom-key: custom-header",
      55,
    ],
    ["040c 2f73 616d 706c 652f 7061 7468", ":path: /sample/path", 0],
    ["1008 7061 7373 776f 7264 0673 6563 7265 74", "password: secret", 0],
    ["82", ":method: GET", 0],
  ])("%s", (block, field, tableBytes) => {
    const decoding = new Decoding();
    expect(decoding.lines(hex(block))).toEqual(parse(field));
    expect(decoding.decoder.tableBytes).toBe(tableBytes);
  });

  test("what must never be indexed says so", () => {
    const [field] = new Decoding().fields(hex("1008 7061 7373 776f 7264 0673 6563 7265 74")) as {
      isSensitive: boolean;
    }[];
    expect(field!.isSensitive).toBe(true);
  });
});

const requests: [fields: string, table: string, bytes: number][] = [
  [
    ":method: GET | :scheme: http | :path: / | :authority: www.example.com",
    ":authority: www.example.com",
    57,
  ],
  [
    ":method: GET | :scheme: http | :path: / | :authority: www.example.com | cache-control: no-cache",
    "cache-control: no-cache | :authority: www.example.com",
    110,
  ],
  [
    ":method: GET | :scheme: https | :path: /index.html | :authority: www.example.com | custom-key: custom-value",
    "custom-key: custom-value | cache-control: no-cache | :authority: www.example.com",
    164,
  ],
];

const date = "date: Mon, 21 Oct 2013 20:13:21 GMT";
const location = "location: https://www.example.com";
const cookie = "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1";
const laterDate = "date: Mon, 21 Oct 2013 20:13:22 GMT";

const replies: [fields: string, table: string, bytes: number][] = [
  [
    `:status: 302 | cache-control: private | ${date} | ${location}`,
    `${location} | ${date} | cache-control: private | :status: 302`,
    222,
  ],
  [
    `:status: 307 | cache-control: private | ${date} | ${location}`,
    `:status: 307 | ${location} | ${date} | cache-control: private`,
    222,
  ],
  [
    `:status: 200 | cache-control: private | ${laterDate} | ${location} | content-encoding: gzip | ${cookie}`,
    `${cookie} | content-encoding: gzip | ${laterDate}`,
    215,
  ],
];

describe.each([
  [
    "C.3: requests",
    4096,
    requests,
    [
      "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
      "8286 84be 5808 6e6f 2d63 6163 6865",
      "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ],
  ],
  [
    "C.4: requests, Huffman-coded",
    4096,
    requests,
    [
      "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
      "8286 84be 5886 a8eb 1064 9cbf",
      "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ],
  ],
  [
    "C.5: replies, with evictions",
    256,
    replies,
    [
      `4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d
     546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d`,
      "4803 3330 37c1 c0bf",
      `88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f
     6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b
     2076 6572 7369 6f6e 3d31`,
    ],
  ],
  [
    "C.6: replies, Huffman-coded, with evictions",
    256,
    replies,
    [
      `4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7
     8f0b 97c8 e9ae 82ae 43d3`,
      "4883 640e ffc1 c0bf",
      `88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335
     dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07`,
    ],
  ],
])("%s", (_name, tableBytesMax, wanted, blocks) => {
  test.each([0, 1, 2])("up to block %i", (last) => {
    const decoding = new Decoding();
    decoding.lines(resize(tableBytesMax));
    for (let at = 0; at <= last; at++) {
      expect(decoding.lines(hex(blocks[at]!))).toEqual(parse(wanted[at]![0]));
    }
    expect(decoding.decoder.tableBytes).toBe(wanted[last]![2]);
    expect(tableOf(decoding)).toEqual(parse(wanted[last]![1]));
  });
});

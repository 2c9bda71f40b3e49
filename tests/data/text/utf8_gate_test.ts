import { AppError } from "../../../data/app_error.ts";
import { createElementSplitter } from "../../../data/text/json_elements.ts";
import { createRecordSplitter } from "../../../data/text/records.ts";
import { createUtf8Gate } from "../../../data/text/utf8_gate.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

/** Bytes in chunks of a length. */
function chunks(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from(
    { length: Math.ceil(bytes.length / size) },
    (_, index) => bytes.slice(index * size, (index + 1) * size),
  );
}

/** A text in UTF-16. */
function utf16(text: string, isLittleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), isLittleEndian);
  return new Uint8Array(view.buffer);
}

const CSV = "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n";
/** A body in each encoding that the gate knows, and its name. */
const FOREIGN: [encoding: string, body: Uint8Array][] = [
  ["UTF-16LE", utf16(`\ufeff${CSV}`, true)],
  ["UTF-16BE", utf16(`\ufeff${CSV}`, false)],
  ["UTF-16LE", utf16(CSV, true)],
  ["UTF-16BE", utf16(CSV, false)],
  ["UTF-16LE", utf16('[{"a":1}]', true)],
  ["UTF-32LE", Uint8Array.of(0xff, 0xfe, 0, 0, 0x74, 0, 0, 0)],
  ["UTF-32BE", Uint8Array.of(0, 0, 0xfe, 0xff, 0, 0, 0, 0x74)],
];

for (const [encoding, body] of FOREIGN) {
  Deno.test(`text in ${encoding} is refused by its name, in chunks of any size`, () => {
    const nothing = { onElement: () => {}, onRecord: () => {}, onTooLong: () => {} };
    for (const size of [1, 2, 3, 5, 1_000]) {
      const splitters = [
        createRecordSplitter({ maxBytes: 99, delimiter: ",", ...nothing }),
        createElementSplitter({ maxBytes: 99, ...nothing }),
      ];
      for (const splitter of splitters) {
        const { code, message } = assertThrows(() => {
          for (const chunk of chunks(body, size)) splitter.push(chunk);
          splitter.end();
        }, AppError);
        assertEquals(code, "MALFORMED_BODY");
        assertEquals(
          message,
          `The body must be UTF-8, but it looks like ${encoding}; save it as UTF-8 and send it again`,
        );
      }
    }
  });
}

Deno.test("any UTF-8 goes through as it is, however short", () => {
  const texts = ["", "a", "ab", "abc", "abcd", "\ufeffa,b\n", "äöü", "日本語", "[1]", "\0\0\0\0"];
  for (const text of texts) {
    const bytes = new TextEncoder().encode(text);
    for (const size of [1, 2, 3, 100]) {
      const taken: number[] = [];
      const gate = createUtf8Gate((chunk) => taken.push(...chunk));
      for (const chunk of chunks(bytes, size)) gate.push(chunk);
      gate.end();
      assertEquals(taken, [...bytes]);
    }
  }
});

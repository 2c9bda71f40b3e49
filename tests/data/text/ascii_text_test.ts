import {
  asciiString,
  createAsciiText,
  ensureRoom,
  wordsOf,
  writeAscii,
} from "../../../data/text/ascii_text.ts";
import { assert, assertEquals } from "../../support/assert.ts";

Deno.test("writeAscii() writes characters one after another", () => {
  const text = createAsciiText(16);
  let at = writeAscii(text, 0, "2024,");
  at = writeAscii(text, at, "");
  at = writeAscii(text, at, "-0.5");
  assertEquals([at, asciiString(text, at)], [9, "2024,-0.5"]);
  assertEquals(asciiString(text, 0), "");
});

Deno.test("ensureRoom() keeps what is written and a view of the same bytes", () => {
  const text = createAsciiText(4);
  let at = writeAscii(text, 0, "abcd");
  for (let round = 0; round < 10; round++) {
    ensureRoom(text, at, 100);
    at = writeAscii(text, at, "x".repeat(100));
  }
  text.view.setUint8(0, 65);
  assertEquals(asciiString(text, at), `Abcd${"x".repeat(1000)}`);
});

Deno.test("ensureRoom() leaves room for one more word", () => {
  const text = createAsciiText(0);
  for (const chars of [0, 1, 7, 8, 1000]) {
    ensureRoom(text, 0, chars);
    text.view.setFloat64(chars, 1, true);
    assert(text.bytes.length >= chars + 8, String(chars));
  }
});

Deno.test("wordsOf() returns the bytes of the characters, followed by zeros", () => {
  const words = wordsOf("timestamp");
  const bytes = Array.from(new Uint8Array(words.buffer));
  // ASCII of t i m e s t a m p.
  const expected = [116, 105, 109, 101, 115, 116, 97, 109, 112, 0, 0, 0, 0, 0, 0, 0];
  assertEquals(bytes, expected);
  assertEquals(wordsOf("").length, 0);
});

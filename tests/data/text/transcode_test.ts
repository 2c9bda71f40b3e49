import { AppError } from "../../../data/app_error.ts";
import { createTranscoder, type TextEncoding } from "../../../data/text/transcode.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../../support/assert.ts";

const TEXT = "Zeit;Verbrauch (kWh);Größe\n01.05.2024;0,1;“x” €\n";

/** A text in UTF-16. */
function utf16(text: string, isLittleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(text.length * 2));
  for (let i = 0; i < text.length; i++) view.setUint16(i * 2, text.charCodeAt(i), isLittleEndian);
  return new Uint8Array(view.buffer);
}

/** A text of one byte a character, given the bytes of those that are not ASCII. */
function bytesOf(text: string, others: Record<string, number> = {}): Uint8Array {
  return Uint8Array.from(text, (character) => others[character] ?? character.charCodeAt(0));
}

/** What a transcoder hands on for a text in chunks of a size. */
function transcoded(encoding: TextEncoding, body: Uint8Array, size = body.length): string {
  const parts: Uint8Array[] = [];
  const transcoder = createTranscoder(encoding, (chunk) => parts.push(chunk.slice()));
  for (let at = 0; at < body.length; at += size) transcoder.push(body.subarray(at, at + size));
  transcoder.end();
  const all = new Uint8Array(parts.flatMap((part) => [...part]));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(all);
}

function problem(encoding: TextEncoding, body: Uint8Array): string {
  const { code, message } = assertThrows(() => transcoded(encoding, body), AppError);
  assertEquals(code, "MALFORMED_BODY");
  return message;
}

/** Bytes of windows-1252 from the table of the Encoding Standard. */
const WINDOWS = { "ö": 0xf6, "ß": 0xdf, "“": 0x93, "”": 0x94, "€": 0x80 };
const UTF_8 = new TextEncoder().encode(TEXT);

Deno.test("text in each encoding is handed on as UTF-8, in chunks of any size", () => {
  const table: [encoding: TextEncoding, body: Uint8Array][] = [
    ["auto", UTF_8],
    ["utf-8", UTF_8],
    ["auto", utf16(`\ufeff${TEXT}`, true)],
    ["auto", utf16(`\ufeff${TEXT}`, false)],
    ["utf-16le", utf16(TEXT, true)],
    ["utf-16le", utf16(`\ufeff${TEXT}`, true)],
    ["utf-16be", utf16(TEXT, false)],
    ["windows-1252", bytesOf(TEXT, WINDOWS)],
  ];
  for (const [encoding, body] of table) {
    for (const size of [1, 2, 3, 7, 16, 17, 1_000]) {
      assertEquals(transcoded(encoding, body, size), TEXT, `${encoding} in chunks of ${size}`);
    }
  }
});

Deno.test("iso-8859-1 is not windows-1252: its bytes from 80 to 9f are control characters", () => {
  assertEquals(transcoded("iso-8859-1", Uint8Array.of(0x80, 0x9f, 0xe9)), "\x80\x9fé");
  assertEquals(transcoded("windows-1252", Uint8Array.of(0x80, 0x9f, 0xe9)), "€Ÿé");
});

Deno.test("UTF-8 is handed on as the same memory once its first bytes have shown it", () => {
  const chunks: Uint8Array[] = [];
  const transcoder = createTranscoder("auto", (chunk) => chunks.push(chunk));
  transcoder.push(new Uint8Array(16).fill(0x61));
  const chunk = Uint8Array.of(0xff, 0xfe, 0);
  transcoder.push(chunk);
  assertStrictEquals(chunks[1], chunk);
});

Deno.test("bytes in another encoding are refused; the error names it and the option", () => {
  assertEquals(
    problem("auto", utf16(TEXT, true)),
    "The upload must be UTF-8 or begin with a byte order mark, but it looks like utf-16le; send " +
      "encoding=utf-16le",
  );
  assertEquals(
    problem("utf-8", utf16(`\ufeff${TEXT}`, false)),
    "The upload must be utf-8, as encoding= says, but it looks like utf-16be; send " +
      "encoding=utf-16be",
  );
  const looksLike = (shown: string) => `but it looks like ${shown}; send encoding=${shown}`;
  const table: [encoding: TextEncoding, body: Uint8Array, shown: string][] = [
    ["utf-16le", utf16(TEXT, false), "utf-16be"],
    ["utf-16be", utf16(`\ufeff${TEXT}`, true), "utf-16le"],
    ["utf-16le", bytesOf("timestamp,power_kw\n"), "utf-8"],
    ["windows-1252", utf16(TEXT, true), "utf-16le"],
    ["iso-8859-1", new TextEncoder().encode(`\ufeff${TEXT}`), "utf-8"],
  ];
  for (const [encoding, body, shown] of table) {
    assertEquals(problem(encoding, body).split(", ").at(-1), looksLike(shown), encoding);
  }
});

Deno.test("text in UTF-32 is refused by its name", () => {
  const message = "The upload looks like utf-32le; save it as UTF-8 and send it again";
  assertEquals(problem("auto", Uint8Array.of(0xff, 0xfe, 0, 0, 0x74, 0, 0, 0)), message);
});

Deno.test("half a character at the end of UTF-16 is refused", () => {
  const body = utf16(TEXT, true).subarray(0, -1);
  assertEquals(
    problem("utf-16le", body),
    "The upload must be utf-16le, but it has bytes that are not; name its encoding with encoding=",
  );
});

Deno.test("an empty text in any encoding is empty", () => {
  for (const encoding of ["auto", "utf-16le", "windows-1252"] as const) {
    assertEquals(transcoded(encoding, new Uint8Array(0)), "", encoding);
  }
});

import fc from "fast-check";
import { type AnswerReader, createAnswerReader } from "../../../data/notify/http_answer.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const OK = "HTTP/1.1 200 OK\r\n";
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`;

/** Reads an answer in pieces of some size. */
function read(answer: string, size = answer.length): { reader: AnswerReader; body: string } {
  let body = "";
  const reader = createAnswerReader((part) => body += new TextDecoder().decode(part));
  const all = bytes(answer);
  for (let at = 0; at < all.length; at += size) reader.add(all.slice(at, at + size));
  return { reader, body };
}

Deno.test("an answer is read the same in one piece and byte by byte", () => {
  const answers: [answer: string, body: string, isWhole: boolean][] = [
    [`${OK}Content-Length: 5\r\n\r\nhello`, "hello", true],
    [`${OK}content-length:\t5 \r\n\r\nhel`, "hel", false],
    [`${OK}Content-Length: 5, 5\r\n\r\nhello and more`, "hello", true],
    [`${OK}\r\nhello`, "hello", false],
    [`HTTP/1.0 404 \r\n\r\n`, "", false],
    ["HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", "", true],
    ["HTTP/1.1 304\r\n\r\nmore", "", true],
    [
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nA: b\r\n\r\n${OK}A: c\r\n\r\nx`,
      "x",
      false,
    ],
    [`${CHUNKED}5\r\nhello\r\n6;a="b"\r\n world\r\n0\r\nX: y\r\n\r\n`, "hello world", true],
    [`${CHUNKED}A\r\n0123456789\r\n000\r\n`, "0123456789", false],
    // With both, the coding counts (RFC 9112 §6.3).
    [
      `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n`,
      "ab",
      true,
    ],
  ];
  for (const [answer, body, isWhole] of answers) {
    for (const size of [answer.length, 1]) {
      const found = read(answer, size);
      assertEquals([found.body, found.reader.isWhole], [body, isWhole], answer);
    }
  }
});

Deno.test("the head is whole before the body, its names in lower case, its values joined", () => {
  const { reader } = read(`${OK}Retry-After: 30\r\nX-A: 1\r\nx-a:\r\nServer: \u00e9\r\n`);
  assertEquals(reader.head, null);
  reader.add(bytes("\r\n"));
  assertEquals(reader.head?.status, 200);
  assertEquals(Object.keys(reader.head?.headers ?? {}), ["retry-after", "x-a", "server"]);
  assertEquals(reader.head?.headers["x-a"], "1, ");
});

Deno.test("blanks in a value cost no more than letters, however many there are", () => {
  const blanks = " ".repeat(60_000), letters = "x".repeat(60_000);
  const headers = (value: string) => `${OK}X: a${value}b\r\n\r\n`;
  const lengths = (value: string) => `${OK}Content-Length: 5${value}5\r\n\r\n`;
  assertEquals(read(headers(blanks)).reader.head?.headers.x, `a${blanks}b`);
  assertThrows(() => read(lengths(blanks)), SyntaxError, "its length is no number");
  assertThrows(() => read(lengths(letters)), SyntaxError, "its length is no number");
  for (const answer of [headers, lengths]) {
    // Work that grows with the square of the blanks takes thousands of times as long as the letters.
    const allowedMs = 100 * tookMs(answer(letters)) + 100;
    assert(tookMs(answer(blanks)) < allowedMs, answer(""));
  }
});

/** The shortest of three times that it takes to read an answer, milliseconds. */
function tookMs(answer: string): number {
  const times = [1, 2, 3].map(() => {
    const startMs = performance.now();
    try {
      read(answer);
    } catch { /* Refusing takes time too. */ }
    return performance.now() - startMs;
  });
  return Math.min(...times);
}

Deno.test("the end of the connection ends only a body without a length", () => {
  const { reader } = read(`${OK}\r\nhello`);
  reader.end();
  assert(reader.isWhole);
  for (const part of ["", OK, `${OK}Content-Length: 5\r\n\r\nhell`, `${CHUNKED}2\r\nab\r\n`]) {
    assertThrows(
      () => read(part).reader.end(),
      SyntaxError,
      "the connection ended within it",
      part,
    );
  }
});

Deno.test("an answer that breaks the rules is refused, and nothing of it is shown", () => {
  const broken: [answer: string, why: string][] = [
    ["SSH-2.0-OpenSSH\r\n", "it does not begin with a status"],
    ["HTTP/2 200 OK\r\n", "it does not begin with a status"],
    ["HTTP/1.1 600 No\r\n", "it does not begin with a status"],
    ["HTTP/1.1 101 Switching Protocols\r\n", "it changes the protocol"],
    ["HTTP/1.1 200 OK\n", "a line does not end in CR LF"],
    ["\n", "a line does not end in CR LF"],
    [`${OK}no colon\r\n`, "a header has no name"],
    [`${OK}A : b\r\n`, "a header has no name"],
    [`${OK}A: b\r\n folded\r\n`, "a header has no name"],
    [`${OK}Content-Length: 3\r\nContent-Length: 4\r\n\r\n`, "its length is no number"],
    [`${OK}Content-Length: -3\r\n\r\n`, "its length is no number"],
    [`${OK}Content-Length:\r\n\r\n`, "its length is no number"],
    [`${OK}Transfer-Encoding: gzip, chunked\r\n\r\n`, "its transfer coding is unknown"],
    [`${OK}A: ${"x".repeat(65_536)}`, "a line is too long"],
    [`${OK}${"A: b\r\n".repeat(11_000)}`, "a line is too long"],
    ["HTTP/1.1 103 Hints\r\n\r\n".repeat(17), "too many interim answers"],
  ];
  for (const [answer, why] of broken) {
    let reader: AnswerReader | null = null;
    assertThrows(
      () => {
        reader = createAnswerReader(() => {});
        reader.add(bytes(answer));
      },
      SyntaxError,
      `Cannot read the answer as ${why}`,
      answer.slice(0, 60),
    );
    assertEquals((reader as AnswerReader | null)?.head, null);
  }
  const chunks: [chunk: string, why: string][] = [
    ["zz\r\n", "a chunk has no size"],
    ["\r\n", "a chunk has no size"],
    ["123456789\r\n", "a chunk has no size"],
    ["1\r\nab\r\n", "a chunk is longer than its size"],
    ["1\r\nabcd", "a line is too long"],
    [`1;${"x".repeat(1_100)}`, "a line is too long"],
  ];
  for (const [chunk, why] of chunks) {
    assertThrows(() => read(CHUNKED + chunk), SyntaxError, why, chunk);
  }
});

Deno.test("any body is read whole, cut at any places", () => {
  const body = fc.string({ maxLength: 40 });
  const cuts = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(fc.array(body, { maxLength: 5 }), cuts, (parts, sizes) => {
    const chunks = parts.filter((part) => part !== "").map(bytes);
    const whole = parts.join("");
    let answer = CHUNKED;
    for (const chunk of chunks) {
      answer += `${chunk.length.toString(16)}\r\n${new TextDecoder().decode(chunk)}\r\n`;
    }
    const all = bytes(`${answer}0\r\n\r\n`);
    const found: number[] = [];
    const reader = createAnswerReader((part) => found.push(...part));
    for (let at = 0, turn = 0; at < all.length; turn++) {
      const size = sizes[turn % sizes.length];
      reader.add(all.slice(at, at + size));
      at += size;
    }
    assertEquals([new TextDecoder().decode(new Uint8Array(found)), reader.isWhole], [whole, true]);
  }));
});

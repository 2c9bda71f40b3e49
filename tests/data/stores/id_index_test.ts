import { createIdIndex } from "../../../data/stores/id_index.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";

const encoder = new TextEncoder();

Deno.test("an id always gets the same number, the first id 0, whatever follows it", () => {
  const index = createIdIndex();
  const bytes = encoder.encode("x,b2,a:1.x,b2\n");
  assertEquals([index.scan(bytes, 2), index.scannedNumber()], [4, 0]);
  assertEquals([index.scan(bytes, 5), index.scannedNumber()], [10, 1]);
  assertEquals([index.scan(bytes, 11), index.scannedNumber()], [13, 0]);
  assertEquals(index.numberOf("a:1.x"), 1);
  assertEquals(index.size(), 2);
  assertEquals(index.take(), ["b2", "a:1.x"]);
  assertEquals([index.size(), index.numberOf("c")], [0, 0]);
});

Deno.test("ten thousand ids keep their numbers while the table grows", () => {
  const index = createIdIndex();
  const ids = Array.from({ length: 10_000 }, (_, number) => `store-${number * 7_919}`);
  for (let round = 0; round < 2; round++) {
    assertEquals(ids.map(index.numberOf), ids.map((_, number) => number));
  }
  assertEquals(index.take(), ids);
});

Deno.test("an id that no store may have gets no number", () => {
  const index = createIdIndex();
  for (const text of ["", ",", "-a", ".a", "hours", "timezones", "a".repeat(65), "é"]) {
    assertEquals(index.scan(encoder.encode(`${text},`), 0), -1, text);
    assertThrows(() => index.numberOf(text), RangeError);
  }
  assertEquals(index.scan(encoder.encode(`${"a".repeat(64)}`), 0), 64);
  assertEquals(index.size(), 1);
});

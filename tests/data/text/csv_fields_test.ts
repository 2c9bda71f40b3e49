import { csvFields } from "../../../data/text/csv_fields.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test('a field ="0123", a text that Excel must not read as a number, is its text', () => {
  assertEquals(csvFields('="0123";1,5;="a""b";', ";"), ["0123", "1,5", 'a"b', ""]);
  assertEquals(csvFields('1;="54;14"', ";"), ["1", "54;14"]);
});

Deno.test("other quotes in the middle of a field are wrong, as in RFC 4180", () => {
  for (const text of ['a="1";2', '="1"b;2', '5"']) assertEquals(csvFields(text, ";"), null, text);
});

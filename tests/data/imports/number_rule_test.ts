import { numberRule } from "../../../data/imports/number_rule.ts";
import { assertEquals } from "../../support/assert.ts";

const POINT = "a decimal number with a point", COMMA = "a decimal number with a comma";

Deno.test("a number that is written in another way names the options that read it", () => {
  const table: [field: string, point: string, options: string][] = [
    ["1,5", ".", "decimal=,"],
    ["1.5", ",", "decimal=."],
    ["1,234.5", ".", "decimal=.&thousands=,"],
    ["1.234,5", ".", "decimal=,&thousands=."],
    ["1 234.5", ".", "decimal=.&thousands=space"],
    ["1\u00a0234,5", ",", "decimal=,&thousands=space"],
    ["1'234.5", ".", "decimal=.&thousands=apostrophe"],
  ];
  for (const [field, point, options] of table) {
    const rule = point === "," ? COMMA : POINT;
    assertEquals(numberRule(field, point), `${rule}; if this is a number, send ${options}`, field);
  }
});

Deno.test("a word may mean that there is no value", () => {
  const hint = "; if this means that there is no value, send missing=";
  assertEquals(numberRule("NaN", "."), `${POINT}${hint}NaN`);
  assertEquals(numberRule("-", ","), `${COMMA}${hint}-`);
  assertEquals(numberRule("x".repeat(30), "."), `${POINT}${hint}${"x".repeat(20)}`);
});

Deno.test("text in another encoding names the option for it", () => {
  assertEquals(
    numberRule("k\ufffdne", "."),
    `${POINT}; the text is not UTF-8: send encoding=windows-1252, or the one that it is in`,
  );
});

Deno.test("any other text is only said to be no number", () => {
  for (const field of ["230 V", "0x1", "1e999", "1,2,3"]) {
    assertEquals(numberRule(field, "."), POINT);
  }
});

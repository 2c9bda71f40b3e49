import { assertEquals } from "../support/assert.ts";
import { absolute, atLeast, atMost, type Figure } from "./figure.ts";
import { figuresTable, markdownTable } from "./table.ts";

/** The cells of each row below the line under the header. */
function cellsOf(table: string): string[][] {
  return table.split("\n").slice(2).map((line) => line.trim().split(/ {2,}/));
}

const EXPORT: Figure = {
  what: "a year",
  ours: 100,
  unit: "ms",
  as: "fast",
  other: { name: "PostgreSQL", value: 430 },
  target: atLeast(5),
};

Deno.test("the table has ours, the peer with its value, the ratio, the target, and whether it is met", () => {
  const table = figuresTable([EXPORT]);
  assertEquals(table.split("\n")[0].trim().split(/ {2,}/), [
    "figure",
    "ours",
    "limit or peer",
    "ratio",
    "target",
    "met",
  ]);
  assertEquals(cellsOf(table), [
    ["a year", "100 ms", "PostgreSQL: 430 ms", "4.30 × as fast", "≥ 5", "NO"],
  ]);
});

Deno.test("the table marks absolute targets, and what was not measured", () => {
  const home = absolute("Home", { ours: 450, unit: "ms", target: atMost(500) });
  const alone = { ...EXPORT, other: null };
  const free = { ...EXPORT, target: null };
  assertEquals(cellsOf(figuresTable([home, alone, free])), [
    ["Home", "450 ms", "absolute", "–", "≤ 500 ms", "yes"],
    ["a year", "100 ms", "not measured", "–", "≥ 5", "–"],
    ["a year", "100 ms", "PostgreSQL: 430 ms", "4.30 × as fast", "–", "–"],
  ]);
});

Deno.test("markdownTable() pads its cells as the formatter does", () => {
  const rows = [["what", "figure"], ["jobs a second", "20"]];
  assertEquals(
    markdownTable(rows),
    "| what          | figure |\n| ------------- | ------ |\n| jobs a second | 20     |",
  );
});

import { assertEquals } from "../support/assert.ts";
import { atLeast, type Figure } from "./figure.ts";
import { readReport, reportText } from "./report.ts";

const MACHINE = { version: "0.10.0", deno: "2.9.6", processors: 2, load: [0.1, 1.9] };
const EXPORT: Figure = {
  what: "a year",
  ours: 100,
  unit: "ms",
  as: "fast",
  other: { name: "PostgreSQL", value: 550 },
  target: atLeast(5),
};

Deno.test("a report has the machine, and each figure with its ratio, target and outcome", () => {
  const text = reportText([{ part: "export", figure: EXPORT }], MACHINE);
  assertEquals(JSON.parse(text), {
    ...MACHINE,
    figures: [{
      part: "export",
      what: "a year",
      ours: 100,
      unit: "ms",
      as: "fast",
      other: { name: "PostgreSQL", value: 550 },
      ratio: 5.5,
      target: "≥ 5",
      met: true,
    }],
  });
});

Deno.test("what a report was written from can be read from it; a value that is none is left out", () => {
  const missing = { ...EXPORT, what: "nothing", ours: NaN };
  const alone = { ...EXPORT, other: null, target: null };
  const text = reportText([
    { part: "export", figure: alone },
    { part: "export", figure: missing },
  ], MACHINE);
  assertEquals(readReport(text), [{ part: "export", what: "a year", ours: 100, unit: "ms" }]);
});

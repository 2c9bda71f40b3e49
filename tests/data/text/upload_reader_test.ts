import { createRejects } from "../../../data/text/upload_reader.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("rejects are counted, the first 100 kept with at most 100 characters of their value", () => {
  const rejects = createRejects();
  assertEquals(rejects.all(), { count: 0, first: [] });
  for (let line = 2; line < 252; line++) {
    rejects.add({ line }, { field: "power_kw", value: "x".repeat(line), rule: "less" });
  }
  const { count, first } = rejects.all();
  assertEquals([count, first.length], [250, 100]);
  assertEquals(first[0], { line: 2, field: "power_kw", value: "xx", rule: "less" });
  assertEquals(first[99], { line: 101, field: "power_kw", value: "x".repeat(100), rule: "less" });
});

Deno.test("a reject of an array has an index and may have no field", () => {
  const rejects = createRejects();
  rejects.add({ index: 0 }, { field: null, value: "", rule: "a JSON object" });
  assertEquals(rejects.all().first, [
    { index: 0, field: null, value: "", rule: "a JSON object" },
  ]);
});

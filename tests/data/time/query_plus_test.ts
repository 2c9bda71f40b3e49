import { plusHint, restorePlus, restoreZonePlus } from "../../../data/time/query_plus.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("the + of an offset that arrived as a space is restored", () => {
  const texts = [
    "2026-02-01T00:00:00 01:00",
    "2026-02-01T00:00 0100",
    "2026-02-01t00:00:00.5 01",
    "2026-02-01 00:00:00 05:30",
    "20260201T000000 0530",
  ];
  assertEquals(texts.map(restorePlus), [
    "2026-02-01T00:00:00+01:00",
    "2026-02-01T00:00+0100",
    "2026-02-01t00:00:00.5+01",
    "2026-02-01 00:00:00+05:30",
    "20260201T000000+0530",
  ]);
});

Deno.test("a space that stands between date and time, or elsewhere, stays", () => {
  const texts = [
    "2026-02-01 01:00",
    "2026-02-01 01:00:00Z",
    "2026-02-01T00:00:00Z",
    "2026-02-01T00:00:00 -01:00",
    "2026-02-01T00:00:00  01:00",
    "2026-02-01",
    " 01:00",
    "",
  ];
  assertEquals(texts.map(restorePlus), texts);
});

Deno.test("an offset as a zone gets its + back, a name stays", () => {
  assertEquals([" 05:30", " 0530", " 05"].map(restoreZonePlus), ["+05:30", "+0530", "+05"]);
  const others = ["Europe/Paris", "-03:00", "05:30", " Europe/Paris", "  05:30"];
  assertEquals(others.map(restoreZonePlus), others);
});

Deno.test("the hint names %2B only where a space stands between digits", () => {
  assertEquals(plusHint("2026-02-01 25:00 01:00").includes("%2B"), true);
  for (const text of ["yesterday", "2026-02-01T25:00:00Z", "next week", undefined]) {
    assertEquals(plusHint(text), "");
  }
});

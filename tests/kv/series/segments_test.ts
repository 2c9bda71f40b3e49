import { encodePage } from "../../../data/readings/page_encoder.ts";
import {
  countSegments,
  listSegments,
  type SegmentName,
  segmentsPage,
  stageSegment,
  stageSegmentDelete,
} from "../../../kv/series/segments.ts";
import type { SeriesRef } from "../../../kv/series/ref.ts";
import { assertEquals } from "../../support/assert.ts";
import { pageOf, type Row, rowsOf } from "../../support/pages.ts";
import { DAY, linesOf, METER, meterPage } from "../../support/series.ts";

/** Commits segments of one reading each, all in one commit. */
async function commitSegments(
  kv: Deno.Kv,
  ref: SeriesRef,
  ...segments: readonly (SegmentName & { timeMs: number; text: string })[]
): Promise<void> {
  const op = kv.atomic();
  for (const { writer, number, timeMs, text } of segments) {
    stageSegment(op, ref, { writer, number, bytes: encodePage(meterPage([timeMs, text])) });
  }
  await op.commit();
}

Deno.test("segments are in the order of commits, and within a commit in that of their numbers", async () => {
  using kv = await Deno.openKv(":memory:");
  await commitSegments(kv, METER, { writer: "z", number: 1, timeMs: DAY, text: "1" });
  await commitSegments(
    kv,
    METER,
    { writer: "a", number: 10, timeMs: DAY, text: "3" },
    { writer: "a", number: 9, timeMs: DAY, text: "2" },
  );
  await commitSegments(kv, { ...METER, id: "m10" }, {
    writer: "a",
    number: 11,
    timeMs: DAY,
    text: "9",
  });
  const names = (await listSegments(kv, METER)).map(({ key }) => key.slice(3));
  assertEquals(names, [["z", 1], ["a", 9], ["a", 10]]);
});

Deno.test("a segment written again under the same name is one, ordered by its last commit", async () => {
  using kv = await Deno.openKv(":memory:");
  const first = { writer: "a", number: 1, timeMs: DAY, text: "1" };
  await commitSegments(kv, METER, first);
  await commitSegments(kv, METER, { writer: "b", number: 1, timeMs: DAY, text: "2" });
  await commitSegments(kv, METER, first);
  assertEquals((await listSegments(kv, METER)).map(({ key }) => key[3]), ["b", "a"]);
});

Deno.test("segmentsPage() sorts readings and keeps the latest of each time", async () => {
  using kv = await Deno.openKv(":memory:");
  await commitSegments(kv, METER, { writer: "z", number: 1, timeMs: DAY + 5, text: "1" });
  await commitSegments(kv, METER, { writer: "a", number: 1, timeMs: DAY + 5, text: "2" });
  await commitSegments(kv, METER, { writer: "a", number: 2, timeMs: DAY, text: "3.5" });
  const page = segmentsPage(METER, await listSegments(kv, METER));
  assertEquals(linesOf(page), [`${DAY} 3.5,3.5,3.5,3.5`, `${DAY + 5} 2,2,2,2`]);
});

Deno.test("segmentsPage() decodes segments of one reading, of doubles and of several readings", () => {
  // 1/3 is no decimal. Only the last two are decoded together.
  const pages = [
    meterPage([DAY, "1.5"]),
    meterPage([DAY + 1, String(1 / 3)]),
    meterPage([DAY + 2, "2"], [DAY + 3, "3.25"]),
    meterPage([DAY + 4, "4"]),
    meterPage([DAY + 5, "-0.125"]),
  ];
  const segments = pages.map((page, index) => ({
    key: ["segment", "meter", "m", "w", index],
    versionstamp: "1",
    bytes: encodePage(page),
  }));
  assertEquals(linesOf(segmentsPage(METER, segments)), [
    `${DAY} 1.5,1.5,1.5,1.5`,
    `${DAY + 1} ${Array(4).fill(1 / 3)}`,
    `${DAY + 2} 2,2,2,2`,
    `${DAY + 3} 3.25,3.25,3.25,3.25`,
    `${DAY + 4} 4,4,4,4`,
    `${DAY + 5} -0.125,-0.125,-0.125,-0.125`,
  ]);
});

Deno.test("segmentsPage() reads segments of an older version of the profile as missing in newer metrics", () => {
  const pages: Row[][] = [[[DAY, "1"]], [[DAY + 1, "2"]], [[DAY + 2, "3", "4"]], [[
    DAY + 3,
    "5",
    "6",
  ]]];
  const segments = pages.map((rows, index) => ({
    key: [],
    versionstamp: String(index),
    bytes: encodePage(pageOf(rows, rows[0].length - 1)),
  }));
  assertEquals(rowsOf(segmentsPage(METER, segments)), [
    [DAY, "1", ""],
    [DAY + 1, "2", ""],
    [DAY + 2, "3", "4"],
    [DAY + 3, "5", "6"],
  ]);
});

Deno.test("segmentsPage() without segments has no readings", () => {
  assertEquals(segmentsPage(METER, []).timesMs.length, 0);
});

Deno.test("countSegments() stops at its limit", async () => {
  using kv = await Deno.openKv(":memory:");
  for (let number = 0; number < 5; number++) {
    await commitSegments(kv, METER, { writer: "a", number, timeMs: DAY, text: "1" });
  }
  assertEquals(await countSegments(kv, METER, 3), 3);
  assertEquals(await countSegments(kv, METER, 32), 5);
  assertEquals(await countSegments(kv, { ...METER, id: "m" }, 32), 0);
});

Deno.test("deleting a segment leaves the others", async () => {
  using kv = await Deno.openKv(":memory:");
  for (const number of [1, 2]) {
    await commitSegments(kv, METER, { writer: "a", number, timeMs: DAY, text: "1" });
  }
  const [first] = await listSegments(kv, METER);
  const op = kv.atomic();
  stageSegmentDelete(op, first);
  await op.commit();
  assertEquals((await listSegments(kv, METER)).map(({ key }) => key[4]), [2]);
});

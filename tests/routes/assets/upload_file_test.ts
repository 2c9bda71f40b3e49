import { assert, assertEquals } from "../../support/assert.ts";
import { findLines } from "../../../routes/assets/upload_file.js";

/** 4 MiB of lines of 16 bytes, each of which is its own number. */
const LINES = 262_144;
const text = Array.from({ length: LINES }, (_, at) => `${String(at + 1).padStart(14, "0")}\r\n`)
  .join("");

Deno.test("findLines() finds lines by their numbers, also those on the edges of pieces", async () => {
  // Pieces have 131,072 bytes, which are 8,192 of these lines.
  const numbers = [1, 8_192, 8_193, 100_000, LINES];
  const found = await findLines(new File([text], "f.csv"), numbers, null, "utf-8");
  assertEquals(
    [...found],
    numbers.map((number) => [number, String(number).padStart(14, "0")]),
  );
  const shifted = await findLines(new File(["é\n", text], "f.csv"), [1, 8_194, 8_195], null, null);
  assertEquals([...shifted.values()], ["é", "00000000008193", "00000000008194"]);
  const last = await findLines(new File(["a\nlast"], "f.csv"), [2, 3], null, null);
  assertEquals([...last], [[2, "last"]]);
});

Deno.test("findLines() finds lines of a packed file", async () => {
  const packed = await new Response(
    new Blob([text]).stream().pipeThrough(new CompressionStream("gzip")),
  ).blob();
  const found = await findLines(new File([packed], "f.csv.gz"), [LINES - 1], "gzip", null);
  assertEquals([...found], [[LINES - 1, "00000000262143"]]);
});

Deno.test("findLines() lets other tasks run while it searches a long file", async () => {
  let tasks = 0, isOver = false;
  const next = () => {
    tasks++;
    if (!isOver) setTimeout(next);
  };
  setTimeout(next);
  await findLines(new File([text], "f.csv"), [LINES], null, null);
  isOver = true;
  // 4 MiB are 32 pieces.
  assert(tasks >= 16, `${tasks} tasks ran`);
  await new Promise((resolve) => setTimeout(resolve, 5));
});

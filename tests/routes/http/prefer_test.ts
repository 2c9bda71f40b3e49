import { readPreferences } from "../../../routes/http/prefer.ts";
import { assert, assertEquals } from "../../support/assert.ts";

/** Headers, and what RFC 7240 §2 makes of them. */
const HEADERS: [header: string | undefined, isAsync: boolean, waitSeconds: number | null][] = [
  [undefined, false, null],
  ["", false, null],
  ["wait=10", false, 10],
  ["WAIT=10", false, 10],
  ["wait = 10", false, 10],
  ['wait="10"', false, 10],
  ['wait="1\\0"', false, 10],
  ["wait=0", false, 0],
  ["wait=007", false, 7],
  ["wait=60", false, 60],
  ["wait=61", false, 60],
  ["wait=99999999999999999999999", false, 60],
  ["wait=10; why=later", false, 10],
  ['wait=10;why="a, b"', false, 10],
  ["respond-async, wait=10", true, 10],
  ["wait=10,respond-async", true, 10],
  ["Respond-Async;x=1 , , Wait=2", true, 2],
  ['respond-async=""', true, null],
  ["respond-async=", true, null],
  ["respond-async = , wait=1", true, 1],
  ['note="x, wait=5", wait=7', false, 7],
  // The first of two counts, even if it is invalid.
  ["wait=3, wait=9", false, 3],
  ["wait=soon, wait=9", false, null],
  // Invalid preferences are ignored, the others count.
  ["wait", false, null],
  ["wait=", false, null],
  ["wait=-1", false, null],
  ["wait=+1", false, null],
  ["wait=1.5", false, null],
  ["wait=0x10", false, null],
  ["wait=10s", false, null],
  ["wait 10, respond-async", true, null],
  ["wait=1 0", false, null],
  ["respond-async=1, wait=4", false, 4],
  ["respond-asynchronously", false, null],
  ["x=respond-async", false, null],
  // A parameter is no preference.
  ["respond-async; wait=5", true, null],
  ["note; respond-async", false, null],
  [',;=, "', false, null],
];

for (const [header, isAsync, waitSeconds] of HEADERS) {
  Deno.test(`Prefer: ${header} prefers ${isAsync ? "202" : "200"} and a wait of ${waitSeconds} s`, () => {
    assertEquals(readPreferences(header), { isAsync, waitSeconds });
  });
}

Deno.test("a Prefer header made to be slow is read within milliseconds", () => {
  const startedMs = performance.now();
  for (const unit of ['"', " ", "\\", '"\\"', "a=", ",", "a= "]) {
    readPreferences(unit.repeat(300));
    readPreferences(unit.repeat(200_000));
  }
  assert(performance.now() - startedMs < 200);
});

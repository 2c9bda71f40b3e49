import {
  createMeterRows,
  type MeterRow,
  type MeterRows,
} from "../../../data/imports/meter_rows.ts";
import { METER_ID_RULE, METERS_PER_UPLOAD_MAX } from "../../../data/limits.ts";
import { PROFILES } from "../../../data/readings/profile.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { readDecimal, rowsOf } from "../../support/pages.ts";

const MINUTE_MS = 60_000;
const ENERGY = { metric: 0, exponent: 0 };

function newRows(): MeterRows {
  return createMeterRows({ oldestMs: 0 });
}

/** The row of a meter that takes readings. */
function rowOf(rows: MeterRows, meterId: string): MeterRow {
  const found = rows.of(meterId);
  assert(found !== null && !("rule" in found), `${meterId} takes no readings`);
  return found;
}

function addEnergy(rows: MeterRows, meterId: string, minute: number, energy: string): void {
  const row = rowOf(rows, meterId);
  row.clear();
  row.set(ENERGY, { ...readDecimal(energy) });
  row.add(minute * MINUTE_MS, minute);
}

Deno.test("readings of interleaved meters are taken by meter, each in the order it was added", () => {
  const rows = newRows();
  rows.know("a", PROFILES.meter);
  rows.know("b", PROFILES.meter);
  // The other meter's many decimals must not make these doubles: 10^15 has 16 digits.
  addEnergy(rows, "b", 3, "0.000000000000001");
  addEnergy(rows, "a", 1, "100000000.1");
  addEnergy(rows, "b", 2, "0.000000000000002");
  addEnergy(rows, "a", 2, "100000000.2");
  assertEquals(rows.waiting(), 4);
  const taken = rows.take().map(({ meterId, profile, batch: { page, places } }) => (
    {
      meterId,
      profile: profile.name,
      energy: rowsOf(page).map((row) => row[1]),
      places: [...places],
    }
  ));
  assertEquals(taken, [
    {
      meterId: "b",
      profile: "meter",
      energy: ["0.000000000000001", "0.000000000000002"],
      places: [3, 2],
    },
    { meterId: "a", profile: "meter", energy: ["100000000.1", "100000000.2"], places: [1, 2] },
  ]);
  assertEquals([rows.waiting(), rows.take()], [0, []]);
});

Deno.test("meters of different profiles have pages of their own profile", () => {
  const rows = newRows();
  rows.know("m", PROFILES.meter);
  rows.know("s", PROFILES.site);
  addEnergy(rows, "s", 1, "1");
  addEnergy(rows, "m", 1, "1");
  const columns = rows.take().map(({ meterId, batch }) => [meterId, batch.page.columns.length]);
  assertEquals(columns.sort(), [["m", 4], ["s", 1]]);
});

Deno.test("a meter is unknown until its profile is said, and a refused one takes no readings", () => {
  const rows = newRows();
  assertEquals([rows.of("a"), rows.of("b"), rows.of("a")], [null, null, null]);
  assertEquals(rows.unknown(), ["a", "b"]);
  rows.know("b", { rule: "a profile" });
  assertEquals([rows.unknown(), rows.of("b")], [["a"], { rule: "a profile" }]);
  rows.know("a", PROFILES.meter);
  assertEquals([rows.unknown(), rowOf(rows, "a").profile], [[], PROFILES.meter]);
  assertEquals(rows.meters().map(({ meterId, refusal }) => [meterId, refusal]), [
    ["b", { rule: "a profile" }],
    ["a", null],
  ]);
});

Deno.test("an id that no meter can have is refused and not remembered", () => {
  const rows = newRows();
  for (const id of ["", "a b", ".", "ä", "a".repeat(65)]) {
    assertEquals(rows.of(id), { rule: METER_ID_RULE }, id);
  }
  assertEquals([rows.unknown(), rows.meters()], [[], []]);
});

Deno.test("more meters than an upload may have are refused, and the others are not harmed", () => {
  const rows = newRows();
  for (let meter = 0; meter < METERS_PER_UPLOAD_MAX - 1; meter++) {
    rows.know(`m${meter}`, PROFILES.meter);
  }
  assertEquals(rows.of("last"), null);
  const rule =
    `at most ${METERS_PER_UPLOAD_MAX} meters in one upload; send the rest in another one`;
  assertEquals(rows.of("more"), { rule });
  rows.know("last", PROFILES.meter);
  assertEquals(rows.of("more"), { rule });
  addEnergy(rows, "last", 1, "1");
  assertEquals(rows.waiting(), 1);
});

Deno.test("rejected records count for the upload and for their meter", () => {
  const rows = newRows();
  rows.know("a", PROFILES.meter);
  const problem = { field: "energy_kwh", value: "x".repeat(200), rule: "a number" };
  for (let line = 2; line < 7; line++) rows.reject({ line }, problem, "a");
  rows.reject({ line: 9 }, problem, null);
  const listed = (line: number) => ({ ...problem, value: "x".repeat(100), line });
  assertEquals(rows.rejected(), {
    count: 6,
    first: [
      ...[2, 3, 4, 5, 6].map((line) => ({ ...listed(line), meterId: "a" })),
      { ...listed(9), meterId: null },
    ],
  });
  const [{ rejected, rejects }] = rows.meters();
  assertEquals([rejected, rejects], [5, [listed(2), listed(3), listed(4)]]);
});

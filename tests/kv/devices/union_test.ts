import { createDeviceIntake, type DeviceIntake } from "../../../kv/devices/intake.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assertEquals, assertRejects } from "../../support/assert.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import { DAY, readLines } from "../../support/series.ts";

const REF = { profile: "battery", id: "d" };

/** An intake over a store, some of whose methods may fail. */
function startIntake(
  kv: Deno.Kv,
  { isExclusive = true, owner = "one", requests = 1_000, read }: {
    isExclusive?: boolean;
    owner?: string;
    requests?: number;
    read?: SeriesStore["read"];
  } = {},
): DeviceIntake {
  const now = () => DAY;
  const series = createSeriesStore({ kv, now });
  return createDeviceIntake({
    kv,
    isExclusive,
    owner,
    ingest: createIngest({ kv, writer: owner }),
    series: read === undefined ? series : { ...series, read },
    limit: { requests, windowMs: 1_000 },
    offlineAfterMs: 600_000,
    now,
  });
}

async function send(
  intake: DeviceIntake,
  rows: readonly Row[],
  isPartial = true,
): Promise<unknown> {
  const readings = { ...REF, page: pageOf(rows), isCounted: true, isPartial };
  const { kind } = await intake.accept(readings);
  return kind;
}

function linesOf(kv: Deno.Kv): Promise<string[]> {
  return readLines(createSeriesStore({ kv, now: () => DAY }), REF);
}

Deno.test("partial readings of one time make up one reading, whose later values hold", async () => {
  using kv = await Deno.openKv(":memory:");
  const intake = startIntake(kv);
  await send(intake, [[DAY, "50", "", "1.5", ""], [DAY + 1, "51", "", "", ""]]);
  await send(intake, [[DAY, "", "400.25", "2", ""]]);
  await send(intake, [[DAY + 2, "", "", "", "20"], [DAY, "", "", "", "21"], [
    DAY + 1,
    "52",
    "",
    "",
    "",
  ]]);
  assertEquals(await linesOf(kv), [
    `${DAY} 50,400.25,2,21`,
    `${DAY + 1} 52,,,`,
    `${DAY + 2} ,,,20`,
  ]);
});

Deno.test("partial readings that arrive at the same moment do not overlook each other", async () => {
  using kv = await Deno.openKv(":memory:");
  const intake = startIntake(kv);
  await Promise.all([
    send(intake, [[DAY, "50", "", "", ""]]),
    send(intake, [[DAY, "", "400", "", ""]]),
    send(intake, [[DAY, "", "", "1", ""]]),
    send(intake, [[DAY, "", "", "", "20"]]),
  ]);
  assertEquals(await linesOf(kv), [`${DAY} 50,400,1,20`]);
});

Deno.test("what another instance stored before is filled in too", async () => {
  using kv = await Deno.openKv(":memory:");
  const one = startIntake(kv, { isExclusive: false, owner: "one" });
  const other = startIntake(kv, { isExclusive: false, owner: "other" });
  await send(one, [[DAY, "50", "", "", ""]]);
  await send(other, [[DAY + 5, "51", "", "", ""]]);
  await send(one, [[DAY + 5, "", "401", "", ""]]);
  assertEquals(await linesOf(kv), [`${DAY} 50,,,`, `${DAY + 5} 51,401,,`]);
});

Deno.test("readings that are not partial replace the whole reading", async () => {
  using kv = await Deno.openKv(":memory:");
  const intake = startIntake(kv);
  await send(intake, [[DAY, "50", "400", "1", "20"]]);
  await send(intake, [[DAY, "", "401", "", ""]], false);
  assertEquals(await linesOf(kv), [`${DAY} ,401,,`]);
});

Deno.test("partial readings that are new, or whole, read nothing", async () => {
  using kv = await Deno.openKv(":memory:");
  const read = () => {
    throw new Error("was read");
  };
  const intake = startIntake(kv, { read });
  await send(intake, [[DAY, "50", "", "", ""]]);
  await send(intake, [[DAY + 1, "50", "", "", ""], [DAY, "50", "400", "1", "20"]]);
  assertEquals(await linesOf(kv), [`${DAY} 50,400,1,20`, `${DAY + 1} 50,,,`]);
});

Deno.test("of a partial page only the times near its own are read, however far apart these are", async () => {
  using kv = await Deno.openKv(":memory:");
  const store = createSeriesStore({ kv, now: () => DAY });
  const spans: [fromMs: number, toMs: number][] = [];
  const read: SeriesStore["read"] = (ref, span, signal) => {
    spans.push([span.fromMs, span.toMs]);
    return store.read(ref, span, signal);
  };
  const intake = startIntake(kv, { read });
  const old = DAY - 3_650 * 86_400_000;
  await send(intake, [[old, "50", "", "", ""], [DAY, "51", "", "", ""]]);
  await send(intake, [[DAY, "", "", "2", ""], [old + 1, "", "", "3", ""], [old, "", "", "1", ""]]);
  assertEquals(spans, [[old, old + 2], [DAY, DAY + 1]]);
  assertEquals(await linesOf(kv), [`${old} 50,,1,`, `${old + 1} ,,3,`, `${DAY} 51,,2,`]);
});

Deno.test("a request whose stored readings cannot be read fails and does not count", async () => {
  using kv = await Deno.openKv(":memory:");
  let fails = true;
  const series = createSeriesStore({ kv, now: () => DAY });
  const intake = startIntake(kv, {
    requests: 2,
    read: (...given) => {
      if (fails) throw new Error("cannot be read");
      return series.read(...given);
    },
  });
  await send(intake, [[DAY, "50", "", "", ""]]);
  await assertRejects(() => send(intake, [[DAY, "", "400", "", ""]]), Error, "cannot be read");
  fails = false;
  assertEquals(await send(intake, [[DAY, "", "401", "", ""]]), "accepted");
  assertEquals(await send(intake, [[DAY, "", "402", "", ""]]), "limited");
  assertEquals(await linesOf(kv), [`${DAY} 50,401,,`]);
});

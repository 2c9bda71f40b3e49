import { createRecorder } from "../../../data/metrics/recorder.ts";
import { openKv } from "../../../kv/opened_kv.ts";
import { stageSegmentAdded } from "../../../kv/series/segment_counts.ts";
import { stageLine } from "../../../kv/jobs/due.ts";
import { deliveryAccount } from "../../../kv/jobs/lanes.ts";
import { stageCounts } from "../../../kv/jobs/accounts.ts";
import { createStoredFigures } from "../../../routes/metrics/stored_figures.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const NOW_MS = Date.UTC(2026, 0, 1);

/** A database that counts the entries that are read. */
function counting(kv: Deno.Kv) {
  let entries = 0, lists = 0;
  const list: Deno.Kv["list"] = (selector, options) => {
    lists++;
    const found = kv.list(selector, options);
    const next = found.next.bind(found);
    // deno-lint-ignore no-explicit-any
    const counted: any = {
      cursor: "",
      async next() {
        const result = await next();
        if (!result.done) entries++;
        return result;
      },
      [Symbol.asyncIterator]: () => counted,
    };
    return counted;
  };
  return { kv: { list }, count: () => ({ entries, lists }) };
}

async function commit(
  kv: Deno.Kv,
  count: number,
  stage: (op: Deno.AtomicOperation, index: number) => void,
) {
  for (let at = 0; at < count; at += 200) {
    const op = kv.atomic();
    for (let index = at; index < Math.min(count, at + 200); index++) stage(op, index);
    await op.commit();
  }
}

Deno.test("a look reads a thousand entries of each figure at most, and later looks complete the sums", async () => {
  await using opened = await openKv(":memory:");
  const { kv } = opened;
  await commit(kv, 2_500, (op, index) => {
    stageSegmentAdded(op, { profile: "battery", id: `device-${index}` });
    stageLine(op, {
      account: `key:${index % 7}`,
      atMs: NOW_MS - index * 1_000,
      id: `job-${index}`,
    });
    const to = { waiting: 1, running: 0, fileBytes: 10 };
    stageCounts(op, `key:${index}`, { from: { waiting: 0, running: 0, fileBytes: 0 }, to });
  });
  const record = createRecorder();
  const counted = counting(kv);
  const figures = createStoredFigures({
    kv: counted.kv,
    record,
    now: () => NOW_MS,
    log: () => {},
    isExporting: true,
    keptMs: 0,
  });
  const value = (name: Parameters<typeof record.samples>[0]) => record.samples(name)[0]?.value;
  for (let look = 1; look <= 5; look++) {
    const before = counted.count();
    await figures.refresh();
    const { entries, lists } = counted.count();
    assert(entries - before.entries <= 3_000, `${entries - before.entries} entries`);
    assertEquals(lists - before.lists, 4);
    // 2,500 segment counts and jobs need three looks, 5,000 counts of accounts need six.
    assertEquals(value("openwatts_segments_waiting"), look < 3 ? undefined : 2_500, `look ${look}`);
    assertEquals(value("openwatts_jobs_waiting"), look < 3 ? undefined : 2_500);
  }
  assertEquals(value("openwatts_series_unfolded"), 2_500);
  assertEquals(value("openwatts_job_oldest_wait_seconds"), 2_499);
  await figures.refresh();
  assertEquals(value("openwatts_file_bytes"), 25_000);
  assertEquals(value("openwatts_database_up"), 1);
});

Deno.test("deliveries that wait count for their own lane", async () => {
  await using opened = await openKv(":memory:");
  const { kv } = opened;
  const op = kv.atomic();
  stageLine(op, { account: deliveryAccount("webhook:1"), atMs: NOW_MS - 5_000, id: "a" });
  stageLine(op, { account: "key:1", atMs: NOW_MS - 2_000, id: "b" });
  await op.commit();
  const record = createRecorder();
  const deps = { kv, record, now: () => NOW_MS, log: () => {}, isExporting: false };
  await createStoredFigures(deps).refresh();
  assertEquals(record.samples("openwatts_jobs_waiting"), [
    { labels: ["main"], value: 1 },
    { labels: ["delivery"], value: 1 },
  ]);
  assertEquals(record.samples("openwatts_job_oldest_wait_seconds").map(({ value }) => value), [
    2,
    5,
  ]);
});

Deno.test("many who ask at once or soon after one another cost one look", async () => {
  await using opened = await openKv(":memory:");
  const counted = counting(opened.kv);
  let nowMs = NOW_MS;
  const record = createRecorder();
  const figures = createStoredFigures({
    kv: counted.kv,
    record,
    now: () => nowMs,
    log: () => {},
    isExporting: false,
  });
  await Promise.all([figures.refresh(), figures.refresh(), figures.refresh()]);
  nowMs += 9_999;
  await figures.refresh();
  assertEquals(counted.count().lists, 3);
  nowMs += 1;
  await figures.refresh();
  assertEquals(counted.count().lists, 6);
});

Deno.test("while the database is away the last figures stay, and the metrics say so", async () => {
  await using opened = await openKv(":memory:");
  const { kv } = opened;
  const op = kv.atomic();
  stageSegmentAdded(op, { profile: "battery", id: "a" });
  await op.commit();
  let isAway = false;
  const list: Deno.Kv["list"] = (selector, options) => {
    if (isAway) throw new TypeError("error sending request");
    return kv.list(selector, options);
  };
  const record = createRecorder();
  const events: string[] = [];
  const log = (_level: string, event: string) => void events.push(event);
  const figures = createStoredFigures({
    kv: { list },
    record,
    now: () => NOW_MS,
    log,
    isExporting: false,
    keptMs: 0,
  });
  await figures.refresh();
  isAway = true;
  await figures.refresh();
  assertEquals(record.samples("openwatts_database_up")[0].value, 0);
  assertEquals(record.samples("openwatts_segments_waiting")[0].value, 1);
  assertEquals(events, ["figures not read"]);
});

Deno.test("a scrape does not wait for a database that does not answer, and one read waits for all", async () => {
  await using opened = await openKv(":memory:");
  const { kv } = opened;
  const op = kv.atomic();
  stageSegmentAdded(op, { profile: "battery", id: "a" });
  await op.commit();
  const { promise: back, resolve } = Promise.withResolvers<void>();
  let lists = 0;
  const list: Deno.Kv["list"] = (selector, options) => {
    lists++;
    const found = kv.list(selector, options);
    const next = found.next.bind(found);
    // deno-lint-ignore no-explicit-any
    const waiting: any = {
      cursor: "",
      next: () => back.then(next),
      [Symbol.asyncIterator]: () => waiting,
    };
    return waiting;
  };
  const record = createRecorder();
  const events: string[] = [];
  const figures = createStoredFigures({
    kv: { list },
    record,
    now: () => NOW_MS,
    log: (_level, event) => void events.push(event),
    isExporting: false,
    keptMs: 0,
    waitMs: 1,
  });
  await figures.refresh();
  await figures.refresh();
  assertEquals(record.samples("openwatts_database_up")[0].value, 0);
  assertEquals([events, lists], [["figures not read", "figures not read"], 1]);
  resolve();
  // The read that waited ends now, after which a look finds what is stored.
  while (record.samples("openwatts_database_up")[0].value === 0) await figures.refresh();
  assertEquals(record.samples("openwatts_segments_waiting")[0].value, 1);
});

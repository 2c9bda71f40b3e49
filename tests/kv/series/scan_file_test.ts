import { openDatabaseFile } from "../../../kv/database_file.ts";
import { openKv } from "../../../kv/opened_kv.ts";
import { createIngest } from "../../../kv/series/ingest.ts";
import { decodeLatest } from "../../../kv/series/latest_page.ts";
import { packedAt } from "../../../kv/series/packed_batch.ts";
import type { ScanOptions } from "../../../kv/series/scan.ts";
import {
  fileExtent,
  type FileSource,
  findUnfolded,
  listFileSeries,
  scanFile,
} from "../../../kv/series/scan_file.ts";
import { createSeriesStore, type SeriesStore } from "../../../kv/series/store.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import { pageOf, type Row } from "../../support/pages.ts";
import {
  DAY,
  DAY_MS,
  linesOf as pageLines,
  scanLines,
  tickingClock,
} from "../../support/series.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const HOUR_MS = 3_600_000;
const SPAN = { fromMs: DAY, toMs: DAY + DAY_MS };

async function openRig() {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await makeTempFolder());
  const opened = stack.use(await openKv(`${folder.path}/kv.sqlite3`));
  const { kv } = opened;
  const series = createSeriesStore({ kv, now: tickingClock() });
  const ingest = createIngest({ ...opened, writer: "w" });
  stack.defer(() => ingest.stop());
  const owned = stack.move();
  const add = (id: string, ...rows: Row[]) => ingest.add(site(id), pageOf(rows));

  /** Opens the file. `between` happens after the series with segments were found. */
  async function open(between = async () => {}): Promise<FileSource & Disposable> {
    const unfolded = await findUnfolded(kv, "site", 100);
    assert(unfolded !== null);
    await between();
    const file = openDatabaseFile(opened.databasePath!);
    return {
      file,
      unfolded,
      readUnfolded: (id, span) => series.withPrevious(site(id), span),
      [Symbol.dispose]: () => file[Symbol.dispose](),
    };
  }
  return { kv, series, add, open, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function site(id: string) {
  return { profile: "site", id } as const;
}

/** What a scan finds. `between` happens after the series are listed. */
async function linesOf(
  source: FileSource,
  options: Omit<ScanOptions, "signal"> = SPAN,
  between = async () => {},
) {
  const lines = new Map<string, readonly string[]>();
  const series = await listFileSeries(source, "site");
  await between();
  const scan = scanFile(source, "site", { ...options, series, signal: never });
  for await (const batch of scan) {
    for (const [index, id] of batch.ids.entries()) {
      const page = decodeLatest(site(id), packedAt(batch, index), options);
      if (page.timesMs.length > 0) lines.set(id, pageLines(page));
    }
  }
  return lines;
}

async function writeSome(series: SeriesStore): Promise<void> {
  const ids = Array.from({ length: 250 }, (_, index) => `s${String(index).padStart(3, "0")}`);
  await series.writeMany(
    "site",
    ids,
    (index) =>
      pageOf(Array.from({ length: 30 }, (_, row): Row => [
        DAY - 12 * HOUR_MS + (row * 73 + index) * 60_000,
        String(row % 2),
      ])),
  );
  await series.remove(site("s100"));
  await series.write(site("late"), pageOf([[DAY + DAY_MS, "1"]]));
  await series.write(site("old"), pageOf([[DAY - 40 * DAY_MS, "1"]]));
}

const S_000_TO_004 = ["s000", "s001", "s002", "s003", "s004"];

Deno.test("a scan of a file finds what a scan of the database finds, segments too", async () => {
  await using rig = await openRig();
  const { series, add } = rig;
  await writeSome(series);
  await add("s007", [DAY + 5 * HOUR_MS, "1"], [DAY - 3, "0"]);
  await add("a-new", [DAY + 1, "1"]);
  await add("z-new", [DAY + 2, "1"]);
  // More blocks than other series have, so it is not read together with them.
  const often = Array.from({ length: 8_000 }, (_, row): Row => [DAY + (row - 4_000) * 20_000, "1"]);
  await series.write(site("often"), pageOf(often));
  using source = await rig.open();
  const expected = await scanLines(series, "site", SPAN);
  assertEquals(await linesOf(source), expected);
  assertEquals(expected.size, 253);
  const listed = await listFileSeries(source, "site");
  assertEquals(fileExtent(source, listed), await series.extent("site"));
  const wants = (id: string) => id < "s005" || id === "z-new";
  const few = await linesOf(source, { ...SPAN, wants });
  assertEquals([...few.keys()], ["a-new", "often", "old", ...S_000_TO_004, "z-new"]);
});

Deno.test("of too many series with segments, none is described", async () => {
  await using rig = await openRig();
  for (const id of ["a", "b", "c"]) await rig.add(id, [DAY, "1"]);
  let gets = 0;
  const kv: Pick<Deno.Kv, "get" | "list"> = {
    get(...args) {
      gets++;
      return rig.kv.get(...args);
    },
    list: (...args) => rig.kv.list(...args),
  };
  assertEquals(await findUnfolded(kv, "site", 3), null);
  assertEquals(gets, 0);
  const found = await findUnfolded(kv, "site", 4);
  assertEquals(found, ["a", "b", "c"].map((id) => ({ id, lastMs: DAY })));
  assert(gets > 0);
});

Deno.test("a scan of a file misses nothing that was there before, whatever is folded when", async () => {
  await using rig = await openRig();
  const { series, add } = rig;
  await writeSome(series);
  await add("s007", [DAY + 5 * HOUR_MS, "1"]);
  await add("s008", [DAY + 6 * HOUR_MS, "1"]);
  await add("fresh", [DAY + 7 * HOUR_MS, "1"]);
  const before = await scanLines(series, "site", SPAN);
  // Folds before the file is opened, after that, and after its heads were listed.
  using source = await rig.open(async () => {
    await series.fold(site("s007"));
    await series.fold(site("fresh"));
  });
  await series.fold(site("s008"));
  assertEquals(await linesOf(source), before);
});

Deno.test("a scan of a file shows series that change after their heads were listed as they are in the database", async () => {
  await using rig = await openRig();
  const { series, add } = rig;
  await writeSome(series);
  using source = await rig.open();
  const asked: string[] = [];
  const watched: FileSource = {
    ...source,
    readUnfolded(id, span) {
      asked.push(id);
      return source.readUnfolded(id, span);
    },
  };
  const lines = await linesOf(watched, SPAN, async () => {
    await series.write(site("s200"), pageOf([[DAY + 9 * HOUR_MS + 1, "0"]]));
    await series.remove(site("s201"));
    // Of these polls, the file has only what is folded.
    await add("s202", [DAY + 9 * HOUR_MS + 1, "1"]);
    await series.fold(site("s202"));
    await add("s202", [DAY + 9 * HOUR_MS + 2, "0"]);
  });
  assertEquals(asked, ["s200", "s201", "s202"]);
  const now = await scanLines(series, "site", SPAN);
  assertEquals(lines, now);
  assertEquals(now.has("s201"), false);
});

Deno.test("a scan of a file finds all of a series or nothing if it is removed while its blocks are read", async () => {
  await using rig = await openRig();
  const { series } = rig;
  const days = Array.from({ length: 40 }, (_, day): Row => [DAY + day * DAY_MS, "1"]);
  await series.write(site("long"), pageOf(days));
  await series.write(site("other"), pageOf(days));
  const span = { fromMs: DAY, toMs: DAY + 40 * DAY_MS };
  using source = await rig.open();
  let reads = 0;
  const interrupted: FileSource = {
    ...source,
    file: {
      ...source.file,
      list<T>(selector: Deno.KvListSelector, options?: Deno.KvListOptions) {
        const entries = source.file.list<T>(selector, options);
        if (options?.reverse !== true || ++reads > 1) return entries;
        // The first blocks of the first series are read before it is removed, and the others after that.
        return (async function* () {
          for (let block = 0; block < 16; block++) {
            const { value } = await entries.next();
            if (value !== undefined) yield value;
          }
          await series.remove(site("long"));
          yield* entries;
        })() as unknown as Deno.KvListIterator<T>;
      },
    },
  };
  const lines = await linesOf(interrupted, span);
  assertEquals([...lines].map(([id, { length }]) => [id, length]), [["other", 40]]);
});

Deno.test("while a file is scanned, others have turns, and the file is closed for them", async () => {
  await using rig = await openRig();
  const { series } = rig;
  await writeSome(series);
  using source = await rig.open();
  let turns = 0, rests = 0;
  const timer = setInterval(() => turns++, 0);
  const resting: FileSource = {
    ...source,
    file: {
      ...source.file,
      rest() {
        rests++;
        source.file.rest();
      },
    },
  };
  await new Promise((resolve) => setTimeout(resolve, 5));
  turns = 0;
  await linesOf(resting);
  clearInterval(timer);
  // One for each batch of 100 series.
  assertEquals(rests, 3);
  assert(turns > 0);
});

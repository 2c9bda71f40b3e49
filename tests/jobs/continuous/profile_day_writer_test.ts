import { PROFILES } from "../../../data/readings/profile.ts";
import { parquetReadObjects } from "hyparquet";
import { openFolderDestination } from "../../../data/continuous/folder_destination.ts";
import type { KeyStyle } from "../../../data/continuous/object_key.ts";
import { openS3Destination } from "../../../data/continuous/s3_destination.ts";
import { openWindowEncoder } from "../../../data/continuous/window_encoder.ts";
import type { Page } from "../../../data/readings/page.ts";
import {
  type ProfileDayDeps,
  writeProfileDay,
} from "../../../jobs/continuous/profile_day_writer.ts";
import { getProfileDay, listDirtyDays, stageMember } from "../../../kv/continuous/profile_days.ts";
import { openKv } from "../../../kv/opened_kv.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";
import { createMemoryDestination } from "../../support/continuous_rig.ts";
import { listFiles } from "../../support/continuous_service.ts";
import { startS3Double } from "../../support/s3_double.ts";
import { openS3Box } from "../../support/s3_server.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const DAY = { profile: "battery", dayMs: Date.UTC(2026, 1, 7) };
const MINUTES = 1_440;

/** A reading a minute, whose values hardly compress. */
function dayOfMinutes(device: number): Page {
  const column = (scale: number, factor: number) => ({
    scale,
    values: Float64Array.from({ length: MINUTES }, (_, row) => ((row + device) * factor) % 99_991),
  });
  return {
    timesMs: Float64Array.from({ length: MINUTES }, (_, row) => DAY.dayMs + row * 60_000),
    columns: [column(1, 7_919), column(2, 104_729), column(3, 1_299_709), column(1, 15_485_863)],
  };
}

/** Devices `D000` and so on, all of them pending members. `reads` counts the devices that were read. */
async function openDay(count: number, format: KeyStyle["format"]) {
  const opened = await openKv(":memory:");
  const { kv } = opened;
  const ids = Array.from({ length: count }, (_, device) => `D${String(device).padStart(3, "0")}`);
  for (const id of ids.toReversed()) {
    const op = kv.atomic();
    const change = { ...DAY, state: "pending", isInObject: false, rows: MINUTES } as const;
    stageMember(op, id, { ...change, nowMs: 5 });
    await op.commit();
  }
  const reads = { count: 0 };
  const style = { prefix: "", layout: "plain", format } as const;
  const deps: Omit<ProfileDayDeps, "destination"> = {
    kv,
    source: {
      async *read(id) {
        reads.count++;
        const part = { profile: PROFILES.battery, deviceType: null, location: null } as const;
        yield await Promise.resolve({ ...part, page: dayOfMinutes(Number(id.slice(1))) });
      },
    },
    isSourceComplete: true,
    encoder: await openWindowEncoder(style),
    style,
    now: () => 1_000,
  };
  const [dirty] = await listDirtyDays(kv);
  return { deps, dirty, reads, kv, [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
}

for (const format of ["parquet", "csv"] as const) {
  Deno.test(`of a day of many devices as ${format}, a few devices at a time are in memory`, async () => {
    await using day = await openDay(60, format);
    const leads: number[] = [];
    let sizeBytes = 0, readBefore = 0;
    const destination: ProfileDayDeps["destination"] = {
      ...createMemoryDestination(),
      async putStream(_key, { body }) {
        for await (const chunk of body) {
          leads.push(day.reads.count - readBefore);
          readBefore = day.reads.count;
          sizeBytes += chunk.length;
        }
        return { sizeBytes, sha256: "" };
      },
    };
    await writeProfileDay({ ...day.deps, destination }, day.dirty, never);
    assertEquals(readBefore, 60);
    // Read since the chunk before: 12 devices are 16,384 rows of Parquet, and one or two are on their way.
    const most = format === "csv" ? 3 : 14;
    assert(Math.max(...leads) <= most, String(Math.max(...leads)));
    assert(sizeBytes > 60 * MINUTES, String(sizeBytes));
    assertEquals(await listDirtyDays(day.kv), []);
  });

  Deno.test(`a folder and a bucket get the same file of a day as ${format}, which has every reading`, async () => {
    await using day = await openDay(40, format);
    await using folder = await makeTempFolder();
    await using server = startS3Double();
    const { client } = await openS3Box(server);
    const key = `profile=battery/date=2026/02/07/day.${format}`;
    const partBytes = 262_144;
    const toFolder = openFolderDestination(folder.path);
    await writeProfileDay({ ...day.deps, destination: toFolder }, day.dirty, never);
    const inFolder = await Deno.readFile(`${folder.path}/${key}`);
    assertEquals(await listFiles(folder.path), [key]);
    const { value } = await getProfileDay(day.kv, DAY);
    assertEquals([value?.rows, value?.sizeBytes], [40 * MINUTES, inFolder.length]);
    // Longer than a part.
    assert(inFolder.length > partBytes, String(inFolder.length));
    const toBucket = openS3Destination({ client, prefix: "", partBytes });
    await writeProfileDay({ ...day.deps, destination: toBucket }, day.dirty, never);
    const inBucket = await new Response(await client.get(key, { signal: never })).bytes();
    assertEquals(inBucket, inFolder);
    // The same bytes are no new revision.
    assertEquals((await getProfileDay(day.kv, DAY)).value?.revision, 1);
    const texts = format === "csv"
      ? new TextDecoder().decode(inFolder).split("\n").slice(1, -1).map((line) =>
        line.split(",").slice(0, 2).join()
      )
      : (await parquetReadObjects({
        file: inFolder.buffer,
        columns: ["timestamp", "device_id"],
      })).map((row) => `${row.timestamp.toISOString().replace(".000", "")},${row.device_id}`);
    assertEquals(texts.length, 40 * MINUTES);
    const byDevice = texts.map((text) => text.split(",").toReversed().join());
    assertEquals(byDevice, byDevice.toSorted());
    assertEquals(new Set(texts).size, texts.length);
  });
}

Deno.test("a day whose source fails in the middle keeps its object, and stays outdated", async () => {
  await using day = await openDay(5, "csv");
  const destination = createMemoryDestination();
  const { read } = day.deps.source;
  const failing: ProfileDayDeps["source"] = {
    async *read(id, span, signal) {
      if (id === "D003") throw new Error("away");
      yield* read(id, span, signal);
    },
  };
  const deps = { ...day.deps, destination };
  await writeProfileDay(deps, day.dirty, never);
  const before = [...destination.objects];
  const op = day.kv.atomic();
  const change = { ...DAY, state: "leaving", isInObject: true, rows: 0, nowMs: 9 } as const;
  stageMember(op, "D001", change);
  await op.commit();
  const [dirty] = await listDirtyDays(day.kv);
  await assertRejects(
    () => writeProfileDay({ ...deps, source: failing }, dirty, never),
    Error,
    "away",
  );
  assertEquals([...destination.objects], before);
  assertEquals((await listDirtyDays(day.kv)).length, 1);
  await writeProfileDay(deps, dirty, never);
  const [text] = destination.objects.values();
  assertEquals(text.includes("D001"), false);
  assertEquals((await getProfileDay(day.kv, DAY)).value?.revision, 2);
});

Deno.test("readings of another profile, which a device has since its own were removed, are not in the object", async () => {
  await using day = await openDay(3, "csv");
  const destination = createMemoryDestination();
  const { read } = day.deps.source;
  const source: ProfileDayDeps["source"] = {
    async *read(id, span, signal) {
      for await (const part of read(id, span, signal)) {
        yield id === "D001" ? { ...part, profile: PROFILES.appliance } : part;
      }
    },
  };
  await writeProfileDay({ ...day.deps, source, destination }, day.dirty, never);
  const [text] = destination.objects.values();
  assertEquals(["D000", "D001", "D002"].map((id) => text.includes(id)), [true, false, true]);
});

import { openFolderDestination } from "../../../data/continuous/folder_destination.ts";
import type { KeyStyle } from "../../../data/continuous/object_key.ts";
import { openDiskFileStore } from "../../../data/files/disk.ts";
import { claimed, completed, newJob } from "../../../jobs/engine/transitions.ts";
import { stageManifest } from "../../../kv/continuous/manifests.ts";
import { stageJob } from "../../../kv/jobs/jobs.ts";
import { beginRemoval, purgeSeries } from "../../../kv/series/remove.ts";
import { createSeriesStore } from "../../../kv/series/store.ts";
import { stageSegment } from "../../../kv/series/segments.ts";
import type { Finding } from "../../../kv/verify/findings.ts";
import { verify } from "../../../kv/verify/verify.ts";
import { encodePage } from "../../../data/readings/page_encoder.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { ALL, DAY, DAY_MS, gridPage, METER } from "../../support/series.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const HOUR_MS = 3_600_000;
const { signal } = new AbortController();
const BLOCK = ["block", "meter", METER.id, DAY + DAY_MS];
const HEAD = ["series", "meter", METER.id];
const SEGMENT = ["segment", "battery", "d1", "w", 1];
const OBJECT = "profile=battery/date=2024-03-30/device_id=d1/export_000000.csv";
const SHARED = "profile=battery/date=2024-03-31/day.csv";
/** `printf hello | sha256sum` */
const HELLO = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

interface Box extends AsyncDisposable {
  readonly kv: Deno.Kv;
  readonly folder: string;
  readonly run: (repairMs?: number | null) => ReturnType<typeof verify>;
}

Deno.test("nothing is wrong with a sound database, and everything in it is checked", async () => {
  await using box = await soundBox();
  const result = await box.run();
  assertEquals(result.findings, []);
  assertEquals(result.checked, { series: 1, blocks: 3, segments: 1, files: 2, objects: 2 });
});

/** What is damaged, and what is found then. */
const DAMAGES: Record<string, [(box: Box) => Promise<unknown>, Partial<Finding>]> = {
  "a block that is cut short": [
    ({ kv }) => change(kv, BLOCK, (bytes) => bytes.slice(0, 50)),
    { check: "block", profile: "meter", id: METER.id, day: "2024-03-31" },
  ],
  "a block whose times do not ascend": [
    ({ kv }) =>
      change(kv, BLOCK, (bytes) => (new DataView(bytes.buffer).setFloat64(16, 0, true), bytes)),
    { check: "block", day: "2024-03-31" },
  ],
  "a head with another count": [
    ({ kv }) => changeHead(kv, { count: 71 }),
    { check: "head", profile: "meter", id: METER.id },
  ],
  "a head with another end": [({ kv }) => changeHead(kv, { lastMs: DAY }), { check: "head" }],
  "a head without blocks": [
    async ({ kv }) => {
      for await (const { key } of kv.list({ prefix: ["block"] })) await kv.delete(key);
    },
    { check: "head" },
  ],
  "blocks without a head": [({ kv }) => kv.delete(HEAD), { check: "head", id: METER.id }],
  "a block that is gone": [({ kv }) => kv.delete(BLOCK), { check: "head" }],
  "a damaged segment": [
    ({ kv }) => kv.set(SEGMENT, Uint8Array.of(1, 2, 3)),
    { check: "segment", profile: "battery", id: "d1" },
  ],
  "a file that is gone": [
    ({ folder }) => Deno.remove(`${folder}/files/j1.1`),
    { check: "file", name: "j1.1", detail: "The file of job j1 is missing: j1.1" },
  ],
  "a file that is shorter": [
    ({ folder }) => Deno.writeTextFile(`${folder}/files/j1.1`, "hell"),
    { check: "file", name: "j1.1", detail: "The file of job j1 has 4 bytes instead of 5: j1.1" },
  ],
  "a file with another byte": [
    ({ folder }) => Deno.writeTextFile(`${folder}/files/j1.1`, "hallo"),
    { check: "file", name: "j1.1" },
  ],
  "a file beside it that is gone": [
    ({ folder }) => Deno.remove(`${folder}/files/j1.1.gaps`),
    { check: "file", name: "j1.1.gaps" },
  ],
  "an object of a window that is gone": [
    ({ folder }) => Deno.remove(`${folder}/lake/${OBJECT}`),
    { check: "object", id: "d1", day: "2024-03-30", name: OBJECT },
  ],
  "an object of a day that is gone": [
    ({ folder }) => Deno.remove(`${folder}/lake/${SHARED}`),
    { check: "object", day: "2024-03-31", name: SHARED },
  ],
};

for (const [name, [damage, expected]] of Object.entries(DAMAGES)) {
  Deno.test(`verify finds ${name}, and nothing else`, async () => {
    await using box = await soundBox();
    await damage(box);
    const { findings } = await box.run();
    assertEquals(findings.length, 1, JSON.stringify(findings));
    const [finding] = findings;
    for (const [field, value] of Object.entries({ ...expected, isRepaired: false })) {
      assertEquals(finding[field as keyof Finding], value, field);
    }
  });
}

Deno.test("a repair sets damaged readings aside, corrects heads, and leaves nothing wrong", async () => {
  await using box = await soundBox();
  const { kv } = box;
  const damaged = Uint8Array.of(1, 2, 3);
  await kv.set(BLOCK, damaged);
  await kv.set(SEGMENT, damaged);
  const { findings, setAside } = await box.run(99);
  assertEquals(findings.map(({ check, isRepaired }) => [check, isRepaired]), [
    ["segment", true],
    ["block", true],
  ]);
  assertEquals(setAside, 2);
  for (const key of [BLOCK, SEGMENT]) {
    assertEquals((await kv.get(key)).value, null);
    assertEquals((await kv.get(["set_aside", 99, ...key])).value, damaged);
  }
  const again = await box.run();
  assertEquals([again.findings, again.setAside], [[], 2]);
  const store = createSeriesStore({ kv, now: Date.now });
  let count = 0;
  for await (const { timesMs } of store.read(METER, ALL, signal)) count += timesMs.length;
  assertEquals([count, (await store.describe(METER))?.count], [48, 48]);
  // It can be written again.
  await store.write(METER, gridPage({ fromMs: DAY + DAY_MS, stepMs: HOUR_MS, count: 24 }));
  assertEquals((await store.describe(METER))?.count, 72);
});

Deno.test("a repair of a series that has only damaged blocks, or no head, leaves it consistent", async () => {
  await using box = await soundBox();
  const { kv } = box;
  for await (const { key } of kv.list({ prefix: ["block"] })) await kv.set(key, new Uint8Array());
  await box.run(1);
  assertEquals((await box.run()).findings, []);
  const store = createSeriesStore({ kv, now: Date.now });
  assertEquals(await store.describe(METER), null);
  await store.write(METER, gridPage({ fromMs: DAY, stepMs: HOUR_MS, count: 5 }));
  await kv.delete(HEAD);
  await box.run(2);
  assertEquals((await box.run()).findings, []);
  assertEquals((await store.describe(METER))?.count, 5);
});

Deno.test("a repair leaves a series alone that is being removed, and its removal still ends it", async () => {
  await using box = await soundBox();
  const { kv } = box;
  assert(await beginRemoval(kv, METER, { nowMs: 5 }));
  await kv.set(BLOCK, Uint8Array.of(1, 2, 3));
  assertEquals((await box.run(99)).findings, []);
  const store = createSeriesStore({ kv, now: Date.now });
  assertEquals(await store.describe(METER), null);
  await purgeSeries(kv, METER);
  assertEquals(await Array.fromAsync(kv.list({ prefix: ["block"] })), []);
  assertEquals((await box.run()).findings, []);
});

Deno.test("a repair leaves what readers can decode, and says what is wrong with it", async () => {
  await using box = await soundBox();
  const { kv } = box;
  await change(kv, BLOCK, (bytes) => (new DataView(bytes.buffer).setFloat64(16, 0, true), bytes));
  await kv.set(SEGMENT, encodePage(gridPage({ fromMs: DAY, stepMs: 1_000, count: 0 })));
  const [head, block, segment] = await kv.getMany([HEAD, BLOCK, SEGMENT]);
  const expected = [
    ["A segment of 'd1' (profile battery) has no readings", false],
    [
      `The readings of 2024-03-31 (UTC) of '${METER.id}' (profile meter) can be read, ` +
      "but their times are not in order",
      false,
    ],
  ];
  const { findings, setAside } = await box.run(99);
  assertEquals(findings.map(({ detail, isRepaired }) => [detail, isRepaired]), expected);
  assertEquals(setAside, 0);
  assertEquals(await kv.getMany([HEAD, BLOCK, SEGMENT]), [head, block, segment]);
});

Deno.test("a file whose time is over may be gone, and must be right if it is there", async () => {
  await using box = await soundBox({ fileExpiresMs: 5_000 });
  await Deno.remove(`${box.folder}/files/j1.1`);
  assertEquals((await box.run(4_999)).findings.map(({ name }) => name), ["j1.1"]);
  assertEquals((await box.run(5_000)).findings, []);
  await Deno.writeTextFile(`${box.folder}/files/j1.1`, "hell");
  assertEquals((await box.run(5_000)).findings.map(({ name }) => name), ["j1.1"]);
});

/** A database with three days of hours, a segment, a job with two files, and two exported objects. */
async function soundBox({ fileExpiresMs = 9e15 } = {}): Promise<Box> {
  const temp = await makeTempFolder();
  const folder = temp.path;
  const kv = await Deno.openKv(":memory:");
  const files = await openDiskFileStore(`${folder}/files`);
  const destination = openFolderDestination(`${folder}/lake`);
  await createSeriesStore({ kv, now: Date.now })
    .write(METER, gridPage({ fromMs: DAY, stepMs: HOUR_MS, count: 72 }));
  const op = kv.atomic();
  const bytes = encodePage(gridPage({ fromMs: DAY, stepMs: 1_000, count: 2 }));
  stageSegment(op, { profile: "battery", id: "d1" }, { writer: "w", number: 1, bytes });
  const made = newJob({ id: "j1", kind: "export", params: {}, owner: "o", slot: null }, 0);
  const artifact = {
    name: "j1.1",
    filename: "a.csv",
    contentType: "text/csv",
    sizeBytes: 5,
    sha256: HELLO,
    sides: ["gaps"],
  };
  const ended = completed(claimed(made, "p", 0), 0, {
    artifact,
    result: null,
    fileExpiresMs,
  });
  stageJob(op, ended);
  const form = { layout: "hive", format: "csv", profile: "battery" } as const;
  const window = { rows: 1, fingerprint: [1, 2], revision: 1 } as const;
  stageManifest(op, "d1", { fromMs: DAY, windows: [{ ...window, fromMs: DAY, object: form }] });
  const shared = { ...window, fromMs: DAY + DAY_MS, object: { ...form, isShared: true } };
  stageManifest(op, "d1", { fromMs: DAY + DAY_MS, windows: [shared] });
  assert((await op.commit()).ok);
  for (const name of ["j1.1", "j1.1.gaps"]) {
    await Deno.writeTextFile(`${folder}/files/${name}`, "hello");
  }
  const object = { bytes: Uint8Array.of(1), contentType: "text/csv" };
  for (const key of [OBJECT, SHARED]) await destination.put(key, object, signal);
  const style: KeyStyle = { prefix: "", layout: "plain", format: "parquet" };
  return {
    kv,
    folder,
    run: (repairMs = null) =>
      verify({
        kv,
        files,
        objects: { destination, style },
        nowMs: repairMs ?? 0,
        isRepair: repairMs !== null,
        onProgress: () => {},
      }),
    async [Symbol.asyncDispose]() {
      kv.close();
      await temp[Symbol.asyncDispose]();
    },
  };
}

async function change(
  kv: Deno.Kv,
  key: Deno.KvKey,
  to: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
): Promise<void> {
  const { value } = await kv.get<Uint8Array<ArrayBuffer>>(key);
  assert(value !== null);
  await kv.set(key, to(value));
}

async function changeHead(kv: Deno.Kv, fields: Record<string, number>): Promise<void> {
  const { value } = await kv.get<Record<string, unknown>>(HEAD);
  assert(value !== null);
  await kv.set(HEAD, { ...value, ...fields });
}

import {
  type Due,
  type DueScan,
  listCrowd,
  listDue,
  listLine,
  openDueScan,
  stageDue,
  stageDueDelete,
  stageLine,
  stageTurn,
} from "../../../kv/jobs/due.ts";
import { assertEquals } from "../../support/assert.ts";
import { strictKv } from "../../support/strict_kv.ts";

async function kvWithDue(...entries: Due[]): Promise<Deno.Kv> {
  const kv = await Deno.openKv(":memory:");
  const op = kv.atomic();
  entries.forEach((due) => stageDue(op, due));
  await op.commit();
  return kv;
}

function wait(atMs: number, id = "j"): Due {
  return { atMs, kind: "job_wait", id };
}

Deno.test("listDue() returns entries up to and including a time, oldest first", async () => {
  using kv = await kvWithDue(wait(1_000), wait(9), wait(0), wait(1_001), wait(100));
  const due = await Array.fromAsync(listDue(kv, { upToMs: 1_000 }));
  assertEquals(due, [wait(0), wait(9), wait(100), wait(1_000)]);
  assertEquals(await Array.fromAsync(listDue(kv, { upToMs: -1 })), []);
});

Deno.test("entries with the same time differ by kind and id", async () => {
  const keep: Due = { atMs: 5, kind: "job_keep", id: "j" };
  const purge: Due = { atMs: 5, kind: "series_purge", id: "meter/m1" };
  using kv = await kvWithDue(purge, wait(5, "k"), keep, wait(5));
  const due = await Array.fromAsync(listDue(kv, { upToMs: 5 }));
  assertEquals(due, [keep, wait(5), wait(5, "k"), purge]);
});

Deno.test("an entry added twice is one entry, and is gone once deleted", async () => {
  using kv = await kvWithDue(wait(5), wait(5), wait(6));
  const op = kv.atomic();
  stageDueDelete(op, wait(5));
  await op.commit();
  assertEquals(await Array.fromAsync(listDue(kv, { upToMs: 10 })), [wait(6)]);
});

Deno.test("entries of a kind that only a newer version knows are skipped and stay", async () => {
  using kv = await kvWithDue(wait(5));
  await kv.set(["due", 4, "kind of a newer version", "d"], true);
  assertEquals(await Array.fromAsync(listDue(kv, { upToMs: 10 })), [wait(5)]);
  assertEquals((await kv.get(["due", 4, "kind of a newer version", "d"])).value, true);
});

Deno.test("listDue() costs one read if nothing is due, and one per batch of entries", async () => {
  const entries = Array.from({ length: 25 }, (_, atMs) => wait(atMs));
  using kv = strictKv(await kvWithDue(...entries));
  await Array.fromAsync(listDue(kv, { upToMs: -1 }));
  assertEquals(kv.reads(), 1);
  assertEquals((await Array.fromAsync(listDue(kv, { upToMs: 24, batchSize: 10 }))).length, 25);
  assertEquals(kv.reads(), 1 + 3);
});

Deno.test("a crowd has its own key range, which listDue() does not read", async () => {
  using kv = strictKv(await kvWithDue(wait(5)));
  const op = kv.atomic();
  const crowd = (atMs: number): Due<"device_offline"> => ({
    atMs,
    kind: "device_offline",
    id: "d",
  });
  for (let atMs = 0; atMs < 300; atMs++) stageDue(op, crowd(atMs));
  await op.commit();
  assertEquals(await Array.fromAsync(listDue(kv, { upToMs: 1_000 })), [wait(5)]);
  assertEquals(kv.reads(), 1);
  const some = (upToMs: number, limit = 10) => listCrowd(kv, "device_offline", { upToMs, limit });
  assertEquals(await some(2), [crowd(0), crowd(1), crowd(2)]);
  assertEquals((await some(1_000)).length, 10);
  assertEquals(await some(-1), []);
  const late = await listCrowd(kv, "device_offline", { fromMs: 298, upToMs: Infinity, limit: 10 });
  assertEquals(late, [crowd(298), crowd(299)]);
  const deletion = kv.atomic();
  stageDueDelete(deletion, crowd(0));
  await deletion.commit();
  assertEquals(await some(1), [crowd(1)]);
});

/** Every turn, and then what is due. */
async function scanned(scan: DueScan): Promise<unknown[]> {
  const found: unknown[] = [];
  for (let turn = await scan.nextTurn(); turn !== null; turn = await scan.nextTurn()) {
    found.push(turn);
  }
  return [...found, ...await Array.fromAsync(scan.due())];
}

Deno.test("a scan reads turns only as far as they are asked for, and then what is due", async () => {
  using kv = strictKv(await kvWithDue(wait(5), wait(7)));
  const op = kv.atomic();
  for (let turn = 0; turn < 800; turn++) stageTurn(op, { turn, account: "a" });
  await op.commit();
  const scan = openDueScan(kv, { upToMs: 6 });
  for (let turn = 0; turn < 4; turn++) {
    assertEquals(await scan.nextTurn(), { kind: "job_turn", turn, account: "a" });
  }
  assertEquals(await Array.fromAsync(scan.due()), [wait(5)]);
  assertEquals(kv.reads(), 2);
  assertEquals((await scanned(openDueScan(kv, { upToMs: 6 }))).length, 801);
});

Deno.test("one read finds the turns, the lowest first, and then what is due, but no lines", async () => {
  using kv = strictKv(await kvWithDue(wait(5), wait(7)));
  await scanned(openDueScan(kv, { upToMs: -1 }));
  assertEquals(kv.reads(), 1);
  const op = kv.atomic();
  for (const turn of [100, 9, 0]) stageTurn(op, { turn, account: `of ${turn}` });
  for (let atMs = 0; atMs < 300; atMs++) stageLine(op, { account: "of 9", atMs, id: "j" });
  await op.commit();
  assertEquals(await scanned(openDueScan(kv, { upToMs: 6 })), [
    { kind: "job_turn", turn: 0, account: "of 0" },
    { kind: "job_turn", turn: 9, account: "of 9" },
    { kind: "job_turn", turn: 100, account: "of 100" },
    wait(5),
  ]);
  assertEquals(kv.reads(), 2);
  assertEquals(await Array.fromAsync(openDueScan(kv, { upToMs: 6 }).due()), [wait(5)]);
  assertEquals(
    await listLine(kv, "of 9", 2),
    [0, 1].map((atMs) => ({ account: "of 9", atMs, id: "j" })),
  );
  assertEquals(await Array.fromAsync(listDue(kv, { upToMs: 6 })), [wait(5)]);
});

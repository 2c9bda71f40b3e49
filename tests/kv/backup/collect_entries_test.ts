import { collectEntries } from "../../../kv/backup/collect_entries.ts";
import { type EntryShelf, openEntryShelf } from "../../../kv/backup/entry_shelf.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

const SOURCE = "http://127.0.0.1:4512";
const QUICK = { onProgress: () => {}, mayGoOn: () => false };

Deno.test("all kinds of entries are collected, except leases, sessions and the pulse", async () => {
  await using folder = await makeTempFolder();
  using kv = await Deno.openKv(":memory:");
  const values: [Deno.KvKey, unknown][] = [
    [["block", "meter", "m1", 0], Uint8Array.of(1, 2)],
    [["job", "a"], { v: 1, bytes: Uint8Array.of(3), at: 5n, none: null }],
    [["revision", "meter", "m1"], new Deno.KvU64(7n)],
    [["segment", "meter", "m1", "w", 1], new Uint8Array()],
    [["webhook"], true],
  ];
  for (const [key, value] of values) await kv.set(key, value);
  await kv.set(["lease", "sweep"], 1);
  await kv.set(["session", "x"], 1);
  await kv.set(["pulse"], true);
  using shelf = openEntryShelf(`${folder.path}/shelf`, SOURCE);
  assert(await collectEntries(kv, shelf, QUICK));
  assertEquals(textsOf(shelf), values.map(([key]) => key.join("/")).toSorted());
  const found = new Map([...shelf.inOrder()].map((entry) => [entry.key.join("/"), entry]));
  for (const [key, value] of values) {
    const entry = found.get(key.join("/"));
    assertEquals(entry?.value, value);
    assertEquals(entry?.versionstamp, (await kv.get(key)).versionstamp);
  }
});

Deno.test("passes go on until nothing has changed between two of them", async () => {
  await using folder = await makeTempFolder();
  using kv = await Deno.openKv(":memory:");
  await kv.set(["job", "a"], 1);
  await kv.set(["job", "b"], 1);
  // After the first pass one entry changes, after the second one is deleted, and one is new.
  let lists = 0;
  const changing: Pick<Deno.Kv, "list"> = {
    list(...args) {
      lists++;
      return kv.list(...args);
    },
  };
  using shelf = openEntryShelf(`${folder.path}/shelf`, SOURCE);
  const passes: number[] = [];
  const isWhole = await collectEntries(changing, shelf, {
    async onProgress({ pass }) {
      passes.push(pass);
      if (pass === 1) await kv.set(["job", "a"], 2);
      if (pass === 2) await kv.atomic().delete(["job", "b"]).set(["job", "c"], 3).commit();
    },
    mayGoOn: (changes) => changes > 0,
  });
  assertEquals([isWhole, passes, lists], [true, [1, 2, 3, 4], 8]);
  assertEquals(textsOf(shelf), ["job/a", "job/c"]);
});

Deno.test("a shelf that an earlier call has left whole is read again: what has changed since is on it", async () => {
  await using folder = await makeTempFolder();
  using kv = await Deno.openKv(":memory:");
  await kv.set(["job", "a"], 1);
  await kv.set(["job", "b"], 1);
  const path = `${folder.path}/shelf`;
  {
    using shelf = openEntryShelf(path, SOURCE);
    assert(await collectEntries(kv, shelf, QUICK));
  }
  await kv.atomic().set(["job", "a"], 2).delete(["job", "b"]).set(["job", "c"], 1).commit();
  using shelf = openEntryShelf(path, SOURCE);
  assert(await collectEntries(kv, shelf, { ...QUICK, mayGoOn: () => true }));
  assertEquals([...shelf.inOrder()].map(({ key, value }) => [key[1], value]), [["a", 2], ["c", 1]]);
});

Deno.test("a pass that an earlier call began does not end the collecting", async () => {
  await using folder = await makeTempFolder();
  using kv = await Deno.openKv(":memory:");
  await kv.set(["job", "a"], 1);
  await kv.set(["job", "b"], 1);
  const path = `${folder.path}/shelf`;
  {
    using shelf = openEntryShelf(path, SOURCE);
    assert(await collectEntries(kv, shelf, QUICK));
    // Killed in the next pass, after it has seen the first entry.
    const { pass } = shelf.state();
    shelf.put(await entryOf(kv, ["job", "a"]), pass);
    shelf.save({ pass, part: 1, after: ["job", "a"], changes: 0 });
  }
  await kv.set(["job", "a"], 2);
  using shelf = openEntryShelf(path, SOURCE);
  assert(await collectEntries(kv, shelf, { ...QUICK, mayGoOn: () => true }));
  assertEquals([...shelf.inOrder()].map(({ value }) => value), [1, 2]);
});

Deno.test("a shelf of another database begins anew", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/shelf`;
  using one = await Deno.openKv(":memory:");
  using other = await Deno.openKv(":memory:");
  await one.set(["job", "of one"], 1);
  await other.set(["job", "of the other"], 1);
  {
    using shelf = openEntryShelf(path, "http://one");
    assert(await collectEntries(one, shelf, QUICK));
  }
  {
    using shelf = openEntryShelf(path, "http://other");
    assertEquals([shelf.count(), shelf.state().pass], [0, 1]);
    assert(await collectEntries(other, shelf, QUICK));
  }
  using shelf = openEntryShelf(path, "http://other");
  assertEquals(textsOf(shelf), ["job/of the other"]);
});

Deno.test("a database that changes all the time is not collected, and the next call goes on", async () => {
  await using folder = await makeTempFolder();
  using kv = await Deno.openKv(":memory:");
  await kv.set(["job", "a"], 1);
  const path = `${folder.path}/shelf`;
  {
    using shelf = openEntryShelf(path, SOURCE);
    const onProgress = () => void kv.set(["job", "a"], crypto.randomUUID());
    assertEquals(await collectEntries(kv, shelf, { onProgress, mayGoOn: () => false }), false);
    assertEquals(shelf.state().pass, 3);
  }
  using shelf = openEntryShelf(path, SOURCE);
  assert(await collectEntries(kv, shelf, { ...QUICK, mayGoOn: () => true }));
});

Deno.test("what ingest adds meanwhile does not need another pass, and a fold does", async () => {
  await using folder = await makeTempFolder();
  using kv = await Deno.openKv(":memory:");
  const segment = ["segment", "battery", "d1", "w", 1];
  await kv.set(segment, Uint8Array.of(1));
  await kv.set(["block", "battery", "d1", 0], Uint8Array.of(1));
  using shelf = openEntryShelf(`${folder.path}/shelf`, SOURCE);
  let change = async () => {
    await kv.atomic().set(["segment", "battery", "d1", "w", 2], Uint8Array.of(2))
      .sum(["unfolded", "battery", "d1"], 1n).sum(["revision", "battery", "d1"], 1n)
      .set(["revised", "battery"], true).set(["changed", "battery", "d1", 0], true)
      .set(["beat", "d1", "w"], Uint8Array.of(1)).commit();
  };
  const during = (pass: number) => ({
    onProgress: async (progress: { pass: number }) => {
      if (progress.pass === pass) await change();
    },
    mayGoOn: () => false,
  });
  assert(await collectEntries(kv, shelf, during(1)));
  assertEquals(textsOf(shelf).filter((text) => text.startsWith("segment")).length, 2);

  change = async () => {
    await kv.atomic().delete(segment).set(["block", "battery", "d1", 0], Uint8Array.of(2)).commit();
  };
  using other = openEntryShelf(`${folder.path}/other`, SOURCE);
  assertEquals(await collectEntries(kv, other, during(1)), false);
  assert(await collectEntries(kv, other, QUICK));
});

Deno.test("the pulse of processes that write does not need another pass", async () => {
  await using folder = await makeTempFolder();
  using kv = await Deno.openKv(":memory:");
  await kv.set(["job", "a"], 1);
  using shelf = openEntryShelf(`${folder.path}/shelf`, SOURCE);
  const onProgress = () => void kv.set(["pulse"], true);
  assert(await collectEntries(kv, shelf, { onProgress, mayGoOn: () => false }));
});

Deno.test("a pass that breaks off goes on where it was", async () => {
  await using folder = await makeTempFolder();
  using kv = await Deno.openKv(":memory:");
  for (let at = 0; at < 5_000; at += 500) {
    const op = kv.atomic();
    for (let index = at; index < at + 500; index++) op.set(["job", index], index);
    await op.commit();
  }
  const path = `${folder.path}/shelf`;
  const starts: Deno.KvKey[] = [];
  let left = 4_500;
  const breaking: Pick<Deno.Kv, "list"> = {
    list<T>(selector: Deno.KvListSelector, options?: Deno.KvListOptions) {
      if ("start" in selector) starts.push(selector.start);
      const entries = kv.list<T>(selector, options);
      return (async function* () {
        for await (const entry of entries) {
          if (left-- === 0) throw new Error("The connection is lost");
          yield entry;
        }
      })() as unknown as Deno.KvListIterator<T>;
    },
  };
  {
    using shelf = openEntryShelf(path, SOURCE);
    await assertRejects(() => collectEntries(breaking, shelf, QUICK), Error, "lost");
  }
  left = Infinity;
  using shelf = openEntryShelf(path, SOURCE);
  assert(await collectEntries(breaking, shelf, QUICK));
  assertEquals(shelf.count(), 5_000);
  // The first pass went on after the 4,000 entries that were saved.
  assertEquals(starts[1], ["job", 3_999, new Uint8Array()]);
});

async function entryOf(kv: Deno.Kv, key: Deno.KvKey): Promise<Deno.KvEntry<unknown>> {
  const entry = await kv.get(key);
  assert(entry.versionstamp !== null);
  return entry;
}

function textsOf(shelf: EntryShelf): string[] {
  return [...shelf.inOrder()].map(({ key }) => key.join("/")).toSorted();
}

import { parseKey } from "../../../data/access/key_text.ts";
import type { AuditEvent } from "../../../data/audit/event.ts";
import { type KeyStore, openKeys } from "../../../kv/access/keys.ts";
import { startKeys } from "../../../kv/access/start_keys.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { storeKey } from "../../support/keys.ts";

const SETTING = `ow_admin_${"0123456789abcdef".repeat(4)}`;
const OTHER = `ow_other_${"0123456789abcdef".repeat(4)}`;

/** A database, its keys, and starts on it. */
interface Rig extends AsyncDisposable {
  readonly kv: Deno.Kv;
  readonly keys: KeyStore;
  readonly shown: string[];
  readonly audited: string[];
  later(ms: number): void;
  start(options?: {
    adminKey?: string;
    show?: (text: string) => unknown;
    isExclusive?: boolean;
    audit?: (event: AuditEvent) => void;
  }): Promise<void>;
  /** Whether the text of a key may do everything. */
  isAdmin(text: string): Promise<boolean>;
}

async function makeRig(): Promise<Rig> {
  const stack = new AsyncDisposableStack();
  const kv = await Deno.openKv(":memory:");
  stack.defer(() => kv.close());
  let nowMs = 1_000_000;
  const now = () => nowMs;
  const keys = stack.use(await openKeys({ kv, isExclusive: true, now }));
  const shown: string[] = [];
  const audited: string[] = [];
  return {
    kv,
    keys,
    shown,
    audited,
    later: (ms) => nowMs += ms,
    async start(
      { adminKey, show = (text: string) => shown.push(text), isExclusive = true, audit } = {},
    ) {
      await startKeys({
        kv,
        isExclusive,
        keys,
        now,
        adminKey: adminKey === undefined ? null : parseKey(adminKey),
        show: (text) => void show(text),
        audit: {
          record: (event) => {
            audited.push(`${event.action} ${event.subject?.id}`);
            audit?.(event);
            return Promise.resolve();
          },
        },
      });
    },
    async isAdmin(text) {
      const parts = parseKey(text);
      assert(parts !== null, text);
      const verified = await keys.verify(parts, "127.0.0.1");
      return "caller" in verified && verified.caller.scopes.has("admin");
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

Deno.test("the first start makes one admin key and shows it; later starts show none", async () => {
  await using rig = await makeRig();
  for (let round = 0; round < 3; round++) await rig.start();
  assertEquals(rig.shown.length, 1);
  assert(await rig.isAdmin(rig.shown[0]));
  const [{ id, origin }] = await rig.keys.list();
  assertEquals(origin, "first");
  assertEquals(rig.audited, [`key.create ${id}`]);
});

Deno.test("a key that was made but not shown is replaced at the next start, and does not count", async () => {
  await using rig = await makeRig();
  let lost = "";
  const breakOff = (text: string) => {
    lost = text;
    throw new Error("killed");
  };
  await assertRejects(() => rig.start({ show: breakOff }), Error, "killed");
  assertEquals((await rig.keys.list()).length, 1);
  await assertRejects(() => rig.start({ show: breakOff }), Error, "killed");
  await rig.start();
  assertEquals(rig.shown.length, 1);
  assert(await rig.isAdmin(rig.shown[0]));
  assertEquals(await rig.isAdmin(lost), false);
  await rig.start();
  assertEquals(rig.shown.length, 1);
  assertEquals((await rig.keys.list()).filter(({ revokedMs }) => revokedMs === null).length, 1);
});

Deno.test("a start that ends before it makes a key leaves the next one free to make it", async () => {
  await using rig = await makeRig();
  await rig.kv.set(["first_key"], { v: 1, isShown: false, atMs: 0 });
  await rig.start();
  assertEquals(rig.shown.length, 1);
});

Deno.test("a first key that has been used was seen, so it stays", async () => {
  await using rig = await makeRig();
  await rig.start();
  assert(await rig.isAdmin(rig.shown[0]));
  await rig.keys.flushUses();
  await rig.kv.set(["first_key"], { v: 1, isShown: false, atMs: 0 });
  await rig.start();
  assertEquals(rig.shown.length, 1);
  assert(await rig.isAdmin(rig.shown[0]));
});

Deno.test("keys without the scope admin do not keep the first key away, an admin does", async () => {
  await using rig = await makeRig();
  await storeKey(rig.kv, "gateway");
  await rig.start();
  assertEquals(rig.shown.length, 1);
  await using other = await makeRig();
  await storeKey(other.kv, "boss", { scopes: ["admin"] });
  await other.start();
  assertEquals(other.shown, []);
});

Deno.test("if no admin key counts any more, the next start shows another", async () => {
  await using rig = await makeRig();
  await rig.start();
  const [{ id }] = await rig.keys.list();
  await rig.keys.revoke(id, { isForced: true });
  await rig.start();
  assertEquals(rig.shown.length, 2);
  assert(await rig.isAdmin(rig.shown[1]));
});

Deno.test("ADMIN_KEY is the admin key in place of a first one, and is not shown", async () => {
  await using rig = await makeRig();
  for (let round = 0; round < 2; round++) await rig.start({ adminKey: SETTING });
  assertEquals(rig.shown, []);
  assert(await rig.isAdmin(SETTING));
  assertEquals(rig.audited, ["key.create admin"]);
});

Deno.test("another ADMIN_KEY ends the one before, and without it a first key is shown", async () => {
  await using rig = await makeRig();
  await rig.start({ adminKey: SETTING });
  await rig.start({ adminKey: OTHER });
  assertEquals([await rig.isAdmin(SETTING), await rig.isAdmin(OTHER)], [false, true]);
  // The same id with another secret.
  const changed = SETTING.replace("0123", "3210");
  await rig.start({ adminKey: changed });
  assertEquals([await rig.isAdmin(OTHER), await rig.isAdmin(changed)], [false, true]);
  assertEquals(await rig.isAdmin(SETTING), false);
  await rig.start();
  assertEquals(await rig.isAdmin(changed), false);
  assertEquals(rig.shown.length, 1);
  assert(await rig.isAdmin(rig.shown[0]));
});

Deno.test("over a shared database one of two starts shows a key, and it is the one that counts", async () => {
  await using rig = await makeRig();
  await Promise.all([rig.start({ isExclusive: false }), rig.start({ isExclusive: false })]);
  assertEquals(rig.shown.length, 1);
  assert(await rig.isAdmin(rig.shown[0]));
});

Deno.test("over a shared database a start waits ten seconds before it replaces a key of another", async () => {
  await using rig = await makeRig();
  const show = () => {
    throw new Error("killed");
  };
  await assertRejects(() => rig.start({ show, isExclusive: false }), Error, "killed");
  rig.later(9_999);
  await rig.start({ isExclusive: false });
  assertEquals(rig.shown, []);
  rig.later(1);
  await rig.start({ isExclusive: false });
  assertEquals(rig.shown.length, 1);
  assert(await rig.isAdmin(rig.shown[0]));
});

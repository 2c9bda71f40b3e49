import { lockFile, lockWithin } from "../../kv/file_lock.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

Deno.test("a file is locked once until the lock is disposed of", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/new/kv.sqlite3.lock`;
  {
    using lock = await lockFile(path);
    assert(lock !== null);
  }
  using again = await lockFile(path);
  assert(again !== null);
});

Deno.test("without tryLock(), a lock that another has is given up, and never held by itself", async () => {
  await using folder = await makeTempFolder();
  const path = `${folder.path}/kv.sqlite3.lock`;
  const open = () => Deno.open(path, { create: true, write: true });
  const first = await open(), second = await open();
  assertEquals(await lockWithin(first, 60_000), true);
  const waiting = Promise.withResolvers<void>();
  const locking = { lock: (isExclusive?: boolean) => waitFor(second.lock(isExclusive)) };
  function waitFor(locked: Promise<void>): Promise<void> {
    locked.then(waiting.resolve);
    return locked;
  }
  assertEquals(await lockWithin(locking, 20), false);
  second.close();
  first.close();
  // The call gets the lock now, on a file that is closed.
  await waiting.promise;
  using third = await open();
  assertEquals(await lockWithin(third, 60_000), true);
});

Deno.test("without tryLock(), a fault of the disk is thrown", async () => {
  const fault = new Error("no locks on this disk");
  let seen: unknown = null;
  await lockWithin({ lock: () => Promise.reject(fault) }, 60_000).catch((error) => seen = error);
  assertEquals(seen, fault);
});

import { assert, assertEquals } from "../support/assert.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson } from "../support/service.ts";
import { postStores } from "../support/stores.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS } from "../support/thorough.ts";

const STORES = 1_200;
/** Polls of each store, an hour apart: nine days, which fit one commit. */
const POLLS = 200;
const START_MS = Date.UTC(2023, 0, 18);
const IDS = Array.from({ length: STORES }, (_, index) => `store-${1_000 + index}`);

function statusCsv(): string {
  const lines = ["store_id,timestamp_utc,status"];
  for (let poll = 0; poll < POLLS; poll++) {
    const time = new Date(START_MS + poll * 3_600_000).toISOString();
    for (const id of IDS) lines.push(`${id},${time},${poll % 7 === 0 ? "inactive" : "active"}`);
  }
  return lines.join("\n");
}

/** Hours that start at the given hour every day. The days of a store are scattered over the file. */
function hoursCsv(hour: number): string {
  const start = `${String(hour).padStart(2, "0")}:00:00`;
  const rows = Array.from(
    { length: 7 },
    (_, day) => IDS.map((id) => `${id},${day},${start},23:00:00`),
  );
  return ["store_id,day,start,end", ...rows.flat()].join("\n");
}

Deno.test(`kill -9 during an upload of polls, ${FEWER_KILL_ROUNDS} rounds: a store has all polls or none, and sending again completes it`, async () => {
  await using folder = await makeTempFolder();
  const csv = statusCsv();
  let least = 0;
  for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
    await using service = await startProcess(folder.path, {});
    const count = await countPolls(service);
    assert(count >= least, `${least} polls were stored, but only ${count} are there`);
    least = count;
    await killDuringUpload(service, "status", csv);
  }
  await using service = await startProcess(folder.path, {});
  const before = await countPolls(service);
  assert(before >= least);
  const { body } = await postStores(service.url, "status", csv);
  const received = STORES * POLLS;
  const { rejects: _, ignored_columns: __, ...counts } = body;
  assertEquals(counts, {
    received,
    inserted: received - before,
    updated: 0,
    unchanged: before,
    repeated: 0,
    rejected: 0,
  });
  assertEquals(await countPolls(service), received);
});

Deno.test(`kill -9 during an upload of hours, ${FEWER_KILL_ROUNDS} rounds: a store has the old hours or the new ones`, async () => {
  await using folder = await makeTempFolder();
  {
    await using service = await startProcess(folder.path, {});
    await postStores(service.url, "hours", hoursCsv(hourOf(0)));
  }
  for (let round = 1; round <= FEWER_KILL_ROUNDS; round++) {
    const oldHour = hourOf(round - 1), newHour = hourOf(round);
    {
      await using service = await startProcess(folder.path, {});
      await killDuringUpload(service, "hours", hoursCsv(newHour));
    }
    await using service = await startProcess(folder.path, {});
    for (const id of IDS.filter((_, index) => index % 97 === 0)) {
      const { body } = await askJson(`${service.url}/stores/${id}`);
      const starts = new Set(
        body.hours.map((span: Record<string, string>) => Number(span.start_time_local.slice(0, 2))),
      );
      assertEquals([body.hours.length, starts.size], [7, 1], id);
      assert(starts.has(oldHour) || starts.has(newHour), `${id} has ${[...starts]}`);
    }
    await postStores(service.url, "hours", hoursCsv(newHour));
    const { body } = await askJson(`${service.url}/stores/${IDS[0]}`);
    assertEquals(Number(body.hours[0].start_time_local.slice(0, 2)), newHour);
  }
});

/** The hour at which stores open after a round: another one than after the round before. */
function hourOf(round: number): number {
  return 1 + round % 12;
}

/** Starts an upload and kills the service during it or shortly after its end. */
async function killDuringUpload(
  service: ServiceProcess,
  kind: "status" | "hours",
  csv: string,
): Promise<void> {
  const sending = postStores(service.url, kind, csv).catch(() => null);
  await pause(Math.random() * 300);
  service.kill("SIGKILL");
  await Promise.all([service.ended, sending]);
}

/** Counts all polls. Fails if a store has some of its polls but not all. */
async function countPolls({ url }: ServiceProcess): Promise<number> {
  let count = 0;
  for (let next = "/stores?limit=1000"; next !== null;) {
    const { body } = await askJson(url + next);
    for (const store of body.stores) {
      assertEquals(store.count, POLLS, store.store_id);
      assertEquals(store.first_poll, "2023-01-18T00:00:00Z");
      count += store.count;
    }
    next = body.next;
  }
  return count;
}

import { assert, assertEquals } from "../support/assert.ts";
import { askJson, type JsonAnswer, startTestService } from "../support/service.ts";
import { postStores } from "../support/stores.ts";

const FOLDER = new URL("../../../shared/data/stores/", import.meta.url);
const FILES = {
  status: "store_status.csv",
  hours: "menu_hours.csv",
  timezones: "timezones.csv",
} as const;

function exists(): boolean {
  try {
    return Deno.statSync(new URL(FILES.status, FOLDER)).isFile;
  } catch {
    return false;
  }
}

/**
 * Counted with Python's csv module: `rows = list(csv.DictReader(open(name)))`, then `len(rows)` and
 * `len({row["store_id"] for row in rows})`. No two polls share a store and a time (to the
 * millisecond), and no row of hours occurs twice.
 */
const ROWS = { status: 1_000, hours: 35_457, timezones: 4_559 };
const STORES = { status: 849, hours: 4_466, timezones: 4_559, all: 4_560 };

Deno.test({
  name: "the sample files load completely, twice with the same result, and stores match them",
  ignore: !exists(),
  async fn() {
    await using service = await startTestService({ role: "api" });
    const { url } = service;
    const none = { rejected: 0, rejects: [], ignored_columns: [] };
    for (const inserted of [ROWS.status, 0]) {
      const status = await postFile(url, "status");
      const unchanged = ROWS.status - inserted;
      assertEquals(status, {
        received: 1_000,
        inserted,
        updated: 0,
        unchanged,
        repeated: 0,
        ...none,
      });
      for (const kind of ["hours", "timezones"] as const) {
        const answer = await postFile(url, kind);
        const received = ROWS[kind];
        const noStores = kind === "hours"
          ? { stores_without_hours: [], stores_without_hours_count: 0 }
          : {};
        const stores = STORES[kind];
        assertEquals(answer, { received, replaced: received, stores, ...noStores, ...none });
      }
      const stores = await allStores(url);
      assertEquals(stores.length, STORES.all);
      assertEquals(stores.filter(({ count }) => count > 0).length, STORES.status);
      assertEquals(stores.reduce((sum, { count }) => sum + count, 0), ROWS.status);
      assertEquals(stores.filter((store) => store.timezone_str !== null).length, 4_559);
      const firsts = stores.flatMap(({ first_poll }) => first_poll ?? []).toSorted();
      const lasts = stores.flatMap(({ last_poll }) => last_poll ?? []).toSorted();
      // The smallest and greatest text of the file: 2024-08-16 23:16:11.800157 UTC and
      // 2024-10-03 23:55:01.605873 UTC.
      assertEquals(firsts[0], "2024-08-16T23:16:11.800Z");
      assertEquals(lasts.at(-1), "2024-10-03T23:55:01.605Z");
    }
    // `grep d84a4552-3668-4075-ad1d-16840294f818 menu_hours.csv`: minutes after midnight.
    const { body } = await askJson(`${url}/stores/d84a4552-3668-4075-ad1d-16840294f818`);
    const minute = { start_time_local: "00:00:00", end_time_local: "00:01:00" };
    for (const day_of_week of [0, 1, 3, 4]) {
      assert(
        body.hours.some((span: unknown) =>
          JSON.stringify(span) === JSON.stringify({ day_of_week, ...minute })
        ),
        JSON.stringify(body.hours),
      );
    }
  },
});

async function postFile(url: string, kind: keyof typeof FILES): Promise<JsonAnswer["body"]> {
  const { status, body } = await postStores(
    url,
    kind,
    await Deno.readFile(new URL(FILES[kind], FOLDER)),
  );
  assertEquals(status, 200);
  return body;
}

interface ListedStore {
  readonly count: number;
  readonly timezone_str: string | null;
  readonly first_poll: string | null;
  readonly last_poll: string | null;
}

async function allStores(url: string): Promise<ListedStore[]> {
  const stores: ListedStore[] = [];
  for (let next = "/stores?limit=1000"; next !== null;) {
    const { body } = await askJson(url + next);
    stores.push(...body.stores);
    next = body.next;
  }
  return stores;
}

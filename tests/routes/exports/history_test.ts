import { assertEquals } from "../../support/assert.ts";
import { askJson, postJson, startTestService } from "../../support/service.ts";
import { NOW_MS, postExport, TEN_MINUTES } from "./export_example.ts";

const DELETE = { method: "DELETE" } as const;
const DAY = { start_datetime: "2024-01-01", end_datetime: "2024-01-01" } as const;

/** Which of the exports are listed, by the query of the first page. */
const QUERIES: Record<string, (index: number) => boolean> = {
  "limit=7": () => true,
  "limit=7&source=m1": (index) => index % 2 === 1,
};

for (const [query, isListed] of Object.entries(QUERIES)) {
  Deno.test(`pages of the history stay the same while exports come and go: ${query}`, async () => {
    let nowMs = NOW_MS;
    await using service = await startTestService({ role: "api", now: () => nowMs });
    const { url } = service;

    /** Creates an export by one of both paths. Three share a millisecond. */
    async function create(index: number): Promise<string> {
      if (index % 3 === 0) nowMs++;
      const meter = { smart_meter_id: `m${index % 2}` };
      const { body } = index % 5 < 2
        ? await postExport(url, { ...TEN_MINUTES, ...meter })
        : await postJson(`${url}/api/exports`, { ...meter, ...DAY });
      return body.job_id;
    }
    const first: string[] = [];
    for (let index = 0; index < 40; index++) first.push(await create(index));
    nowMs++;
    const seen: string[] = [];
    for (let path: string | null = `/api/exports?${query}`; path !== null;) {
      const answer = await askJson(url + path);
      const ids: string[] = answer.body.exports.map(({ id }: { id: string }) => id);
      seen.push(...ids);
      path = answer.body.next;
      await create(seen.length);
      nowMs++;
      // The last one of a page goes away, from which the next continues: cancelled, then removed.
      const last = `${url}/api/exports/${ids.at(-1)}`;
      const statuses = [await askJson(last, DELETE), await askJson(last, DELETE)];
      assertEquals(statuses.map(({ status }) => status), [200, 204]);
    }
    assertEquals(new Set(seen).size, seen.length, "an export came twice");
    assertEquals(seen.toSorted(), first.filter((_, index) => isListed(index)).toSorted());
  });
}

import { assertEquals } from "../support/assert.ts";
import { DEMO_RANGES, postExports } from "../support/exports.ts";
import { startTestService, waitForEnd } from "../support/service.ts";

Deno.test("500 small concurrent exports all complete with the same file", async () => {
  await using service = await startTestService({ demoData: true });
  const jobs = await postExports(service.url, DEMO_RANGES.slice(3), 500);
  assertEquals(new Set(jobs.map(({ id }) => id)).size, 500);
  const hashes = new Set<string>();
  for (const { id } of jobs) {
    const status = await waitForEnd(service.url, id);
    assertEquals([status.status, status.file_info.record_count], ["completed", 11]);
    hashes.add(status.file_info.sha256);
  }
  assertEquals(hashes.size, 1);
});

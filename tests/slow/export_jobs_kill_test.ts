import { createCsvWriter } from "../../data/text/csv_write.ts";
import { demoReadings } from "../../data/readings/demo_meter.ts";
import { PROFILES } from "../../data/readings/profile.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  type AcceptedJob,
  DEMO_RANGES,
  downloadHash,
  postExports,
  referenceHashes,
} from "../support/exports.ts";
import { expectNoOrphans } from "../support/orphans.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson, exportToEnd, importText, waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";

const DEMO = { DEMO_DATA: "true" };

Deno.test(`every accepted export survives kill -9, ${KILL_ROUNDS} rounds`, async (t) => {
  await using folder = await makeTempFolder();
  let expected = new Map<string, string>();
  {
    await using service = await startProcess(folder.path, DEMO);
    expected = await referenceHashes(service.url, DEMO_RANGES);
    await stop(service);
  }
  const jobs: AcceptedJob[] = [];
  for (let round = 1; round <= KILL_ROUNDS; round++) {
    const delayMs = killDelayMs(round, 600);
    await t.step(`round ${round}: killed ${delayMs} ms after the first request`, async () => {
      jobs.push(...await killDuringExports(folder.path, delayMs));
      await using service = await startProcess(folder.path, DEMO);
      for (const { id, range } of jobs) {
        const status = await waitForEnd(service.url, id);
        assertEquals(status.status, "completed", JSON.stringify(status));
        assertEquals(status.file_info.sha256, expected.get(range.start_datetime));
      }
      // Only the last file is downloaded. There may be none: a kill may come before the first job.
      for (const { id, range } of jobs.slice(-1)) {
        assertEquals(await downloadHash(service.url, id), expected.get(range.start_datetime));
      }
      const isDone = async (id: string) => await statusOf(service, id) === "completed";
      await expectNoOrphans(`${folder.path}/.openwatts/files`, isDone);
      await stop(service);
    });
  }
  assert(jobs.length > 0, "no export was accepted in any round");
});

Deno.test("an import that is killed with kill -9 and sent again is complete", async () => {
  await using folder = await makeTempFolder();
  const env = { DEMO_DATA: "false" };
  const csv = yearOfReadings("k1");
  let expected: string;
  {
    await using other = await makeTempFolder();
    await using service = await startProcess(other.path, env);
    await importText(service.url, "k1", csv);
    expected = (await exportYear(service)).file_info.sha256;
  }
  for (let round = 1; round <= KILL_ROUNDS; round++) {
    await using service = await startProcess(folder.path, env);
    const sending = importText(service.url, "k1", csv).catch(() => null);
    await pause(Math.random() * 500);
    service.kill("SIGKILL");
    await Promise.all([service.ended, sending]);
  }
  await using service = await startProcess(folder.path, env);
  const { body } = await importText(service.url, "k1", csv);
  assertEquals([body.received, body.updated, body.rejected], [527_040, 0, 0]);
  assertEquals((await exportYear(service)).file_info.sha256, expected);
  assertEquals((await askJson(`${service.url}/api/meters/k1`)).body.count, 527_040);
});

async function killDuringExports(folder: string, delayMs: number): Promise<AcceptedJob[]> {
  await using service = await startProcess(folder, DEMO);
  const posting = postExports(service.url, DEMO_RANGES, 16);
  await pause(delayMs);
  service.kill("SIGKILL");
  await service.ended;
  return await posting;
}

async function stop(service: ServiceProcess): Promise<void> {
  service.kill("SIGTERM");
  assertEquals(await service.ended, 0, service.output());
}

async function statusOf({ url }: ServiceProcess, jobId: string): Promise<string> {
  return (await askJson(`${url}/api/export/status/${jobId}`)).body.status;
}

function yearOfReadings(meterId: string): string {
  const writer = createCsvWriter(PROFILES.meter, meterId);
  const span = { fromMs: Date.UTC(2024, 0, 1), toMs: Date.UTC(2025, 0, 1) };
  return writer.header() + [...demoReadings(span)].map((page) => writer.lines(page)).join("");
}

function exportYear(
  service: ServiceProcess,
): Promise<{ file_info: { sha256: string } }> {
  return exportToEnd(service.url, {
    smart_meter_id: "k1",
    start_datetime: "2024-01-01T00:00:00Z",
    end_datetime: "2024-12-31T23:59:59Z",
  });
}

import { assert, assertEquals } from "../support/assert.ts";
import { expectNoOrphans } from "../support/orphans.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson } from "../support/service.ts";
import { reportText, triggerReport, waitForReport } from "../support/reports.ts";
import { postStores } from "../support/stores.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";

const STORES = 600;
const DAYS = 9;

/** Fills the service with stores that have a poll an hour; some are closed at night. */
async function fill(url: string): Promise<void> {
  const polls = ["store_id,timestamp_utc,status"];
  const hours = ["store_id,day_of_week,start_time_local,end_time_local"];
  for (let store = 0; store < STORES; store++) {
    for (let hour = 0; hour < DAYS * 24; hour++) {
      const time = new Date(Date.UTC(2024, 9, 1, hour, store % 60)).toISOString();
      polls.push(`s${store},${time},${(hour + store) % 7 === 0 ? "inactive" : "active"}`);
    }
    if (store % 3 === 0) continue;
    for (let day = 0; day < 7; day++) hours.push(`s${store},${day},09:00:00,21:30:00`);
  }
  for (const [kind, lines] of [["status", polls], ["hours", hours]] as const) {
    const { status, body } = await postStores(url, kind, `${lines.join("\n")}\n`);
    assertEquals([status, body.rejected], [200, 0]);
  }
}

Deno.test(`every accepted report survives kill -9, ${KILL_ROUNDS} rounds`, async (t) => {
  await using folder = await makeTempFolder();
  let expected = "";
  {
    await using service = await startProcess(folder.path, {});
    await fill(service.url);
    expected = await reportText(service.url);
    assertEquals(expected.split("\n").length, 1 + STORES + 1);
    service.kill("SIGTERM");
    assertEquals(await service.ended, 0, service.output());
  }
  const accepted: string[] = [];
  for (let round = 1; round <= KILL_ROUNDS; round++) {
    const delayMs = killDelayMs(round, 400);
    await t.step(`round ${round}: killed ${delayMs} ms after the first request`, async () => {
      accepted.push(...await killDuringReports(folder.path, delayMs));
      await using service = await startProcess(folder.path, {});
      const { url } = service;
      for (const id of accepted) {
        const status = await waitForReport(url, id);
        assertEquals([status.status, status.store_count], ["Complete", STORES]);
      }
      for (const id of accepted.slice(-2)) {
        assertEquals(await (await fetch(`${url}/download_report/${id}/`)).text(), expected);
      }
      await expectNoOrphans(
        `${folder.path}/.openwatts/files`,
        async (id) => (await askJson(`${url}/get_report/${id}/`)).body.status === "Complete",
      );
    });
  }
  assert(accepted.length > 0, "no report was accepted in any round");
});

/** Triggers reports and kills the service meanwhile. Returns the ids that it accepted before. */
async function killDuringReports(folder: string, delayMs: number): Promise<string[]> {
  await using service: ServiceProcess = await startProcess(folder, {});
  const triggers = Promise.allSettled(Array.from({ length: 12 }, () => triggerReport(service.url)));
  await pause(delayMs);
  service.kill("SIGKILL");
  await service.ended;
  return (await triggers).flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
}

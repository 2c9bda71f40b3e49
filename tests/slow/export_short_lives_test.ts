import { assertEquals, assertGreater, assertLess } from "../support/assert.ts";
import { downloadHash } from "../support/exports.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson, postJson } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** How long a process lives, in seconds of processor time, which others on the machine do not take. */
const LIFE_SECONDS = 10;
/** The first one dies sooner, soon after it was asked. */
const FIRST_LIFE_SECONDS = 1;
/** Lives in which everything has to end. */
const MOST_LIVES = 12;
/** Ticks of a second in `/proc`. */
const TICKS = 100;
/** Minutes of 2024, a leap year. */
const ROWS = 366 * 1_440;

/** Every format, and what compresses a file as a whole. */
const FORMS = [
  { format: "csv" },
  { format: "csv", compression: "gzip" },
  { format: "csv", compression: "zip" },
  { format: "ndjson" },
  { format: "json" },
  { format: "xml" },
  { format: "parquet" },
  { format: "xlsx" },
];
const YEAR = {
  smart_meter_id: "123",
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-12-31T23:59:59Z",
};
/** Files in the database, as on Deno Deploy. */
const ENV = { FILE_STORE: "kv:", DEMO_DATA: "true" };

/** The processor time that a process has had, seconds: fields 14 and 15 of proc(5). */
async function usedSeconds({ pid }: ServiceProcess): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** How many of the exports have ended. Expects that they are whole. */
async function countEnded(url: string, ids: readonly string[]): Promise<number> {
  let count = 0;
  for (const id of ids) {
    const { body } = await askJson(`${url}/api/export/status/${id}`);
    if (body.status === "pending") continue;
    assertEquals([body.status, body.file_info?.record_count], ["completed", ROWS]);
    count++;
  }
  return count;
}

async function expectFiles(url: string, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { body } = await askJson(`${url}/api/export/status/${id}`);
    assertEquals(await downloadHash(url, id), body.file_info.sha256);
  }
}

Deno.test({
  name: "the export of a year ends in every format although no process lives longer than 10 s",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await makeTempFolder();
    const ids: string[] = [];
    let lives = 0;
    for (let ended = 0; ended < FORMS.length || lives === 1;) {
      assertLess(lives++, MOST_LIVES, `${ended} of ${FORMS.length} have ended`);
      await using service = await startProcess(folder.path, ENV);
      const { url } = service;
      for (const form of lives === 1 ? FORMS : []) {
        const { status, body } = await postJson(`${url}/api/exports`, { ...YEAR, ...form });
        assertEquals(status, 200, JSON.stringify(body));
        ids.push(body.job_id);
      }
      const asked = await usedSeconds(service);
      const end = lives === 1 ? asked + FIRST_LIFE_SECONDS : LIFE_SECONDS;
      while (ended < FORMS.length && await usedSeconds(service) < end) {
        ended = await countEnded(url, ids);
        await pause(100);
      }
      if (ended === FORMS.length) await expectFiles(url, ids);
      service.kill("SIGKILL");
      await service.ended;
    }
    assertGreater(lives, 1);
  },
});

import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { type AcceptedJob, DEMO_RANGES, postExports } from "../support/exports.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { waitForEnd } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const DEMO = { DEMO_DATA: "true" };
/** A grace in which running jobs end on any machine, so that only a stop that hangs would be forced. */
const LONG_GRACE = { ...DEMO, STOP_GRACE_SECONDS: "60" };
/** So long the exports of a year may take on a machine that does much else. */
const PATIENCE_MS = 600_000;

/** Starts the download of a year and stops reading after the first bytes. */
async function stallDownload({ url }: ServiceProcess): Promise<Deno.TcpConn> {
  const [{ id }] = await postExports(url, DEMO_RANGES.slice(0, 1), 1);
  await waitForEnd(url, id, PATIENCE_MS);
  const { hostname, port } = new URL(url);
  const connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `GET /api/export/download/${id} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  await connection.read(new Uint8Array(100));
  return connection;
}

Deno.test("a client that stops reading does not keep the service from stopping", async () => {
  await using folder = await makeTempFolder();
  await using service = await startProcess(folder.path, DEMO);
  using _stalled = await stallDownload(service);
  service.kill("SIGTERM");
  // A stop that takes more than 4 s longer than the grace of 10 s exits with 1.
  assertEquals(await service.ended, 0, service.output());
  assertStringIncludes(service.output(), '"event":"stopped"');
});

Deno.test("two SIGTERM under load: exit 0 within the grace, and every accepted export completes later", async () => {
  await using folder = await makeTempFolder();
  let jobs: AcceptedJob[];
  {
    await using service = await startProcess(folder.path, LONG_GRACE);
    jobs = await postExports(service.url, DEMO_RANGES.slice(0, 2), 60);
    assertEquals(jobs.length, 60);
    service.kill("SIGTERM");
    service.kill("SIGTERM");
    assertEquals(await service.ended, 0, service.output());
    assertStringIncludes(service.output(), '"event":"stopped"');
  }
  await using service = await startProcess(folder.path, DEMO);
  for (const { id } of jobs) {
    assertEquals((await waitForEnd(service.url, id, PATIENCE_MS)).status, "completed");
  }
  // None was found running, so each had ended or been handed back.
  assert(!service.output().includes('"job abandoned"'), service.output());
});

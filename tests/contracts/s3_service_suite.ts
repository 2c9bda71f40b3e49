/**
 * A whole service that stores its files in S3.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startFaultProxy } from "../support/fault_proxy.ts";
import { never, streamOf } from "../support/file_store_box.ts";
import { writeS3Object } from "../../data/s3/write.ts";
import { openS3Box, type S3Box, type S3Server } from "../support/s3_server.ts";
import { askJson, exportToEnd, startTestService, type TestService } from "../support/service.ts";
import { until } from "../support/until.ts";

const DAY = {
  smart_meter_id: "123",
  start_datetime: "2024-03-01T00:00:00Z",
  end_datetime: "2024-03-01T23:59:59Z",
};
/** The name of an artifact whose job does not exist. */
const ORPHAN = "00000000-0000-4000-8000-000000000000.1";

/** Defines tests of an export, from the request to the deletion of its file. */
export function testS3Service(
  place: string,
  openServer: () => Promise<S3Server>,
  { ignore = false }: { ignore?: boolean } = {},
): void {
  const test = (name: string, fn: (server: S3Server, box: S3Box) => Promise<void>) =>
    Deno.test({
      name: `${name} (${place})`,
      ignore,
      async fn() {
        await using server = await openServer();
        await fn(server, await openS3Box(server));
      },
    });

  test(
    "an export is created, downloaded whole and in parts, and deleted when it expires",
    async (server, box) => {
      let nowMs = Date.now();
      await using service = await serviceOn(server, box, { now: () => nowMs });
      const { url } = service;
      const status = await exportToEnd(url, DAY);
      assertEquals([status.status, status.file_info.record_count], ["completed", 1440]);
      const keys = await keysOf(box);
      assertEquals(keys.length, 1);
      assertMatch(keys[0], /^some\/exports\/[0-9a-f-]{36}\.1$/);

      const path = `${url}/api/export/download/${status.job_id}`;
      const whole = await fetch(path);
      const bytes = await whole.bytes();
      assertEquals(whole.headers.get("content-length"), String(bytes.length));
      const hash = createHash("sha256").update(bytes).digest("hex");
      assertEquals([hash, whole.headers.get("etag")], [status.file_info.sha256, `"${hash}"`]);
      for (
        const [range, part] of [["5-99", bytes.slice(5, 100)], ["-7", bytes.slice(-7)]] as const
      ) {
        const answer = await fetch(path, { headers: { range: `bytes=${range}` } });
        assertEquals([answer.status, await answer.bytes()], [206, part]);
      }
      const head = await fetch(path, { method: "HEAD" });
      assertEquals([head.status, head.headers.get("content-length")], [200, String(bytes.length)]);

      // Services of tests keep files for an hour.
      nowMs += 3_600_001;
      await until(async () => (await keysOf(box)).length === 0);
      const gone = await askJson(path);
      assertEquals([gone.status, gone.body.code], [410, "EXPORT_EXPIRED"]);
    },
  );

  test(
    "a service deletes at its start what killed services left, and nothing else",
    async (server, box) => {
      const call = { signal: never };
      const write = (key: string) => writeS3Object(box.client, { key, body: streamOf("x") }, call);
      for (const key of [`some/exports/${ORPHAN}`, "some/exports/mine.csv", `other/${ORPHAN}`]) {
        await write(key);
      }
      await box.client.createUpload(`some/exports/${ORPHAN}`, call);
      await box.client.createUpload(`other/${ORPHAN}`, call);
      await using _ = await serviceOn(server, box);
      const uploads = () => Array.fromAsync(box.client.listUploads({ ...call, prefix: "" }));
      await until(async () => (await uploads()).length === 1 && (await keysOf(box)).length === 2);
      assertEquals((await uploads()).map(({ key }) => key), [`other/${ORPHAN}`]);
      assertEquals(await keysOf(box), [`other/${ORPHAN}`, "some/exports/mine.csv"]);
    },
  );

  test("/ready shows that S3 is away, and that it is back", async (server, box) => {
    await using proxy = startFaultProxy(server.access.endpoint);
    const access = { ...server.access, endpoint: proxy.url };
    await using service = await serviceOn({ access }, box);
    assertEquals((await askJson(`${service.url}/ready`)).body.checks.file_store, true);
    proxy.setRule({ matches: ({ method }) => method === "PUT", fault: "500" });
    const { status, body } = await askJson(`${service.url}/ready`);
    assertEquals([status, body.reason], [503, "file_store: S3 answered 500"]);
    proxy.setRule({ matches: () => true, fault: "reset" });
    const reset = await askJson(`${service.url}/ready`);
    assertEquals([reset.status, reset.body.reason], [503, "file_store: S3 does not answer"]);
    proxy.setRule(null);
    assertEquals((await askJson(`${service.url}/ready`)).status, 200);
    assert(proxy.met() >= 2);
    assertEquals(await keysOf(box), []);
  });
}

function serviceOn(
  { access }: Pick<S3Server, "access">,
  { bucket }: S3Box,
  changes: { now?: () => number } = {},
): Promise<TestService> {
  return startTestService({
    demoData: true,
    fileStore: `s3://${bucket}/some/exports`,
    s3: { ...access, bucket: null, prefix: "telemetry", encryption: null },
    ...changes,
  });
}

async function keysOf({ client }: S3Box): Promise<string[]> {
  const listed = await Array.fromAsync(client.list({ signal: never, prefix: "" }));
  return listed.map(({ key }) => key);
}

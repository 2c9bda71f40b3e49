import { findInPath } from "../bench/program.ts";
import { assert, assertEquals, assertLess } from "../support/assert.ts";
import { fillStores, triggerReport, waitForReport } from "../support/reports.ts";
import { importText, postJson } from "../support/service.ts";
import { message, postTelemetry } from "../support/telemetry.ts";
import { buildImage, type Image, startContainer } from "../support/container.ts";

const MIB = 1_048_576;
/** What a container may use: the limits of `k8s/`. */
const LIMITS = { memoryBytes: 512 * MIB, cores: 0.5 };
/** The image may be this large. */
const IMAGE_BYTES = 250_000_000;

/** The year that is exported. */
const YEAR = {
  smart_meter_id: "1",
  start_datetime: "2024-01-01T00:00:00Z",
  end_datetime: "2024-12-31T23:59:59Z",
};
/** The formats, with what else a request has. */
const FORMATS: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ["csv", {}],
  ["csv", { compression: "gzip" }],
  ["parquet", {}],
  ["xlsx", {}],
];

const missing = (await Promise.all(["buildah", "mmdebstrap", "unshare"].map(findInPath)))
  .includes(null);
const ignore = missing && !Deno.env.has("REQUIRE_ALL");

/** Readings of each minute of 365 days. */
function yearOfMinutes(): string {
  const startMs = Date.parse(YEAR.start_datetime);
  const lines = Array.from(
    { length: 525_600 },
    (_, minute) => `${new Date(startMs + minute * 60_000).toISOString()},${minute % 97 / 10}\n`,
  );
  return `timestamp,power_kw\n${lines.join("")}`;
}

Deno.test({
  name: "the image runs read-only, without rights, in 512 MiB and half a core, and does every job",
  ignore,
  async fn(t) {
    await using stack = new AsyncDisposableStack();
    const image: Image = stack.use(await buildImage());
    assertLess(image.sizeBytes, IMAGE_BYTES);
    const startedMs = performance.now();
    const container = stack.use(
      await startContainer(image, {
        env: { HOST: "127.0.0.1", PORT: "8790", AUTH: "off" },
        limits: LIMITS,
      }),
    );
    console.log(`started in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
    assert(await container.isHealthy());
    const url = "http://127.0.0.1:8790";
    await t.step("a year of minutes comes in, and out in every format", async () => {
      await importText(url, "1", yearOfMinutes());
      for (const [format, more] of FORMATS) {
        const { body } = await postJson(`${url}/api/exports`, { ...YEAR, format, ...more }, {
          prefer: "wait=120",
        });
        assertEquals([body.status, body.file_info?.record_count], ["completed", 525_600], format);
      }
    });
    await t.step("telemetry, a report, and the pages", async () => {
      assertEquals((await postTelemetry(url, message())).status, 201);
      await fillStores(url, { status: ["1,2026-02-01 14:00:00 UTC,active"] });
      const report = await waitForReport(url, await triggerReport(url));
      assertEquals(report.status, "Complete");
      for (const path of ["/openapi.json", "/docs/assets/swagger-ui-bundle.js", "/health"]) {
        const answer = await fetch(url + path);
        await answer.body?.cancel();
        assertEquals(answer.status, 200, path);
      }
      const page = await fetch(url, { headers: { accept: "text/html" } });
      assertEquals([page.status, /<html/.test(await page.text())], [200, true]);
    });
    assertEquals(await container.stop(), 0, container.output());
    console.log(`peak ${Math.round(await container.peakBytes() / MIB)} MiB`);
  },
});

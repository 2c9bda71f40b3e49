import { AppError } from "../../../data/app_error.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { askJson, startTestService } from "../../support/service.ts";
import { until } from "../../support/until.ts";
import { gzip, minutes } from "../../jobs/imports/read_uploads.ts";
import { holdUpload } from "./held_upload.ts";

const HEADER = "timestamp,energy_kwh,power_kw\n";
const CSV = { "content-type": "text/csv" };

/** Lines of 40 meters, one in 97 of them wrong, and some of them twice. */
function fleet(count: number): string {
  const lines = ["smart_meter_id,timestamp,energy_kwh"];
  for (let index = 0; index < count; index++) {
    const time = new Date(Date.UTC(2024, 0, 1) + Math.floor(index / 40) * 900_000).toISOString();
    lines.push(`m${index % 40},${time},${index % 97 === 0 ? "much" : index % 50 / 4}`);
  }
  return [...lines, ...lines.slice(-60)].join("\n");
}

Deno.test("long uploads are answered and stored the same with workers as without", async () => {
  await using here = await startTestService({ role: "api" });
  await using inWorkers = await startTestService({ role: "api", workerThreads: 1 });
  const uploads: [path: string, body: BodyInit, headers: HeadersInit][] = [
    ["/api/readings", fleet(16_000), CSV],
    ["/api/readings?dry_run=true", fleet(16_000), CSV],
    [
      "/api/meters/one/readings",
      new Blob([gzip(HEADER + minutes(35_000)).slice()]),
      { ...CSV, "content-encoding": "gzip" },
    ],
    ["/api/meters/one/readings", `time\n${minutes(20_000)}`, CSV],
  ];
  for (const [path, body, headers] of uploads) {
    const [answer, other] = await Promise.all(
      [here, inWorkers].map(({ url }) =>
        askJson(`${url}${path}`, { method: "POST", headers, body })
      ),
    );
    for (const { body } of [answer, other]) {
      // The ids of requests differ.
      delete body.request_id;
      // Within a batch they are listed by meter, and batches are as long as what has arrived.
      body.repeats?.sort((one: { line: number }, next: { line: number }) => one.line - next.line);
    }
    assertEquals([other.status, other.body], [answer.status, answer.body], path);
  }
  const [meters, others] = await Promise.all(
    [here, inWorkers].map(({ url }) => askJson(`${url}/api/meters?limit=100`)),
  );
  assertEquals(others.body, meters.body);
  assertEquals(meters.body.meters.length, 41);
});

Deno.test("an upload in a worker shows its counts, and one that breaks off says what is stored", async () => {
  await using service = await startTestService({ role: "api", workerThreads: 1 });
  const path = "/api/meters/m/readings";
  const text = `${HEADER}bad\n${minutes(60_000)}`;
  const headers = { ...CSV, "content-length": String(2 * text.length) };
  using upload = await holdUpload(service.url, path, headers);
  await upload.send(text);
  const running = async () => (await askJson(`${service.url}/api/meters/m`)).body.imports?.[0];
  // A batch is stored while the client pauses.
  await until(async () => (await running())?.inserted > 0);
  await until(async () => (await running())?.bytes_received === text.length);
  const { inserted, rejected, received } = await running();
  assertEquals([rejected, received], [1, inserted + 1]);
  upload.cut();
  const ended = () => service.logged.find(({ event }) => event === "import cut short");
  await until(() => Promise.resolve(ended() !== undefined));
  const { error, inserted: stored } = ended()?.fields ?? {};
  assert(error instanceof AppError && error.code === "MALFORMED_BODY", String(error));
  assertEquals([stored, error.message], [inserted, "The upload broke off"]);
  const { body } = await askJson(`${service.url}/api/meters/m`);
  assertEquals([body.count, body.imports], [inserted, []]);
});

Deno.test("a wrong header is answered although the client has not sent the rest", async () => {
  await using service = await startTestService({ role: "api", workerThreads: 1 });
  using upload = await holdUpload(service.url, "/api/meters/m/readings", {
    ...CSV,
    "content-length": "9000000",
  });
  await upload.send(`time\n${minutes(100)}`);
  const { status, body } = await upload.answer();
  assertEquals([status, body.errors?.[0].pointer], [400, "#line=1"]);
});

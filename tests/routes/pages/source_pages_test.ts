import { assert, assertEquals, assertMatch } from "../../support/assert.ts";
import { askJson, importText, startTestService } from "../../support/service.ts";
import { message, postTelemetry } from "../../support/telemetry.ts";

/** What browsers accept. The zone is that of the source until a script says that of the browser. */
const BROWSER = { accept: "text/html", "accept-language": "en-GB" };

async function pageOf(url: string): Promise<{ status: number; html: string; text: string }> {
  const answer = await fetch(url, { headers: BROWSER });
  const html = await answer.text();
  const text = html.replaceAll(/<script.*?<\/script>/gs, "").replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
  return { status: answer.status, html, text };
}

function putMeter(url: string, id: string, body: unknown): Promise<unknown> {
  return askJson(`${url}/api/meters/${id}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

const HEADER = "timestamp,energy_kwh,power_kw";

/** Hours of 2023 and 2024 at UTC: 1 kWh and 1 kW, and 2 in 2024; a day of March 2024 is missing. */
function hourlyCsv(): string {
  const lines = [HEADER];
  const gap = [Date.UTC(2024, 2, 10), Date.UTC(2024, 2, 11)];
  for (let ms = Date.UTC(2023, 0, 1); ms < Date.UTC(2025, 0, 1); ms += 3_600_000) {
    if (ms >= gap[0] && ms < gap[1]) continue;
    const value = ms < Date.UTC(2024, 0, 1) ? 1 : 2;
    lines.push(`${new Date(ms).toISOString()},${value},${value}`);
  }
  return `${lines.join("\n")}\n`;
}

/** Every sixth line of them. */
function sixHourlyLines(): string[] {
  return hourlyCsv().split("\n").filter((line) => /T(00|06|12|18):/.test(line));
}

Deno.test("without a script, the page of a meter has totals next to last year's, gaps and months", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  await importText(url, "m", hourlyCsv());
  await putMeter(url, "m", { label: "<img src=x onerror=alert(1)>" });
  const { status, html, text } = await pageOf(`${url}/meters/m?year=2024`);
  assertEquals(status, 200);
  // 366 days without one, 24 hours of 2 kWh each; 365 days of 24 kWh.
  assertMatch(text, /Total 17,520 kWh \+100% · 2023: 8,760 kWh/);
  assertMatch(text, /Peak 2 kW/);
  assertMatch(text, /Base load 2 kW \+100% · 2023: 1 kW/);
  assertMatch(text, /24 readings are missing/);
  assertMatch(text, /1 gap, 24 missing readings\./);
  assertMatch(text, /10\/03\/2024, 00:00 1 day 24 Export these days/);
  assertMatch(text, /March 1,440 2 2 720/);
  const link = /href="(\/export\?[^"]+)">Export these days/.exec(html)?.[1].replaceAll(
    "&amp;",
    "&",
  );
  assertEquals(Object.fromEntries(new URLSearchParams(link?.split("?")[1])), {
    kind: "meter",
    id: "m",
    start: "2024-03-09",
    end: "2024-03-11",
    timezone: "UTC",
  });
  const form = await pageOf(url + link);
  assertMatch(form.html, /name="meter" value="m" checked=""/);
  assertMatch(form.html, /name="start"[^>]* value="2024-03-09"/);
  assertMatch(form.html, /name="end"[^>]* value="2024-03-11"/);
  assertMatch(form.html, /<option value="custom" selected=""/);
  // Its days are bars; the one without readings has none.
  assertEquals([...html.matchAll(/<rect /g)].length, 365);
  assert(!html.includes("<img src=x"), "the label is text");
  assert(text.includes("&lt;img src=x onerror=alert(1)&gt;"));
});

Deno.test("a running year is compared with the same part of the year before", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const [header, ...lines] = hourlyCsv().split("\n");
  const early = lines.filter((line) => line < "2024-01-11");
  await importText(url, "m", `${header}\n${early.join("\n")}\n`);
  const { text } = await pageOf(`${url}/meters/m`);
  // Ten days of 48 and of 24 kWh.
  assertMatch(text, /Total 480 kWh \+100% · same part of 2023: 240 kWh/);
});

Deno.test("after a leap day the same part of last year ends on the same date and time", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const early = sixHourlyLines().filter((line) => line < "2024-03-02T12");
  await importText(url, "m", `${HEADER}\n${early.join("\n")}\n`);
  // 61 days of four readings of 2 kWh, and two more; 60 days of four of 1 kWh, and two more.
  assertMatch((await pageOf(`${url}/meters/m`)).text, /Total 492 kWh .* 2023: 242 kWh/);
});

Deno.test("a year is not compared with one of which a tenth is missing", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  const holed = sixHourlyLines().filter((line) => line < "2023-05" || line >= "2023-06-07");
  await importText(url, "m", `${HEADER}\n${holed.join("\n")}\n`);
  const { text } = await pageOf(`${url}/meters/m?year=2024`);
  assertMatch(text, /Total 2,920 kWh Peak/);
});

Deno.test("a meter of energy alone shows its energy, and one reading is not all of several", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  await importText(url, "e", "timestamp,energy_kwh\n2024-01-01T00:00:00Z,1.5\n");
  const { html, text } = await pageOf(`${url}/meters/e`);
  assertMatch(html, /<option value="energy_kwh" selected="">/);
  assertMatch(text, /Peak 1\.5 kWh/);
  assertMatch(text, /the only reading is there/);
  const { body } = await askJson(`${url}/api/meters/e/statistics`);
  assertEquals([body.metric, body.total], ["energy_kwh", 1.5]);
  assertEquals((await askJson(`${url}/api/meters/e/heatmap`)).body.metric, "energy_kwh");
});

Deno.test("a meter of power alone has no total, and bars and months of its power", async () => {
  await using service = await startTestService({ role: "api" });
  await importText(
    service.url,
    "p",
    "timestamp,power_kw\n2024-01-01T00:00:00Z,1\n2024-01-01T01:00:00Z,3\n",
  );
  const { html, text } = await pageOf(`${service.url}/meters/p`);
  assert(!text.includes("Total"));
  assertMatch(text, /power_kw by day, 2024/);
  assertMatch(text, /January 2 1 3 2/);
  assertEquals([...html.matchAll(/<rect /g)].length, 1);
});

Deno.test("a meter that is set up but has no readings, and one that does not exist", async () => {
  await using service = await startTestService({ role: "api" });
  await putMeter(service.url, "empty", { label: "Empty" });
  const empty = await pageOf(`${service.url}/meters/empty`);
  assertEquals(empty.status, 200);
  assertMatch(empty.text, /There are no readings yet\./);
  assertEquals((await pageOf(`${service.url}/meters/none`)).status, 404);
  assertEquals((await pageOf(`${service.url}/device/none`)).status, 404);
  assertEquals((await pageOf(`${service.url}/meters/${"x".repeat(65)}`)).status, 400);
});

Deno.test("the page of a device has its state, last values and the day", async () => {
  const nowMs = Date.UTC(2026, 1, 1, 14, 30);
  await using service = await startTestService({ now: () => nowMs });
  await postTelemetry(service.url, [
    message({ device_id: "bat" }),
    message({
      device_id: "bat",
      timestamp: "2026-02-01T14:24:45Z",
      metrics: { soc_percent: 60, voltage_v: 385.2, current_a: null, temp_c: 28.4 },
    }),
  ]);
  const { status, html, text } = await pageOf(`${service.url}/device/bat`);
  assertEquals(status, 200);
  assertMatch(text, /bat Online since/);
  assertMatch(html, /data-metric="soc_percent">60</);
  assertMatch(html, /data-metric="current_a">missing</);
  // 60 and 67.5.
  assertMatch(text, /soc_percent \(%\) 60 63\.75 67\.5/);
  assertMatch(text, /temp_c \(°C\)/);
});

Deno.test("the list finds meters by id and label, and goes on page by page", async () => {
  await using service = await startTestService({ role: "api" });
  const { url } = service;
  for (let index = 0; index < 51; index++) {
    await putMeter(url, `m${String(index).padStart(2, "0")}`, { label: `Flat ${index}` });
  }
  await postTelemetry(url, message({ device_id: "bat" }));
  const first = await pageOf(`${url}/meters`);
  assert(first.text.includes("Flat 49") && !first.text.includes("Flat 50"));
  assertMatch(first.html, /href="\/device\/bat"/);
  const next = /href="(\/meters\?[^"]+)">Next page/.exec(first.html)?.[1].replaceAll("&amp;", "&");
  const second = await pageOf(url + next);
  assertMatch(second.html, /href="\/meters\/m50"/);
  assert(!second.html.includes('href="/meters/m49"'));
  const found = await pageOf(`${url}/meters?q=flat+50&kind=meter`);
  assertEquals([...found.html.matchAll(/href="\/meters\/(m\d+)"/g)].map(([, id]) => id), ["m50"]);
  // What begins with the text comes before what contains it, on every page.
  const begins = await pageOf(`${url}/meters?q=m5`);
  assertEquals([...begins.html.matchAll(/href="\/meters\/(m\d+)"/g)].map(([, id]) => id), ["m50"]);
  assertMatch((await pageOf(`${url}/meters?q=%3Cb%3E`)).html, /value="&lt;b&gt;"/);
});

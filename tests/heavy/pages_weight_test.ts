import { assert } from "../support/assert.ts";
import { startProcess } from "../support/process.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { hasBrowser } from "./browser.ts";
import { openBrowser } from "./pages.ts";

const ignore = !Deno.env.has("REQUIRE_ALL") && !await hasBrowser();
const HOME_MAX_BYTES = 60_000;
const HEAT_MAP_MAX_BYTES = 2_000_000;

async function send(url: string, path: string, type: string, body: string): Promise<void> {
  const answer = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": type },
    body,
  });
  assert(answer.ok, await answer.text());
}

/** What a page loads until nothing more comes, as bytes on the wire with headers, by address. */
async function weigh(url: string, path: string): Promise<Map<string, number>> {
  await using browser = await openBrowser();
  await using opened = await browser.open("about:blank");
  const { page } = opened;
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  const names = new Map<string, string>(), bytes = new Map<string, number>();
  session.on("Network.requestWillBeSent", ({ requestId, request }) => {
    names.set(requestId, request.url.slice(url.length));
  });
  session.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    const name = names.get(requestId) ?? requestId;
    bytes.set(name, (bytes.get(name) ?? 0) + encodedDataLength);
  });
  await page.goto(url + path, { waitUntil: "networkidle" });
  return bytes;
}

Deno.test({
  name: "Home weighs at most 60 KB with all that it loads, empty and with much to say",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, { KV_PATH: ":memory:" });
    const at = new Date(Date.now() - 40 * 3_600_000).toISOString();
    for (const isFull of [false, true]) {
      if (isFull) {
        const messages = Array.from({ length: 200 }, (_, device) =>
          JSON.stringify({
            device_id: `device-${device}`,
            timestamp: at,
            metrics: { soc_percent: 50, voltage_v: 400, current_a: 1, temp_c: 20 },
          }));
        await send(service.url, "/telemetry", "application/json", `[${messages}]`);
        const rows = Array.from({ length: 200 }, (_, meter) => `meter-${meter},${at},1`);
        const text = `smart_meter_id,timestamp,power_kw\n${rows.join("\n")}\n`;
        await send(service.url, "/api/readings", "text/csv", text);
      }
      const bytes = await weigh(service.url, "/");
      const sum = [...bytes.values()].reduce((one, other) => one + other, 0);
      if (Deno.env.has("SHOW_FIGURES")) console.log(sum, bytes);
      assert(bytes.size >= 5, "the page has its style and its modules");
      assert(sum > 10_000 && sum <= HOME_MAX_BYTES, `${sum} bytes: ${JSON.stringify([...bytes])}`);
    }
  },
});

Deno.test({
  name: "the heat map of 525,600 readings loads at most 2 MB of data, of values that do not repeat",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await using service = await startProcess(folder.path, { KV_PATH: ":memory:" });
    const firstMs = Date.UTC(2023, 0, 1);
    let text = "timestamp,power_kw\n", seed = 1;
    for (let minute = 0; minute < 525_600; minute++) {
      // Numbers that compression cannot shorten, with three decimals as meters have them.
      seed = seed * 48_271 % 2_147_483_647;
      const time = new Date(firstMs + minute * 60_000).toISOString().slice(0, 16);
      text += `${time}Z,${seed % 60_000 / 1_000}\n`;
    }
    await send(service.url, "/api/meters/m/readings", "text/csv", text);
    const bytes = await weigh(service.url, "/meters/m?year=2023");
    const [[name, size]] = [...bytes].filter(([name]) => name.includes("/heatmap?"));
    if (Deno.env.has("SHOW_FIGURES")) console.log(name, size);
    assert(size > 525_600 && size <= HEAT_MAP_MAX_BYTES, `${size} bytes`);
  },
});

import { assert, assertEquals } from "../support/assert.ts";
import { pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { askJson, type JsonAnswer } from "../support/service.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const ZONES = "store_id,timezone_str\n1,Europe/Berlin\n2,Mars/Base\n";
const HOURS = "store_id,dayOfWeek,start_time_local,end_time_local\n1,0,09:00:00,17:00:00\n";
const STATUS = "store_id,status,timestamp_utc\n1,active,2023-01-25 12:09:39.388884 UTC\n";

Deno.test("STORE_DATA_DIR is loaded at start, and later only the files that changed", async () => {
  await using folder = await makeTempFolder();
  const dir = `${folder.path}/data`;
  await Deno.mkdir(dir);
  await write(dir, { "timezones.csv": ZONES, "menu_hours.csv": HOURS, "store_status.csv": STATUS });
  {
    await using service = await startProcess(folder.path, { STORE_DATA_DIR: dir });
    const events = await untilLogged(service, 3);
    assertEquals(events.map(({ event }) => event), Array(3).fill("store file loaded"));
    assertEquals(events.map(({ received, rejected }) => [received, rejected]), [
      [2, 1],
      [1, 0],
      [1, 0],
    ]);
    assertEquals(events[0].rejects[0].value, "Mars/Base");
    const { body } = await askJson(`${service.url}/stores/1`);
    assertEquals([body.timezone_str, body.hours.length, body.count], ["Europe/Berlin", 1, 1]);
  }
  await write(dir, { "store_status.csv": `${STATUS}1,inactive,2023-01-25 13:00:00 UTC\n` });
  await using service = await startProcess(folder.path, { STORE_DATA_DIR: dir });
  const events = await untilLogged(service, 3);
  assertEquals(events.map(({ event }) => event), [
    "store file unchanged",
    "store file unchanged",
    "store file loaded",
  ]);
  assertEquals([events[2].inserted, events[2].unchanged], [1, 1]);
  assertEquals((await askJson(`${service.url}/stores/1`)).body.count, 2);
});

Deno.test("missing or wrong files in STORE_DATA_DIR are logged, and the others are loaded", async () => {
  await using folder = await makeTempFolder();
  const dir = `${folder.path}/data`;
  await Deno.mkdir(`${dir}/timezones.csv`, { recursive: true });
  await write(dir, { "menu_hours.csv": "a,b\n1,2\n", "store_status.csv": STATUS });
  for (let start = 1; start <= 2; start++) {
    await using service = await startProcess(folder.path, { STORE_DATA_DIR: dir });
    const events = await untilLogged(service, 3);
    assertEquals(events.map(({ event, level }) => [event, level]), [
      ["store file missing", "warn"],
      ["store file not loaded", "error"],
      [start === 1 ? "store file loaded" : "store file unchanged", "info"],
    ]);
    assertEquals(events[1].error.message.startsWith("The header has no store_id"), true);
    assertEquals((await askJson(`${service.url}/health`)).status, 200);
  }
  await using service = await startProcess(folder.path, { STORE_DATA_DIR: `${dir}/none` });
  const events = await untilLogged(service, 3);
  assertEquals(events.map(({ event }) => event), Array(3).fill("store file missing"));
});

Deno.test("a load cut short by a stop or kill -9 is repeated at the next start", async () => {
  await using folder = await makeTempFolder();
  const rows = Array.from({ length: 300_000 }, (_, index) => {
    const time = new Date(Date.UTC(2023, 0, 1) + Math.floor(index / 500) * 3_600_000);
    return `s${index % 500},${index % 2},${time.toISOString()}\n`;
  });
  await write(folder.path, { "store_status.csv": `store,status,timestamp\n${rows.join("")}` });
  const env = { STORE_DATA_DIR: folder.path };
  let isLoaded = false;
  for (const signal of ["SIGKILL", "SIGTERM", "SIGKILL"] as const) {
    await using service = await startProcess(folder.path, env);
    await pause(Math.random() * 200);
    service.kill(signal);
    const code = await service.ended;
    if (signal === "SIGTERM") assertEquals(code, 0, service.output());
    const events = eventsOf(service);
    assert(!events.some(({ event }) => event === "store file not loaded"), service.output());
    isLoaded ||= events.some(({ event }) => event === "store file loaded");
  }
  await using service = await startProcess(folder.path, env);
  const last = (await untilLogged(service, 3))[2];
  // A round that was killed after the end of the file but before the record of it loads it again.
  if (last.event === "store file loaded") assertEquals(last.received, 300_000);
  else assert(isLoaded, service.output());
  const { body } = await askJson(`${service.url}/stores?limit=1000`);
  assertEquals(body.stores.length, 500);
  for (const store of body.stores) assertEquals(store.count, 600, store.store_id);
});

async function write(folder: string, files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${name}`, text);
  }
}

function eventsOf(service: ServiceProcess): JsonAnswer["body"][] {
  return service.output().split("\n")
    .filter((line) => line.startsWith("{") && line.endsWith("}"))
    .map((line) => JSON.parse(line))
    .filter(({ event }) => event.startsWith("store file"));
}

async function untilLogged(service: ServiceProcess, count: number): Promise<JsonAnswer["body"][]> {
  const endMs = Date.now() + 30_000;
  for (;;) {
    const events = eventsOf(service);
    if (events.length >= count) return events;
    assert(Date.now() < endMs, service.output());
    await pause(10);
  }
}

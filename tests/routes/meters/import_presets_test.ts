import { assertEquals } from "../../support/assert.ts";
import { askJson, startTestService } from "../../support/service.ts";
import { assertProblem } from "../problem_assert.ts";

const ADMIN_KEY = `ow_admin_${"A".repeat(43)}`;
const OPTIONS = {
  delimiter: [";"],
  decimal: [","],
  timestamp: ["Datum", "Uhrzeit"],
  timestamp_format: ["dd.MM.yyyy HH:mm"],
  timezone: ["Europe/Berlin"],
  map: ["Leistung:power_kw:W"],
};
/** 14:00 in Berlin is 12:00 in UTC in May. */
const FILE = "Datum;Uhrzeit;Leistung\n01.05.2024;14:00;1002,5\n";

function put(url: string, name: string, body: unknown, headers: Record<string, string> = {}) {
  return askJson(`${url}/api/import-presets/${name}`, {
    method: "PUT",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
}

function upload(url: string, path: string, body: string, headers: Record<string, string> = {}) {
  return askJson(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "text/csv", ...headers },
    body,
  });
}

async function readingsOf(url: string, meter: string) {
  const query = "start_time=2024-05-01T12:00:00Z&end_time=2024-05-01T14:00:00Z";
  const { body } = await askJson(`${url}/api/meters/${meter}/readings?${query}`);
  return body.data.map(
    ({ timestamp, power_kw }: { timestamp: string; power_kw: number }) => [timestamp, power_kw],
  );
}

Deno.test("a saved preset is listed, replaced and deleted, and stands for its options in an import", async () => {
  await using service = await startTestService({ now: () => Date.UTC(2024, 5, 1) });
  const { url } = service;
  const made = await put(url, "barn", { title: "Barn", options: OPTIONS });
  const expected = {
    name: "barn",
    title: "Barn",
    options: OPTIONS,
    created_at: "2024-06-01T00:00:00Z",
    updated_at: "2024-06-01T00:00:00Z",
  };
  assertEquals([made.status, made.body], [201, expected]);
  assertEquals((await askJson(`${url}/api/import-presets`)).body, { presets: [expected] });
  assertEquals((await askJson(`${url}/api/import-presets/barn`)).body, expected);

  const stored = await upload(url, "/api/meters/a/readings?preset=barn", FILE);
  assertEquals([stored.status, stored.body.inserted], [200, 1]);
  assertEquals(await readingsOf(url, "a"), [["2024-05-01T12:00:00Z", 1.0025]]);
  // What is sent with the preset overrides it.
  await upload(url, "/api/meters/b/readings?preset=barn&timezone=UTC&map=Leistung:power_kw", FILE);
  assertEquals(await readingsOf(url, "b"), [["2024-05-01T14:00:00Z", 1002.5]]);

  const replaced = await put(url, "barn", { options: { ...OPTIONS, timezone: ["UTC"] } });
  assertEquals([replaced.status, replaced.body.title], [200, ""]);
  await upload(url, "/api/meters/c/readings?preset=barn", FILE);
  assertEquals(await readingsOf(url, "c"), [["2024-05-01T14:00:00Z", 1.0025]]);

  const deleted = await fetch(`${url}/api/import-presets/barn`, { method: "DELETE" });
  assertEquals([deleted.status, await deleted.text()], [204, ""]);
  for (
    const gone of [
      await askJson(`${url}/api/import-presets/barn`),
      await askJson(`${url}/api/import-presets/barn`, { method: "DELETE" }),
    ]
  ) {
    assertProblem(gone, {
      status: 404,
      code: "PRESET_NOT_FOUND",
      detail: "You have no preset barn",
    });
  }
  assertProblem(await upload(url, "/api/meters/a/readings?preset=barn", FILE), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "preset must be a name that GET /api/presets or GET /api/import-presets lists",
  });
});

Deno.test("a saved preset names the column of meters for files of many only, and may name a built-in one", async () => {
  await using service = await startTestService();
  const { url } = service;
  await put(url, "fleet", { options: { ...OPTIONS, meter: ["Anlage"] } });
  const many = FILE.replaceAll("\n", ";\n").replace("Leistung;", "Leistung;Anlage")
    .replace("1002,5;", "1002,5;7");
  assertEquals((await upload(url, "/api/readings?preset=fleet", many)).body.meters.length, 1);
  assertEquals(await readingsOf(url, "7"), [["2024-05-01T12:00:00Z", 1.0025]]);
  assertEquals((await upload(url, "/api/meters/x/readings?preset=fleet", FILE)).body.inserted, 1);

  const file = "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity\n" +
    "16/12/2006;17:24:00;nothing;0.418;234.840;18.400\n";
  await put(url, "house", { options: { preset: ["household-power"], missing: ["nothing"] } });
  const { body } = await upload(url, "/api/meters/y/readings?preset=house", file);
  assertEquals([body.inserted, body.rejected], [1, 0]);
});

Deno.test("an inspection tries the options of a saved preset", async () => {
  await using service = await startTestService();
  await put(service.url, "barn", { options: OPTIONS });
  const query = new URLSearchParams({ import: "preset=barn" });
  const { body } = await upload(service.url, `/api/readings/inspect?${query}`, FILE);
  assertEquals(
    body.readings.map(({ timestamp, power_kw }: Record<string, unknown>) => [timestamp, power_kw]),
    [["2024-05-01T12:00:00Z", 1.0025]],
  );
});

Deno.test("everything wrong with a preset is refused at once, with the option it is about", async () => {
  await using service = await startTestService();
  const { url } = service;
  const wrong = { delimiter: ["::"], timezone: ["Mars"], preset: ["nobody"], map: ["a:b:c"] };
  const refused = await put(url, "barn", { options: wrong });
  assertEquals([refused.status, refused.body.code], [400, "INVALID_REQUEST"]);
  assertEquals(
    refused.body.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted(),
    ["/options/delimiter", "/options/map", "/options/preset", "/options/timezone"],
  );
  const misshapen = { options: { dry_run: ["true"], decimal: "," }, x: 1 };
  assertProblem(await put(url, "barn", misshapen), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: /Unknown property 'dry_run'/,
    errors: [
      ["/options/decimal", "decimal must be 1 to 100 texts of at most 1000 characters"],
      ["/options/dry_run", "Unknown property 'dry_run'"],
      ["/x", "Unknown property 'x'"],
    ],
  });
  assertProblem(await put(url, "household-power", { options: {} }), {
    status: 409,
    code: "PRESET_FIXED",
    detail: "The preset household-power is built in; take another name",
  });
  assertProblem(await put(url, "Barn", { options: {} }), {
    status: 400,
    code: "INVALID_REQUEST",
    detail: "The preset's name must be 1 to 64 characters of a-z 0-9 _ - beginning with a letter " +
      "or digit",
  });
  assertEquals((await askJson(`${url}/api/import-presets`)).body, { presets: [] });
});

Deno.test("presets belong to the key that saved them, and the trail says who saved and deleted them", async () => {
  await using service = await startTestService({
    access: { hasKeys: true, oidc: null, adminKey: ADMIN_KEY, publicUrl: null },
  });
  const { url } = service;
  const admin = { authorization: `Bearer ${ADMIN_KEY}` };
  const keyOf = async (scopes: string[]) => {
    const { body } = await askJson(`${url}/api/keys`, {
      method: "POST",
      headers: { "content-type": "application/json", ...admin },
      body: JSON.stringify({ name: scopes.join(), scopes }),
    });
    return { authorization: `Bearer ${body.key}` };
  };
  const [one, other, reader] = [
    await keyOf(["import"]),
    await keyOf(["import"]),
    await keyOf(["read"]),
  ];
  assertEquals((await put(url, "barn", { options: OPTIONS }, one)).status, 201);
  assertEquals((await askJson(`${url}/api/import-presets`, { headers: other })).body.presets, []);
  assertEquals((await askJson(`${url}/api/import-presets`, { headers: reader })).status, 403);
  const path = "/api/meters/a/readings?preset=barn&dry_run=true";
  assertEquals((await upload(url, path, FILE, other)).status, 400);
  assertEquals((await upload(url, path, FILE, one)).status, 200);
  await fetch(`${url}/api/import-presets/barn`, { method: "DELETE", headers: one });
  const { body } = await askJson(`${url}/api/audit?limit=20`, { headers: admin });
  assertEquals(
    body.entries.filter(({ action }: { action: string }) => action.startsWith("import_preset."))
      .map(({ action, subject, outcome }: Record<string, unknown>) => [action, subject, outcome]),
    [
      ["import_preset.delete", { kind: "import_preset", id: "barn" }, "done"],
      ["import_preset.change", { kind: "import_preset", id: "barn" }, "done"],
    ],
  );
});

import { assertEquals } from "../../support/assert.ts";
import { askJson, startTestService } from "../../support/service.ts";
import { assertProblem } from "../problem_assert.ts";

const METRICS = [
  { name: "pv_power_w", unit: "W", min: 0, max: 20_000, aggregate: "mean", required: true },
  { name: "yield_kwh", unit: "kWh", label: "Yield", aggregate: "max" },
];

function put(url: string, name: string, body: unknown) {
  return askJson(`${url}/api/profiles/${name}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

Deno.test("a profile is defined, listed after the built-in ones, changed and deleted", async () => {
  await using service = await startTestService();
  const { url } = service;
  const created = await put(url, "inverter", { title: "Inverter", metrics: METRICS });
  assertEquals(created.status, 201);
  const expected = {
    name: "inverter",
    title: "Inverter",
    state: "unused",
    retention_days: null,
    metrics: [
      { ...METRICS[0], label: null },
      { ...METRICS[1], min: null, max: null, required: false },
    ],
  };
  assertEquals(created.body, expected);
  assertEquals((await askJson(`${url}/api/profiles/inverter`)).body, expected);
  const { body: { profiles } } = await askJson(`${url}/api/profiles`);
  assertEquals(
    profiles.map(({ name, state }: { name: string; state: string }) => [name, state]),
    [["meter", "built_in"], ["battery", "built_in"], ["appliance", "built_in"], [
      "inverter",
      "unused",
    ]],
  );
  assertEquals(profiles[3], expected);
  const changed = await put(url, "inverter", { retention_days: 730, metrics: METRICS });
  assertEquals([changed.status, changed.body.title, changed.body.retention_days], [200, null, 730]);
  const deleted = await fetch(`${url}/api/profiles/inverter`, { method: "DELETE" });
  assertEquals([deleted.status, await deleted.text()], [204, ""]);
  assertProblem(await askJson(`${url}/api/profiles/inverter`), {
    status: 404,
    code: "PROFILE_NOT_FOUND",
    detail: "There is no profile inverter",
  });
});

Deno.test("the built-in profiles have the metrics of the users' contract and cannot change", async () => {
  await using service = await startTestService();
  const { body } = await askJson(`${service.url}/api/profiles/battery`);
  assertEquals(body.metrics[1], {
    name: "voltage_v",
    unit: "V",
    label: null,
    min: 200,
    max: 500,
    aggregate: "mean",
    required: true,
  });
  for (const name of ["meter", "battery", "appliance", "site"]) {
    assertProblem(await put(service.url, name, { metrics: METRICS }), {
      status: 409,
      code: "PROFILE_FIXED",
      detail: `The profile ${name} belongs to the service and cannot change`,
    });
  }
  assertEquals((await askJson(`${service.url}/api/profiles/site`)).status, 404);
});

Deno.test("everything that is wrong with a definition is reported at once", async () => {
  await using service = await startTestService();
  const metrics = [
    { name: "1st", unit: "", aggregate: "median" },
    { name: "timestamp", unit: "s", aggregate: "last", min: 5, max: 4 },
    { name: "power", unit: "W", aggregate: "sum", colour: 1, required: "yes" },
    5,
  ];
  const answer = await put(service.url, "inverter", { title: "", metrics, unit: "W" });
  assertEquals(answer.status, 400);
  const pointers = answer.body.errors.map(({ pointer }: { pointer: string }) => pointer);
  assertEquals(pointers.toSorted(), [
    "/metrics/0/aggregate",
    "/metrics/0/name",
    "/metrics/0/unit",
    "/metrics/1/max",
    "/metrics/1/name",
    "/metrics/2/colour",
    "/metrics/2/required",
    "/metrics/3",
    "/title",
    "/unit",
  ]);
  assertEquals((await askJson(`${service.url}/api/profiles/inverter`)).status, 404);
});

for (
  const [what, metrics, detail] of [
    [
      "a range that ends before it begins",
      [{ ...METRICS[0], min: 5, max: 4 }],
      "max must not be less than min",
    ],
    [
      "a name twice",
      [METRICS[0], { ...METRICS[1], name: "PV_power_w" }],
      "name must not repeat, not even in other case: PV_power_w",
    ],
    ["no metrics", [], "metrics must be a list of 1 to 64 metrics"],
    [
      "65 metrics",
      Array.from({ length: 65 }, (_, index) => ({ ...METRICS[1], name: `m${index}` })),
      "metrics must be a list of 1 to 64 metrics",
    ],
  ] as const
) {
  Deno.test(`a definition with ${what} is refused`, async () => {
    await using service = await startTestService({ role: "api" });
    assertProblem(await put(service.url, "inverter", { metrics }), {
      status: 400,
      code: "INVALID_REQUEST",
      detail,
    });
  });
}

Deno.test("64 metrics are possible, and names of 64 characters", async () => {
  await using service = await startTestService({ role: "api" });
  const metrics = Array.from({ length: 64 }, (_, index) => ({ ...METRICS[1], name: `m${index}` }));
  assertEquals((await put(service.url, "p".repeat(64), { metrics })).status, 201);
});

for (const name of ["Inverter", "1a", "a-b", "a".repeat(65), "_a"]) {
  Deno.test(`the name ${name.slice(0, 12)} is refused`, async () => {
    await using service = await startTestService({ role: "api" });
    assertProblem(await put(service.url, name, { metrics: METRICS }), {
      status: 400,
      code: "INVALID_REQUEST",
      detail: "The profile's name must be 1 to 64 characters of a-z 0-9 _ beginning with a letter",
    });
  });
}

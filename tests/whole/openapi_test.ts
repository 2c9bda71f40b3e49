import config from "../../deno.json" with { type: "json" };
import { type RouteName, ruleOf } from "../../routes/access/route_rules.ts";
import { PROBLEMS } from "../../routes/http/problem.ts";
import { createTestApp } from "../routes/app_fixture.ts";
import { assert, assertEquals } from "../support/assert.ts";
import type { Json } from "../support/openapi.ts";

async function readDocument(): Promise<Json> {
  return await (await createTestApp().app.request("/openapi.json")).json();
}

function operationsOf({ paths }: Json): { name: string; operation: Json }[] {
  return Object.entries<Json>(paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      operation,
    }))
  );
}

/** Every response of every operation with the name of its place, references resolved. */
function responsesOf(document: Json): { place: string; status: number; response: Json }[] {
  return operationsOf(document).flatMap(({ name, operation }) =>
    Object.entries<Json>(operation.responses).map(([status, response]) => {
      const shared = response.$ref?.replace("#/components/responses/", "");
      return {
        place: `${status} of ${name}`,
        status: Number(status),
        response: shared === undefined ? response : document.components.responses[shared],
      };
    })
  );
}

Deno.test("the document has every route but those of pages, and nothing else; HEAD is left to HTTP", async () => {
  const { app } = createTestApp();
  const routes = app.routes.filter(({ method }) => method !== "ALL")
    // Another test holds that the table has every route.
    .filter(({ method, path }) => ruleOf(`${method} ${path}` as RouteName).isPage !== true)
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  const documented = operationsOf(await readDocument()).map(({ name }) => name);
  assertEquals(documented.toSorted(), [...new Set(routes)].toSorted());
});

Deno.test("no pattern looks ahead or behind, which programs in Go and Rust cannot do", async () => {
  const patterns = new Set<string>();
  JSON.stringify(await readDocument(), (key, value) => {
    if (key === "pattern" && typeof value === "string") patterns.add(value);
    return value;
  });
  // The ids of meters are among them.
  assert([...patterns].some((pattern) => pattern.includes("[A-Za-z0-9_.:-]")));
  assertEquals([...patterns].filter((pattern) => /\(\?<?[=!]/.test(pattern)), []);
});

/** Codes that no response carries: errors of jobs, and reasons in `GET /ready`. */
const NEVER_ANSWERED = [
  "JOB_ABANDONED",
  "OBJECTS_KEPT",
  "STORAGE_FULL",
  "SERIES_REMOVED",
  "WORKER_NOT_RUNNING",
];

/** Operations whose errors are those of InfluxDB, because its clients read them. */
const INFLUXDB = ["POST /api/v2/write", "POST /write"];

Deno.test("every error has the one Problem schema, and lists its codes in prose and for machines", async () => {
  const document = await readDocument();
  const places = [
    ...responsesOf(document).filter(({ place, status }) =>
      status >= 400 && !INFLUXDB.includes(place.slice("400 of ".length))
    ),
    { place: "other methods", status: 405, response: document["x-other-methods"] },
    { place: "other paths", status: 404, response: document["x-other-paths"] },
  ];
  const codes = new Set<string>();
  for (const { place, status, response } of places) {
    assertEquals(
      response.content["application/problem+json"].schema,
      { $ref: "#/components/schemas/Problem" },
      place,
    );
    const ofPlace: string[] = response["x-problem-codes"];
    assert(ofPlace.length > 0, place);
    for (const code of ofPlace) {
      codes.add(code);
      assert(response.description.includes(`\`${code}\``), `${code} at ${place}`);
      // x-problem-codes holds keys of PROBLEMS, or the lookup below fails.
      assertEquals(PROBLEMS[code as keyof typeof PROBLEMS].status, status, `${code} at ${place}`);
    }
  }
  const answered = Object.keys(PROBLEMS).filter((code) => !NEVER_ANSWERED.includes(code));
  assertEquals([...codes].toSorted(), answered.toSorted());
  const { code } = document.components.schemas.Problem.properties;
  assertEquals(code.enum.toSorted(), answered.toSorted());
});

Deno.test("errors of InfluxDB's operations have the schemas of InfluxDB", async () => {
  const schemas = responsesOf(await readDocument()).flatMap(({ place, status, response }) =>
    status >= 400 && INFLUXDB.includes(place.slice("400 of ".length))
      ? [`${place}: ${response.content["application/json"].schema.$ref.split("/").pop()}`]
      : []
  );
  assertEquals(
    schemas,
    ["V2", "V1"].flatMap((version, index) =>
      [400, 401, 403, 413, 415, 429, 500, 503].map((status) =>
        `${status} of ${INFLUXDB[index]}: WriteError${version}`
      )
    ),
  );
});

Deno.test("no other schema than Problem describes an error, except that of a service that is not ready", async () => {
  const others = responsesOf(await readDocument()).filter(({ status, response }) =>
    status >= 400 && Object.keys(response.content).length > 1
  );
  assertEquals(others.map(({ place }) => place), ["503 of GET /ready"]);
});

Deno.test("links lead from the creation of a job to its status and its file", async () => {
  const document = await readDocument();
  const operations = operationsOf(document);
  const found: string[] = [];
  for (const { place, response } of responsesOf(document)) {
    for (const { operationId, parameters } of Object.values<Json>(response.links ?? {})) {
      const target = operations.find(({ operation }) => operation.operationId === operationId);
      const needed = target?.operation.parameters.filter(({ required }: Json) => required);
      assertEquals(needed.map(({ name }: Json) => name), Object.keys(parameters), place);
      found.push(`${place} to ${operationId}`);
    }
  }
  assertEquals(found, [
    "200 of POST /api/export/csv to getExportStatus",
    "200 of POST /api/export/csv to downloadExport",
    "202 of POST /api/export/csv to getExportStatus",
    "202 of POST /api/export/csv to downloadExport",
    "200 of POST /api/exports to getExport",
    "200 of POST /api/exports to downloadExport",
    "202 of POST /api/exports to getExport",
    "202 of POST /api/exports to downloadExport",
    "200 of POST /api/exports/{export_id}/repeat to getExport",
    "200 of POST /api/exports/{export_id}/repeat to downloadExport",
    "202 of POST /api/exports/{export_id}/repeat to getExport",
    "202 of POST /api/exports/{export_id}/repeat to downloadExport",
    "201 of POST /api/schedules to listScheduleRuns",
    "200 of DELETE /api/meters/{id} to getJob",
    "202 of DELETE /api/meters/{id} to getJob",
    "200 of DELETE /api/meters/{id}/readings to getJob",
    "202 of DELETE /api/meters/{id}/readings to getJob",
    "200 of POST /trigger_report to getReport",
    "200 of POST /trigger_report to downloadReport",
    "202 of POST /trigger_report to getReport",
    "202 of POST /trigger_report to downloadReport",
    "200 of DELETE /devices/{device_id} to getJob",
    "202 of DELETE /devices/{device_id} to getJob",
    "200 of DELETE /stores/{store_id} to getJob",
    "202 of DELETE /stores/{store_id} to getJob",
    "200 of DELETE /devices/{device_id}/readings to getJob",
    "202 of DELETE /devices/{device_id}/readings to getJob",
    "200 of DELETE /stores/{store_id}/polls to getJob",
    "202 of DELETE /stores/{store_id}/polls to getJob",
    "200 of POST /api/deletions to getDeletion",
    "202 of POST /api/deletions to getDeletion",
    "201 of POST /api/alerts to getAlert",
    "201 of POST /api/maintenance-windows to getMaintenanceWindow",
  ]);
});

Deno.test("the document names the release and no server but its own", async () => {
  const document = await readDocument();
  assertEquals([document.openapi, document.info.version], ["3.1.0", "1.2.3"]);
  assertEquals(document.servers.map(({ url }: Json) => url), ["/"]);
});

Deno.test("bodies allow no unknown properties, and named schemas have descriptions", async () => {
  const { components, paths } = await readDocument();
  const open: string[] = [];
  const visit = (value: Json, path: string): void => {
    if (value.properties !== undefined && value.additionalProperties !== false) open.push(path);
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === "object" && inner !== null) visit(inner, `${path}/${name}`);
    }
  };
  visit({ components, paths }, "");
  // A reading of an upload may have more properties, and one of a user's profile has its metrics; the
  // document says little about itself.
  assertEquals(open, [
    "/components/schemas/ProfileReading",
    "/components/schemas/ProfileBucket",
    "/components/schemas/ImportedReading",
    "/paths//openapi.json/get/responses/200/content/application/json/schema",
  ]);
  for (const [name, schema] of Object.entries<Json>(components.schemas)) {
    assert(schema.description?.endsWith("."), name);
  }
});

Deno.test("the packages behind the pages have no dependencies: their bundles are complete", async () => {
  const lock = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));
  for (const name of ["swagger-ui-dist", "redoc", "uplot"] as const) {
    const version = config.imports[name].replace("npm:", "");
    assertEquals(Object.keys(lock.npm[version]), ["integrity"], name);
  }
});

import config from "../../deno.json" with { type: "json" };
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

Deno.test("every route is in the document, and everything in the document is a route", async () => {
  const { app } = createTestApp();
  const routes = app.routes.filter(({ method }) => method !== "ALL").flatMap((route) => {
    const path = route.path.replaceAll(/:(\w+)/g, "{$1}");
    // Hono answers HEAD wherever it answers GET.
    const methods = route.method === "GET" ? ["GET", "HEAD"] : [route.method];
    return methods.map((method) => `${method} ${path}`);
  });
  const documented = operationsOf(await readDocument()).map(({ name }) => name);
  assertEquals(documented.toSorted(), [...new Set(routes)].toSorted());
});

/** Codes that no answer has: what a job failed with, and reasons of `GET /ready`. */
const NEVER_ANSWERED = ["JOB_ABANDONED", "STORAGE_FULL", "SERIES_REMOVED", "WORKER_NOT_RUNNING"];

Deno.test("every code that is answered is documented where its status is, and no other", async () => {
  const document = await readDocument();
  const codes = new Set<string>();
  const places = [document["x-other-methods"], document["x-other-paths"]];
  for (const { operation } of operationsOf(document)) {
    for (const response of Object.values<Json>(operation.responses)) {
      const name = response.$ref?.replace("#/components/responses/", "");
      places.push(name === undefined ? response : document.components.responses[name]);
    }
  }
  for (const { description, content } of places) {
    const schema = content?.["application/problem+json"]?.schema.allOf[1].properties;
    for (const code of schema?.code.enum ?? []) {
      codes.add(code);
      assert(description.includes(`\`${code}\``), code);
      // A key of PROBLEMS, as the schema's type says.
      assertEquals(PROBLEMS[code as keyof typeof PROBLEMS].status, schema.status.const, code);
    }
  }
  const answered = Object.keys(PROBLEMS).filter((code) => !NEVER_ANSWERED.includes(code));
  assertEquals([...codes].toSorted(), answered.toSorted());
  assertEquals(
    document.components.schemas.Problem.properties.code.enum.toSorted(),
    [
      ...codes,
    ].toSorted(),
  );
});

Deno.test("the document names the release and no server but its own", async () => {
  const document = await readDocument();
  assertEquals([document.openapi, document.info.version], ["3.1.0", "1.2.3"]);
  assertEquals(document.servers.map(({ url }: Json) => url), ["/"]);
});

Deno.test("bodies are closed, and everything in them is described", async () => {
  const { components, paths } = await readDocument();
  const open: string[] = [];
  const visit = (value: Json, path: string): void => {
    if (value.properties !== undefined && value.allOf === undefined) {
      const isNarrowing = path.endsWith("/allOf/1");
      if (!isNarrowing && value.additionalProperties !== false) open.push(path);
    }
    for (const [name, inner] of Object.entries(value)) {
      if (typeof inner === "object" && inner !== null) visit(inner, `${path}/${name}`);
    }
  };
  visit({ components, paths }, "");
  // A reading of an upload may have any other property; of itself the document says but that it is one.
  assertEquals(open, [
    "/paths//api/meters/{id}/readings/post/requestBody/content/application/json/schema/items",
    "/paths//openapi.json/get/responses/200/content/application/json/schema",
  ]);
  for (const [name, schema] of Object.entries<Json>(components.schemas)) {
    assert(schema.description?.endsWith("."), name);
  }
});

Deno.test("the packages behind the pages come alone: their bundles hold what they need", async () => {
  const lock = JSON.parse(await Deno.readTextFile(new URL("../../deno.lock", import.meta.url)));
  for (const name of ["swagger-ui-dist", "redoc"] as const) {
    const version = config.imports[name].replace("npm:", "");
    assertEquals(Object.keys(lock.npm[version]), ["integrity"], name);
  }
});

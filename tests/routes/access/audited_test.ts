import { type Context, Hono } from "hono";
import { AppError } from "../../../data/app_error.ts";
import type { AuditEvent } from "../../../data/audit/event.ts";
import type { AuditEnd } from "../../../kv/audit/audit.ts";
import { createCaller } from "../../../data/access/caller.ts";
import { noteAuditDetails, noteAuditSubject } from "../../../routes/access/audited.ts";
import { guardedRoutes } from "../../../routes/access/guarded_routes.ts";
import { problemResponse } from "../../../routes/http/problem.ts";
import { assertEquals } from "../../support/assert.ts";

type Recorded = string | Omit<AuditEvent, "outcome"> | AuditEnd;

/** Sends a request to an audited route with this handler. Returns what was recorded, in order. */
async function recordOf(
  handler: (c: Context) => Response | Promise<Response>,
  id = "D1",
): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  const audit = {
    record: (event: AuditEvent) => Promise.resolve(void recorded.push(event)),
    begin: (event: Omit<AuditEvent, "outcome">) => {
      recorded.push(event);
      return Promise.resolve({ end: (end: AuditEnd) => Promise.resolve(void recorded.push(end)) });
    },
  };
  const app = new Hono();
  app.use((c, next) => {
    c.set("audit", audit);
    c.set("address", "203.0.113.7");
    c.set("caller", CALLER);
    return next();
  });
  const routes = guardedRoutes().put("/devices/:device_id", (c) => {
    recorded.push("handler");
    return handler(c);
  }).get("/devices", (c) => c.text("read"));
  app.route("/", routes.hono);
  app.onError((error) => problemResponse(error));
  await app.request(`/devices/${id}`, { method: "PUT" });
  return recorded;
}

const ACTOR = { kind: "key", id: "k1", name: "Provisioning" } as const;
const CALLER = createCaller({ owner: "key:k1", actor: ACTOR, scopes: ["manage"] });
const BEGIN = {
  caller: CALLER,
  address: "203.0.113.7",
  action: "device.change",
  subject: { kind: "device", id: "D1" },
} as const;

Deno.test("the entry is stored before the handler, and its outcome after it", async () => {
  assertEquals(await recordOf((c) => c.text("changed")), [
    BEGIN,
    "handler",
    { outcome: "done", details: {} },
  ]);
});

Deno.test("a handler can note what the request is about, and details", async () => {
  const [, , end] = await recordOf((c) => {
    noteAuditSubject(c, "key", "k2");
    noteAuditDetails(c, { one: 1 });
    noteAuditDetails(c, { two: 2 });
    return c.text("created");
  });
  assertEquals(end, {
    outcome: "done",
    subject: { kind: "key", id: "k2" },
    details: { one: 1, two: 2 },
  });
});

Deno.test("an error with a code is refused with it, a defect is failed without its text", async () => {
  const codeOf = async (error: unknown) => {
    const [, , end] = await recordOf(() => Promise.reject(error));
    return end;
  };
  assertEquals(await codeOf(new AppError("PROFILE_IN_USE", "It is in use")), {
    outcome: "refused",
    code: "PROFILE_IN_USE",
    details: {},
  });
  assertEquals(await codeOf(new AppError("STORAGE_UNAVAILABLE", "No disk")), {
    outcome: "failed",
    code: "STORAGE_UNAVAILABLE",
    details: {},
  });
  assertEquals(await codeOf(new TypeError("a.b is undefined")), {
    outcome: "failed",
    code: "INTERNAL_ERROR",
    details: {},
  });
  // Hono does not catch what is not an Error.
  const error = await recordOf(() => Promise.reject("text")).catch(String);
  assertEquals(error, "text");
});

Deno.test("a broken upload whose beginning is stored is failed, not refused", async () => {
  const [, , end] = await recordOf(() => {
    const stored = { received: 5, inserted: 4, rejected: 1 };
    throw new AppError("MALFORMED_BODY", "The upload breaks off", { stored });
  });
  assertEquals(end, {
    outcome: "failed",
    code: "MALFORMED_BODY",
    details: { stored: { received: 5, inserted: 4, rejected: 1 } },
  });
});

Deno.test("an endless id is cut", async () => {
  const [begin] = await recordOf((c) => c.text("changed"), "k".repeat(5_000));
  assertEquals(begin, { ...BEGIN, subject: { kind: "device", id: "k".repeat(100) } });
});

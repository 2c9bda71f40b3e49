import { assertEquals, assertStringIncludes } from "../../support/assert.ts";
import { type Ask, type KeyedApp, openKeyedApp } from "../../support/keyed_app.ts";

/** Monday, 1 April 2024, 12:00 in Berlin, which is two hours ahead since the day before. */
const NOW_MS = Date.UTC(2024, 3, 1, 10);
const CSV = { "content-type": "text/csv" };

/**
 * Open every day from 01:00 to 05:00. On Sunday the clock springs from 02:00 to 03:00, so that day has
 * three open hours: 00:00 to 03:00 UTC.
 */
const HOURS = "store_id,day,start,end\n" +
  [0, 1, 2, 3, 4, 5, 6].map((day) => `berlin,${day},01:00,05:00\n`).join("");
const POLLS = `store_id,timestamp_utc,status
berlin,2024-03-30T00:30:00Z,active
berlin,2024-03-31T00:30:00Z,inactive
berlin,2024-03-31T02:00:00Z,active
`;

async function seed(ask: Ask): Promise<void> {
  const uploads = { hours: HOURS, status: POLLS, timezones: "store_id,tz\nberlin,Europe/Berlin\n" };
  for (const [kind, body] of Object.entries(uploads)) {
    assertEquals((await ask(`POST /stores/${kind}`, { headers: CSV, body })).status, 200);
  }
}

async function openSeeded(now: () => number = () => NOW_MS): Promise<KeyedApp> {
  const app = await openKeyedApp(now);
  await seed(app.as("all"));
  return app;
}

/** Date, state, and open, up, down and unknown hours of each part. */
function rowsOf(body: { parts: Record<string, number | string>[] }) {
  return body.parts.map((part) =>
    [
      part.date,
      part.state,
      ...["open", "up", "down", "unknown"].map((name) => Number(part[`${name}_seconds`]) / 3_600),
    ].join(" ")
  );
}

Deno.test("days have their own length of open time, and each is divided by the polls", async () => {
  await using app = await openSeeded();
  const { body } = await app.as("all")("GET /stores/berlin/uptime?days=4");
  assertEquals(body.timezone, "Europe/Berlin");
  assertEquals(body.from, "2024-03-28T23:00:00Z");
  assertEquals(body.to, "2024-04-01T10:00:00Z");
  assertEquals(rowsOf(body), [
    // Before the first poll its status counts.
    "2024-03-29 up 4 4 0 0",
    "2024-03-30 up 4 4 0 0",
    // Up from 00:00 to 00:30 and from 02:00 to 03:00 UTC.
    "2024-03-31 down 3 1.5 1.5 0",
    "2024-04-01 up 4 4 0 0",
  ]);
  assertEquals([body.open_seconds / 3_600, body.down_seconds / 3_600], [15, 1.5]);
  assertEquals(body.uptime_percent, 90);
});

Deno.test("what is too far from a poll is unknown, and a day without open time is closed", async () => {
  await using app = await openSeeded();
  const ask = app.as("all");
  const { body } = await ask("GET /stores/berlin/uptime?days=4&max_hold_hours=1");
  assertEquals(rowsOf(body), [
    "2024-03-29 unknown 4 0 0 4",
    // 00:00 to 01:30 UTC is near the poll of 00:30; it is open until 04:00.
    "2024-03-30 up 4 1.5 0 2.5",
    // The last poll of the day before is gone; 00:30 to 01:30 down, 02:00 to 03:00 up.
    "2024-03-31 down 3 1 1 1",
    "2024-04-01 unknown 4 0 0 4",
  ]);
  const hours = [{ day_of_week: 6, start_time_local: "01:00", end_time_local: "05:00" }];
  await ask("PUT /stores/berlin", { body: { hours } });
  const changed = await ask("GET /stores/berlin/uptime?from=2024-03-30&to=2024-03-31");
  assertEquals(rowsOf(changed.body), ["2024-03-30 closed 0 0 0 0", "2024-03-31 down 3 1.5 1.5 0"]);
});

Deno.test("hours are parts too: the skipped one has none, the open ones are whole", async () => {
  await using app = await openSeeded();
  const path = "/stores/berlin/uptime?from=2024-03-31&to=2024-03-31&bucket=hour";
  const { body } = await app.as("all")(`GET ${path}`);
  assertEquals(body.parts.length, 23);
  assertEquals(body.parts.slice(0, 5).map((part: Record<string, unknown>) => part.state), [
    "closed",
    "down",
    "down",
    "up",
    "closed",
  ]);
});

Deno.test("answers that are kept follow the clock, new polls, and other hours", async () => {
  let nowMs = NOW_MS;
  await using app = await openSeeded(() => nowMs);
  const ask = app.as("all");
  const today = async () => {
    const { body } = await ask("GET /stores/berlin/uptime?days=2");
    return rowsOf(body).at(-1);
  };
  nowMs = Date.UTC(2024, 3, 1, 1);
  assertEquals(await today(), "2024-04-01 up 2 2 0 0");
  nowMs = Date.UTC(2024, 3, 1, 2);
  assertEquals(await today(), "2024-04-01 up 3 3 0 0");
  const body = "store_id,timestamp_utc,status\nberlin,2024-04-01T01:00:00Z,inactive\n";
  await ask("POST /stores/status", { headers: CSV, body });
  assertEquals(await today(), "2024-04-01 down 3 2 1 0");
  await ask("PUT /stores/berlin", { body: { timezone_str: "UTC" } });
  assertEquals(await today(), "2024-04-01 down 1 0 1 0");
  nowMs = Date.UTC(2024, 3, 2, 4);
  assertEquals(await today(), "2024-04-02 down 3 0 3 0");
});

Deno.test("a day explains itself: when it was open, and which polls say what", async () => {
  await using app = await openSeeded();
  const ask = app.as("all");
  const { body } = await ask("GET /stores/berlin/uptime/2024-03-31?max_hold_hours=1");
  assertEquals(body.open, [{ from: "2024-03-31T00:00:00Z", to: "2024-03-31T03:00:00Z" }]);
  const at = (time: string) => `2024-03-31T${time}:00Z`;
  const poll = (time: string) => ({ polls: 1, first_poll: at(time), last_poll: at(time) });
  const none = { polls: 0, first_poll: null, last_poll: null };
  assertEquals(body.stretches, [
    { from: at("00:00"), to: at("00:30"), state: "unknown", ...none },
    { from: at("00:30"), to: at("01:30"), state: "down", ...poll("00:30") },
    { from: at("01:30"), to: at("02:00"), state: "unknown", ...none },
    { from: at("02:00"), to: at("03:00"), state: "up", ...poll("02:00") },
  ]);
  assertEquals([body.up_seconds, body.down_seconds, body.unknown_seconds], [3_600, 3_600, 3_600]);
  // Without a limit, the poll of the day before counts until 00:30.
  const whole = await ask("GET /stores/berlin/uptime/2024-03-31");
  assertEquals(whole.body.stretches[0].first_poll, "2024-03-30T00:30:00Z");
  assertEquals((await ask("GET /stores/berlin/uptime/2024-04-02")).status, 400);
  assertEquals((await ask("GET /stores/berlin/uptime/2024-02-30")).status, 400);
});

Deno.test("a change is tried on the last week without being stored, then stored and audited", async () => {
  await using app = await openSeeded();
  const ask = app.as("all");
  const change = { hours: [{ day_of_week: 6, start_time_local: "3:00", end_time_local: "24:00" }] };
  const { body } = await ask("POST /stores/berlin/uptime/preview", { body: change });
  // Six days of four hours and one of three; the changed Sunday has 21 hours from 01:00 UTC on.
  assertEquals(body.before.open_seconds, 27 * 3_600);
  assertEquals([body.after.open_seconds, body.after.down_seconds], [21 * 3_600, 3_600]);
  const stored = { day_of_week: 6, start_time_local: "03:00:00", end_time_local: "23:59:59" };
  assertEquals(body.hours, [stored]);
  assertEquals((await ask("GET /stores/berlin")).body.hours.length, 7);

  const saved = await ask("PUT /stores/berlin", { body: change });
  assertEquals(saved.body.hours, [stored]);
  assertEquals(saved.body.timezone_str, "Europe/Berlin");
  const gone = await ask("PUT /stores/berlin", { body: { hours: null, timezone_str: null } });
  assertEquals([gone.body.hours, gone.body.timezone_str, gone.body.count], [null, null, 3]);
  const made = await ask("PUT /stores/new", { body: { timezone_str: "Asia/Kolkata" } });
  assertEquals([made.status, made.body.count], [200, 0]);
  assertEquals((await ask("PUT /stores/none", { body: { hours: null } })).status, 404);
});

Deno.test("everything wrong with a change is said at once, and with a range what is wrong", async () => {
  await using app = await openSeeded();
  const ask = app.as("all");
  const hours = [
    { day_of_week: 0, start_time_local: "9 am", end_time_local: "25:00" },
    { day_of_week: 1, start_time_local: "09:00", end_time_local: "09:00" },
  ];
  const { body, status } = await ask("PUT /stores/berlin", { body: { hours } });
  assertEquals(status, 400);
  assertEquals(body.errors.map((error: { pointer: string }) => error.pointer), [
    "/hours/0/start_time_local",
    "/hours/0/end_time_local",
    "/hours/1/end_time_local",
  ]);
  const zone = await ask("PUT /stores/berlin", { body: { timezone_str: "Mars/Base" } });
  assertEquals([zone.status, zone.body.errors[0].pointer], [400, "/timezone_str"]);
  for (
    const [query, detail] of [
      ["days=367", "days must be"],
      ["days=2&from=2024-01-01", "Send days, or"],
      ["from=2024-01-01", "from needs to"],
      ["from=2024-01-02&to=2024-01-01", "to must be after from"],
      ["days=93&bucket=hour", "at most 92 days"],
      ["max_hold_hours=0", "max_hold_hours must be"],
    ]
  ) {
    const answer = await ask(`GET /stores/berlin/uptime?${query}`);
    assertEquals(answer.status, 400, query);
    assertStringIncludes(answer.text, detail);
  }
});

Deno.test("a key sees and changes the stores of its patterns only", async () => {
  await using app = await openSeeded();
  const ask = app.as("other", { patterns: { store: ["paris*"] } });
  for (
    const request of [
      "GET /stores/berlin/uptime",
      "GET /stores/berlin/uptime/2024-03-31",
    ]
  ) {
    assertEquals((await ask(request)).status, 404, request);
  }
  const body = { hours: [] };
  assertEquals((await ask("PUT /stores/berlin", { body })).status, 404);
  assertEquals((await ask("POST /stores/berlin/uptime/preview", { body })).status, 404);
  const reader = app.as("reader", { scopes: ["read"] });
  assertEquals((await reader("PUT /stores/berlin", { body })).status, 403);
  assertEquals((await reader("POST /stores/berlin/uptime/preview", { body })).status, 200);
});

import { assertEquals } from "../../support/assert.ts";
import { askJson, postJson, startTestService, TEST_SETTINGS } from "../../support/service.ts";

const DAY = { smart_meter_id: "m1", start_datetime: "2024-01-01", end_datetime: "2024-01-01" };
const SET_UP = {
  ...TEST_SETTINGS,
  role: "api",
  delivery: {
    mail: {
      server: { host: "localhost", port: 1, security: "none", login: null },
      sender: { name: "", address: "openwatts@example.com" },
    },
    folder: "delivered",
    buckets: ["s3://grid/files"],
  },
} as const;
const TARGETS = {
  notify: { email: ["a@example.com"] },
  deliver: [
    { to: "email", email: ["b@example.com", "c@example.com"] },
    { to: "folder", name: "{meter}/{start:yyyy-MM}.{ext}" },
    { to: "s3://grid/files/meters" },
  ],
};

const HOOK = { to: "webhook", webhook: ["w1"] };

/** The pointers and sentences of a refusal. */
function errorsOf(body: { errors?: { pointer: string; detail: string }[] }): string[] {
  return (body.errors ?? []).map(({ pointer, detail }) => `${pointer} ${detail}`);
}

Deno.test("a request that needs a missing setting is refused, and the refusal names all that are missing", async () => {
  await using service = await startTestService({ role: "api" });
  const missing = [
    "/notify/email E-mail needs the setting SMTP_URL, which is not set",
    "/deliver/0/to E-mail needs the setting SMTP_URL, which is not set",
    "/deliver/1/to Delivery to a folder needs the setting DELIVERY_PATH, which is not set",
    "/deliver/2/to Delivery to S3 needs the setting DELIVERY_BUCKETS, which is not set",
  ];
  for (const path of ["/api/exports", "/api/export/csv", "/trigger_report/"]) {
    const [mail, , bucket] = TARGETS.deliver;
    const body = path === "/trigger_report/"
      ? { ...TARGETS, deliver: [mail, { to: "folder" }, bucket] }
      : { ...DAY, ...TARGETS };
    const { status, body: answer } = await postJson(service.url + path, body);
    assertEquals([status, answer.code], [400, "DELIVERY_NOT_CONFIGURED"], path);
    assertEquals(errorsOf(answer), missing);
    // There is no such webhook either.
    const more = await postJson(service.url + path, { ...body, deliver: [...body.deliver, HOOK] });
    assertEquals([more.status, more.body.code], [400, "INVALID_REQUEST"], path);
    assertEquals(errorsOf(more.body), [
      "/deliver/3/webhook/0 deliver.3.webhook.0 must be the id of a webhook that you have set up",
      ...missing,
      "/deliver/3/to A link to the file needs the setting PUBLIC_URL, which is not set",
    ]);
  }
});

Deno.test("webhooks are refused while WEBHOOKS is off, as no event would reach them", async () => {
  await using service = await startTestService({
    ...SET_UP,
    access: { ...TEST_SETTINGS.access, publicUrl: "https://watts.example" },
    webhooks: { isOn: false, allowPrivate: false },
  });
  const { status, body } = await postJson(`${service.url}/api/exports`, {
    ...DAY,
    notify: { webhook: ["w1"] },
    deliver: [HOOK],
  });
  assertEquals([status, body.code], [400, "DELIVERY_NOT_CONFIGURED"]);
  assertEquals(errorsOf(body), [
    "/notify/webhook A webhook needs the setting WEBHOOKS=on, which is not set",
    "/deliver/0/to A webhook needs the setting WEBHOOKS=on, which is not set",
  ]);
});

Deno.test("an export shows its targets, and repeat keeps them; the file of the request stays the same", async () => {
  await using service = await startTestService(SET_UP);
  const { url } = service;
  const created = await postJson(`${url}/api/exports`, { ...DAY, ...TARGETS });
  assertEquals(created.status, 200);
  const { body: shown } = await askJson(`${url}/api/exports/${created.body.job_id}`);
  assertEquals(shown.request.notify, TARGETS.notify);
  assertEquals(shown.request.deliver, TARGETS.deliver);
  const repeated = await postJson(`${url}/api/exports/${created.body.job_id}/repeat`, {});
  const { body: again } = await askJson(`${url}/api/exports/${repeated.body.job_id}`);
  assertEquals(again.request, shown.request);
  const plain = await postJson(`${url}/api/exports`, DAY);
  const { body: without } = await askJson(`${url}/api/exports/${plain.body.job_id}`);
  assertEquals("notify" in without.request || "deliver" in without.request, false);
});

Deno.test("the same Idempotency-Key with other targets is another request; with the same it is the same job", async () => {
  await using service = await startTestService(SET_UP);
  const send = (body: unknown) =>
    postJson(`${service.url}/api/exports`, body, { "idempotency-key": "k1" });
  const first = await send({ ...DAY, ...TARGETS });
  assertEquals((await send({ ...TARGETS, ...DAY })).body.job_id, first.body.job_id);
  assertEquals((await send(DAY)).body.code, "IDEMPOTENCY_KEY_REUSED");
  const others = { ...TARGETS, notify: { email: ["z@example.com"] } };
  assertEquals((await send({ ...DAY, ...others })).body.code, "IDEMPOTENCY_KEY_REUSED");
});

Deno.test("a report takes targets, and the history shows them", async () => {
  await using service = await startTestService(SET_UP);
  const { url } = service;
  const deliver = [{ to: "folder", name: "{start:yyyy-MM}/{filename}" }];
  const body = { from: "2024-01-01", to: "2024-01-31", deliver };
  assertEquals((await postJson(`${url}/trigger_report/`, body)).status, 200);
  const { body: list } = await askJson(`${url}/reports`);
  assertEquals(list.reports[0].request.deliver, deliver);
  // Without a range there is no start.
  const { status, body: refused } = await postJson(`${url}/trigger_report/`, { deliver });
  assertEquals(status, 400);
  assertEquals(refused.errors[0].pointer, "/deliver/0/name");
});

Deno.test("all that is wrong with targets is named at once, with the rest of the request", async () => {
  await using service = await startTestService(SET_UP);
  const { status, body } = await postJson(`${service.url}/api/exports`, {
    smart_meter_ids: ["m1", "m2"],
    start_datetime: "2024-01-01",
    notify: { email: ["a@example.com\r\nBcc: b@example.com"], sms: ["1"] },
    deliver: [
      { to: "folder", name: "{meter}/../x" },
      { to: "ftp://host" },
      { to: "email" },
      { to: "s3://grid/files", email: ["a@example.com"] },
    ],
  });
  assertEquals(status, 400);
  const found = errorsOf(body);
  for (
    const start of [
      "/notify/email/0 notify.email must be one e-mail address",
      "/notify/sms Unknown property",
      "/deliver/1/to deliver.1.to must be email, webhook, folder or s3://BUCKET/PREFIX",
      "/deliver/2/email deliver.2.email must be there with to email",
      "/deliver/3/email deliver.3.email must be left out with to s3://grid/files",
      "/end_datetime end_datetime is required",
      // The other places and fields are wrong too.
      "/deliver/0/name deliver.0.name must be a name below a folder",
    ]
  ) assertEquals(found.some((text) => text.startsWith(start)), true, `${start} in ${found}`);
});

Deno.test("names of files, places and numbers of recipients are bounded", async () => {
  await using service = await startTestService(SET_UP);
  const refusal = async (targets: unknown) => {
    const { status, body } = await postJson(`${service.url}/api/exports`, {
      ...DAY,
      ...targets as Record<string, unknown>,
    });
    return status === 400 ? errorsOf(body).join() : `${status}`;
  };
  const many = (count: number, name: string) =>
    Array.from({ length: count }, (_, index) => `${name}${index}@example.com`);
  assertEquals(
    (await refusal({ notify: { email: many(21, "a") } })).startsWith(
      "/notify/email notify.email must be a list of 1 to 20 e-mail addresses",
    ),
    true,
  );
  assertEquals(
    await refusal({
      notify: { email: many(11, "a") },
      deliver: [{ to: "email", email: many(10, "b") }],
    }),
    "/notify notify must have at most 20 e-mail addresses, together with the other field",
  );
  assertEquals(
    (await refusal({ notify: { email: ["a@example.com", "A@example.com"] } })).includes(
      "must be addresses that all differ",
    ),
    true,
  );
  assertEquals(
    (await refusal({ deliver: [{ to: "folder", name: "../x" }] })).includes("dot"),
    true,
  );
  for (const to of ["s3://grid", "s3://grid/filesystem", "s3://other/files", "s3://grid/other"]) {
    assertEquals(
      await refusal({ deliver: [{ to }] }),
      "/deliver/0/to deliver.0.to must be below a place of DELIVERY_BUCKETS: s3://grid/files",
      to,
    );
  }
  for (const to of ["s3://grid/files/../x", "s3://grid/files//x", "s3://grid/fi les"]) {
    assertEquals(
      (await refusal({ deliver: [{ to }] })).startsWith("/deliver/0/to deliver.0.to must"),
      true,
      to,
    );
  }
});

/** A body of an export that is wrong in what different checks look at. */
const ALL_WRONG = {
  notify: { email: ["a@example.com"], webhook: ["wh_0011223344556677"] },
  deliver: [
    { to: "folder", name: "../x" },
    { to: "moon" },
    { to: "email", name: 5 },
    { to: "s3://other/files" },
  ],
};
const ALL_POINTERS = [
  "/deliver/0/name",
  "/deliver/1/to",
  "/deliver/2/email",
  "/deliver/2/name",
  "/deliver/2/name",
  "/deliver/3/to",
  "/notify/webhook/0",
];

Deno.test("form, names, places and webhooks that are wrong do not hide each other", async () => {
  await using service = await startTestService(SET_UP);
  const pointers = async (path: string, body: unknown) => {
    const { status, body: answer } = await postJson(service.url + path, body);
    assertEquals([status, answer.code], [400, "INVALID_REQUEST"], JSON.stringify(answer));
    return answer.errors.map(({ pointer }: { pointer: string }) => pointer).toSorted();
  };
  assertEquals(await pointers("/api/exports", { ...DAY, ...ALL_WRONG }), ALL_POINTERS);
  assertEquals(await pointers("/trigger_report/", ALL_WRONG), ALL_POINTERS);
  const request = { smart_meter_id: "m1", period: "yesterday" };
  const daily = { name: "Daily", cron: "0 6 * * *", request };
  assertEquals(await pointers("/api/schedules", { ...daily, ...ALL_WRONG }), ALL_POINTERS);
  const none = { ...daily, ...ALL_WRONG, request: 5 };
  assertEquals(await pointers("/api/schedules", none), [...ALL_POINTERS, "/request"]);
});

Deno.test("a missing setting hides no wrong field, and is named with it", async () => {
  await using service = await startTestService({ role: "api" });
  const { status, body } = await postJson(`${service.url}/api/schedules`, {
    name: "",
    cron: "61 * * * *",
    request: { smart_meter_id: "m1", period: "yesterday" },
    ...TARGETS,
  });
  assertEquals([status, body.code], [400, "INVALID_REQUEST"]);
  assertEquals(body.errors.map(({ pointer }: { pointer: string }) => pointer), [
    "/name",
    "/cron",
    "/notify/email",
    "/deliver/0/to",
    "/deliver/1/to",
    "/deliver/2/to",
  ]);
});

import { assert, assertEquals } from "../support/assert.ts";
import {
  askJson,
  importText,
  postJson,
  startTestService,
  TEST_SETTINGS,
  type TestService,
} from "../support/service.ts";
import { type MailServer, partsOf, startMailServer, textOf } from "../support/mail_server.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { until } from "../support/until.ts";

const DAY = {
  smart_meter_id: "DE:1",
  start_datetime: "2024-01-01",
  end_datetime: "2024-01-01",
  timezone: "Europe/Berlin",
};
// 23:30 UTC is half past midnight of 1 January in Berlin.
const READINGS = "timestamp,energy_kwh\n2023-12-31T23:30:00Z,1.5\n2024-01-01T12:00:00Z,2\n";

/** A service with a mail server and a folder. */
function startDelivering(mails: MailServer, folder: string) {
  return startTestService({
    webhooks: { isOn: true, allowPrivate: true },
    access: { ...TEST_SETTINGS.access, publicUrl: "https://watts.example" },
    delivery: {
      mail: { server: mails.server, sender: { name: "", address: "openwatts@example.com" } },
      folder,
      buckets: [],
    },
  });
}

/** The deliveries of an export when none waits any more. */
async function deliveriesOf({ url }: TestService, path: string) {
  let found: { to: string; target: string; state: string; attempts: number }[] = [];
  await until(async () => {
    found = (await askJson(url + path)).body.deliveries;
    return found.length > 0 && found.every(({ state }) => state !== "waiting");
  });
  return found.map(({ to, target, state, attempts }) => [to, target, state, attempts]);
}

Deno.test("an export is mailed, with or without the file, and written into the folder; its answer says so", async () => {
  await using mails = await startMailServer();
  await using temp = await makeTempFolder();
  await using service = await startDelivering(mails, temp.path);
  const { url } = service;
  await importText(url, "DE:1", READINGS);
  const { body } = await postJson(`${url}/api/exports`, {
    ...DAY,
    notify: { email: ["tell@example.com"] },
    deliver: [
      { to: "email", email: ["file@example.com"] },
      { to: "folder", name: "{meter}/{start:yyyy-MM-dd}.{ext}" },
    ],
  });
  assertEquals(await deliveriesOf(service, `/api/exports/${body.job_id}`), [
    ["email", "tell@example.com", "delivered", 1],
    ["email", "file@example.com", "delivered", 1],
    ["folder", "DE_1/2024-01-01.csv", "delivered", 1],
  ]);
  const file = await (await fetch(`${url}/api/export/download/${body.job_id}`)).text();
  assert(file.includes("2024-01-01T00:30:00+01:00"), file);
  assertEquals(await Deno.readTextFile(`${temp.path}/DE_1/2024-01-01.csv`), file);
  const mailTo = (address: string) => mails.received.find(({ to }) => to[0] === address);
  const told = mailTo("tell@example.com"), sent = mailTo("file@example.com");
  assert(told !== undefined && sent !== undefined && mails.received.length === 2);
  assertEquals(
    partsOf(sent, "text/csv").map((bytes) => new TextDecoder().decode(bytes)),
    [file],
  );
  assert(told.raw.includes("Subject: Export: meter DE:1, 2024-01-01\r\n"), told.raw);
  const text = textOf(told);
  assert(text.includes("Rows: 2"), text);
  assert(text.includes("Range: 2024-01-01 00:00 (Europe/Berlin)"), text);
  // A link needs no key: only who gets the file may have one.
  assert(!text.includes("/api/links/"), text);
});

Deno.test("who has cancelled mails gets no more of the same sender, and the export says so", async () => {
  await using mails = await startMailServer();
  await using temp = await makeTempFolder();
  await using service = await startDelivering(mails, temp.path);
  const { url } = service;
  await importText(url, "DE:1", READINGS);
  const ask = async () => {
    const notify = { email: ["a@example.com", "b@example.com"] };
    const { body } = await postJson(`${url}/api/exports`, { ...DAY, notify });
    return await deliveriesOf(service, `/api/exports/${body.job_id}`);
  };
  await ask();
  const mail = mails.received.find(({ to }) => to[0] === "a@example.com");
  assert(mail !== undefined);
  const path = /https:\/\/watts\.example(\/mails\/stop\/\S+)/.exec(textOf(mail))?.[1];
  const answer = await fetch(url + path, {
    method: "POST",
    body: new URLSearchParams("List-Unsubscribe=One-Click"),
  });
  await answer.body?.cancel();
  assertEquals((await ask()).map(([, target, state]) => [target, state]), [
    ["a@example.com", "stopped"],
    ["b@example.com", "delivered"],
  ]);
  assertEquals(mails.received.length, 3);
});

Deno.test("a job that fails is mailed too, without a file, and nothing is written", async () => {
  await using mails = await startMailServer();
  await using temp = await makeTempFolder();
  await using service = await startDelivering(mails, temp.path);
  const { body } = await postJson(`${service.url}/api/exports`, {
    ...DAY,
    notify: { email: ["tell@example.com"] },
    deliver: [{ to: "folder" }],
  });
  assertEquals(await deliveriesOf(service, `/api/exports/${body.job_id}`), [
    ["email", "tell@example.com", "delivered", 1],
  ]);
  const [mail] = mails.received;
  assert(mail.raw.includes("Subject: Export failed: meter DE:1, 2024-01-01\r\n"), mail.raw);
  assert(textOf(mail).includes("so there is no file"));
  assertEquals(await Array.fromAsync(Deno.readDir(temp.path)), []);
});

Deno.test("a refused address is reported with what the server said, and the others get their mail", async () => {
  await using mails = await startMailServer({
    onRecipient: (address) => address === "nobody@example.com" ? "550 No such user" : null,
  });
  await using temp = await makeTempFolder();
  await using service = await startDelivering(mails, temp.path);
  const { url } = service;
  await importText(url, "DE:1", READINGS);
  const notify = { email: ["nobody@example.com", "b@example.com"] };
  const { body } = await postJson(`${url}/api/exports`, { ...DAY, notify });
  const path = `/api/exports/${body.job_id}`;
  assertEquals(await deliveriesOf(service, path), [
    ["email", "nobody@example.com", "failed", 1],
    ["email", "b@example.com", "delivered", 1],
  ]);
  const [refused] = (await askJson(url + path)).body.deliveries;
  assert(/answered 550/.test(refused.error), refused.error);
});

Deno.test("a report is delivered like an export", async () => {
  await using mails = await startMailServer();
  await using temp = await makeTempFolder();
  await using service = await startDelivering(mails, temp.path);
  const { url } = service;
  const { body } = await postJson(`${url}/trigger_report/`, {
    from: "2024-01-01",
    to: "2024-01-31",
    deliver: [
      { to: "email", email: ["file@example.com"] },
      { to: "folder", name: "stores/{start:yyyy-MM}.{format}" },
    ],
  });
  assertEquals(await deliveriesOf(service, `/get_report/${body.report_id}/`), [
    ["email", "file@example.com", "delivered", 1],
    ["folder", "stores/2024-01.csv", "delivered", 1],
  ]);
  const file = await (await fetch(`${url}/download_report/${body.report_id}/`)).text();
  assertEquals(await Deno.readTextFile(`${temp.path}/stores/2024-01.csv`), file);
  assert(mails.received[0].raw.includes("Subject: Report: all stores, 2024-01-01 to 2024-01-31"));
});

Deno.test("a webhook to which a file is delivered gets a link that needs no key; one that only hears of it none", async () => {
  await using mails = await startMailServer();
  await using temp = await makeTempFolder();
  await using service = await startDelivering(mails, temp.path);
  const { url } = service;
  // deno-lint-ignore no-explicit-any
  const got: Record<string, any> = {};
  const receiver = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const event = await request.json();
      // The upload is an event too.
      if (event.type === "export.completed") got[new URL(request.url).pathname] = event;
      return new Response(null, { status: 204 });
    },
  );
  await using _ = { [Symbol.asyncDispose]: () => receiver.shutdown() };
  const hook = async (path: string) => {
    const target = `http://127.0.0.1:${receiver.addr.port}${path}`;
    const made = await postJson(`${url}/api/webhooks`, {
      url: target,
      events: ["import.finished"],
    });
    return made.body.id;
  };
  const [file, tell] = [await hook("/file"), await hook("/tell")];
  await importText(url, "DE:1", READINGS);
  const { body } = await postJson(`${url}/api/exports`, {
    ...DAY,
    notify: { webhook: [tell] },
    deliver: [{ to: "webhook", webhook: [file] }],
  });
  const path = `/api/exports/${body.job_id}`;
  assertEquals(await deliveriesOf(service, path), [
    ["webhook", tell, "delivered", 1],
    ["webhook", file, "delivered", 1],
  ]);
  const link = got["/file"].data.file.url;
  assert(link.startsWith("https://watts.example/api/links/exports/"), link);
  const linked = await fetch(link.replace("https://watts.example", url));
  assertEquals((await linked.text()).split("\n").length, 4);
  assertEquals("url" in got["/tell"].data.file, false);
  const unknown = await postJson(`${url}/api/exports`, {
    ...DAY,
    notify: { webhook: ["nobodys"] },
  });
  assertEquals(unknown.body.errors[0].pointer, "/notify/webhook/0");
});

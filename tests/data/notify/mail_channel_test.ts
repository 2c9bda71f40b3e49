import { createHash } from "node:crypto";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import type { DomainEvent, MailRecipient } from "../../../data/events/event.ts";
import { DeliveryFault } from "../../../data/notify/channel.ts";
import {
  createMailChannel,
  MAIL_FILE_MAX_BYTES,
  MAIL_STOPPED,
  type MailChannelDeps,
} from "../../../data/notify/mail_channel.ts";
import type { JobFile } from "../../../data/notify/job_file.ts";
import { createSmtpTransport } from "../../../data/notify/smtp_transport.ts";
import {
  headerOf,
  type MailServer,
  partsOf,
  startMailServer,
  textOf,
} from "../../support/mail_server.ts";

const NOW_MS = Date.parse("2024-02-01T05:05:00Z");
const EVENT: DomainEvent = {
  id: "evt_1",
  type: "export.completed",
  subject: { kind: "job", id: "j1" },
  atMs: NOW_MS,
  account: "key:k1",
  data: {},
};
const { signal } = new AbortController();

function fileOf(text: string, changes: Partial<JobFile> = {}): JobFile {
  const bytes = new TextEncoder().encode(text);
  return {
    filename: "january.csv",
    contentType: "text/csv",
    sizeBytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    expiresMs: NOW_MS + 86_400_000,
    open: () => Promise.resolve(new Blob([bytes]).stream()),
    ...changes,
  };
}

/** Sends a message over a server. */
async function sendOver(
  mails: MailServer,
  { recipient, ...changes }: Partial<MailChannelDeps> & { recipient: Omit<MailRecipient, "kind"> },
) {
  const sender = { name: "", address: "openwatts@example.com" };
  const transport = createSmtpTransport({ server: mails.server, sender });
  const channel = createMailChannel({
    transport,
    senderAddress: sender.address,
    describe: () =>
      Promise.resolve({
        subject: "Export complete",
        intro: "Done.",
        facts: [["Rows", "1"]],
        zone: "Europe/Berlin",
      }),
    findFile: () => Promise.resolve(null),
    linkTo: (_event, file) =>
      Promise.resolve({ url: "https://watts.example/f?x=1", expiresMs: file.expiresMs }),
    stops: {
      isStopped: () => Promise.resolve(false),
      urlOf: ({ kind, id }, address) =>
        Promise.resolve(`https://watts.example/stop/${kind}/${id}/${address.length}`),
    },
    ...changes,
  });
  try {
    const message = { deliveryId: "d1", event: EVENT, attempt: 1, nowMs: NOW_MS };
    return await channel.send({ ...message, recipient: { kind: "email", ...recipient } }, signal);
  } finally {
    await transport.close();
  }
}

Deno.test("a mail with a file has it attached, whole, and no link to it", async () => {
  await using mails = await startMailServer();
  const file = fileOf("timestamp,energy\n2024-01-01,1\n");
  const sent = await sendOver(mails, {
    recipient: { to: ["a@example.com"], hasFile: true },
    findFile: () => Promise.resolve(file),
  });
  assertEquals(sent.request, "Mail to a@example.com: Export complete");
  assertEquals(sent.status, 250);
  const [mail] = mails.received;
  assertEquals(
    partsOf(mail, "text/csv").map((bytes) => new TextDecoder().decode(bytes)),
    ["timestamp,energy\n2024-01-01,1\n"],
  );
  assert(textOf(mail).includes("Attached: january.csv"));
  assert(!textOf(mail).includes("https://watts.example/f"));
});

Deno.test("a file above 10 MB is a link that says until when it is valid", async () => {
  await using mails = await startMailServer();
  const large = fileOf("x", {
    sizeBytes: MAIL_FILE_MAX_BYTES + 1,
    open: () => Promise.reject(new Error("It must not be read")),
  });
  const findFile = () => Promise.resolve(large);
  await sendOver(mails, { recipient: { to: ["a@example.com"], hasFile: true }, findFile });
  const [mail] = mails.received;
  const text = textOf(mail).replaceAll("\r\n", "\n");
  assert(
    text.includes(
      "https://watts.example/f?x=1\n10.0 MB. " +
        "The link is valid until 2024-02-02 06:05 (Europe/Berlin).",
    ),
    text,
  );
  assertEquals(partsOf(mail, "text/csv"), []);
});

Deno.test("a mail that only tells has neither the file nor a link to it, although there is one", async () => {
  await using mails = await startMailServer();
  await sendOver(mails, {
    recipient: { to: ["a@example.com"] },
    findFile: () => Promise.resolve(fileOf("x")),
  });
  const [mail] = mails.received;
  assert(!textOf(mail).includes("https://watts.example/f"), textOf(mail));
  assertEquals(partsOf(mail, "text/csv"), []);
});

Deno.test("a server that takes no mail of that size gets the link instead", async () => {
  let tries = 0;
  await using mails = await startMailServer({
    onData: () => tries++ === 0 ? "552 Message too large" : null,
  });
  await sendOver(mails, {
    recipient: { to: ["a@example.com"], hasFile: true },
    findFile: () => Promise.resolve(fileOf("a,1\n")),
  });
  assertEquals(mails.received.length, 1);
  assert(textOf(mails.received[0]).includes("https://watts.example/f?x=1"));
});

Deno.test("a file that was deleted, or is not the one that was written, is never sent", async () => {
  await using mails = await startMailServer();
  const gone = [null, fileOf("x", { open: () => Promise.resolve(null) })];
  const recipient = { to: ["a@example.com"], hasFile: true };
  for (const file of gone) {
    const findFile = () => Promise.resolve(file);
    const fault = await assertRejects(
      () => sendOver(mails, { recipient, findFile }),
      DeliveryFault,
      "expired or was deleted",
    );
    assertEquals(fault.isFinal, true);
  }
  const findFile = () => Promise.resolve(fileOf("x", { sha256: "0".repeat(64) }));
  const fault = await assertRejects(() => sendOver(mails, { recipient, findFile }), DeliveryFault);
  assertEquals([fault.isFinal, mails.received.length], [false, 0]);
});

Deno.test("every mail has a link that cancels, also for programs (RFC 8058)", async () => {
  await using mails = await startMailServer();
  await sendOver(mails, { recipient: { to: ["a@example.com"] } });
  const origin = { kind: "schedule", id: "s1" } as const;
  const urlOf = () => Promise.resolve("http://localhost:8000/stop/x");
  const stops = { isStopped: () => Promise.resolve(false), urlOf };
  await sendOver(mails, { recipient: { to: ["a@example.com"], origin }, stops });
  const [mail, plain] = mails.received;
  assertEquals(
    headerOf(mail, "list-unsubscribe"),
    "<https://watts.example/stop/asker/key:k1/13>",
  );
  assertEquals(headerOf(mail, "list-unsubscribe-post"), "List-Unsubscribe=One-Click");
  assert(textOf(mail).includes("https://watts.example/stop/asker/key:k1/13"));
  // Without TLS, no program follows the link by itself.
  assertEquals(headerOf(plain, "list-unsubscribe"), "<http://localhost:8000/stop/x>");
  assertEquals(headerOf(plain, "list-unsubscribe-post"), null);
  assert(textOf(plain).includes("mails about this schedule"));
});

Deno.test("an address that has cancelled gets nothing, the others do; each its own mail", async () => {
  await using mails = await startMailServer();
  const stops = {
    isStopped: (_scope: unknown, address: string) => Promise.resolve(address === "a@example.com"),
    urlOf: () => Promise.resolve("https://watts.example/stop/x"),
  };
  await sendOver(mails, {
    recipient: { to: ["a@example.com", "b@example.com", "c@example.com"] },
    stops,
  });
  assertEquals(mails.received.map(({ to }) => to), [["b@example.com"], ["c@example.com"]]);
  const fault = await assertRejects(
    () => sendOver(mails, { recipient: { to: ["a@example.com"] }, stops }),
    DeliveryFault,
    MAIL_STOPPED,
  );
  assertEquals([fault.isFinal, mails.received.length], [true, 2]);
});

Deno.test("the same message again has the same id, and another address has another", async () => {
  await using mails = await startMailServer();
  for (const address of ["a@example.com", "a@example.com", "b@example.com"]) {
    await sendOver(mails, { recipient: { to: [address] } });
  }
  const [first, again, other] = mails.received.map((mail) => headerOf(mail, "message-id"));
  assertEquals(again, first);
  assert(other !== first);
  assert(/^<[0-9a-f]{32}@example\.com>$/.test(first ?? ""), first ?? "");
});

Deno.test("a mail that waits for others to be sent ends with its signal", async () => {
  const started = Promise.withResolvers<void>();
  const hanging = Promise.withResolvers<never>();
  let starts = 0;
  const channel = createMailChannel({
    transport: { send: () => hanging.promise, close: () => Promise.resolve() },
    senderAddress: "openwatts@example.com",
    describe: () => {
      if (++starts === 3) started.resolve();
      return hanging.promise;
    },
    findFile: () => Promise.resolve(null),
    linkTo: () => hanging.promise,
    stops: { isStopped: () => Promise.resolve(false), urlOf: () => hanging.promise },
  });
  const controller = new AbortController();
  const message = { deliveryId: "d1", event: EVENT, attempt: 1, nowMs: NOW_MS };
  const recipient = { kind: "email", to: ["a@example.com"] } as const;
  const sent = Array.from(
    { length: 4 },
    () => channel.send({ ...message, recipient }, controller.signal),
  );
  await started.promise;
  controller.abort(new DOMException("stopping", "AbortError"));
  await assertRejects(() => sent[3], DOMException, "stopping");
  assertEquals(starts, 3);
  hanging.reject(new Error("over"));
  await Promise.allSettled(sent);
});

import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { DeliveryFault } from "../../../data/notify/channel.ts";
import {
  createSmtpTransport,
  type OutgoingMail,
  type SmtpOptions,
} from "../../../data/notify/smtp_transport.ts";
import { AUTHORITY, CERTIFICATE, CERTIFICATE_KEY } from "../../support/certificate.ts";
import {
  headerOf,
  type MailBehaviour,
  type MailServer,
  partsOf,
  startMailServer,
  textOf,
} from "../../support/mail_server.ts";

const SENDER = { name: "Öl & Strom", address: "openwatts@example.com" };
const TLS = { key: CERTIFICATE_KEY, cert: CERTIFICATE };
const MAIL: OutgoingMail = {
  messageId: "d1@example.com",
  to: "accounting@example.com",
  subject: "Export für März",
  text: "Zähler 123\n.\nEnde\n",
  html: "<p>Zähler 123</p>",
  headers: { "Auto-Submitted": "auto-generated" },
  dateMs: Date.parse("2024-02-01T06:05:00Z"),
  file: { filename: "März.csv", contentType: "text/csv", bytes: new TextEncoder().encode("a,1\n") },
};
const { signal } = new AbortController();

/** Sends a mail to a server and closes. */
async function sendTo(
  { server }: Pick<MailServer, "server">,
  { mail = MAIL, ...options }: Partial<SmtpOptions> & { mail?: OutgoingMail } = {},
) {
  const transport = createSmtpTransport({
    server,
    sender: SENDER,
    extraCertificates: [AUTHORITY],
    ...options,
  });
  try {
    return await transport.send(mail, signal);
  } finally {
    await transport.close();
  }
}

/** The fault of a mail to a server that behaves so. */
async function faultAt(behaviour: MailBehaviour, options: Partial<SmtpOptions> = {}) {
  await using mails = await startMailServer(behaviour);
  const fault = await assertRejects(() => sendTo(mails, options), DeliveryFault);
  assertEquals(mails.received, []);
  return fault;
}

Deno.test("a mail arrives with its text, HTML and file, byte for byte", async () => {
  await using mails = await startMailServer();
  const { status } = await sendTo(mails);
  assertEquals(status, 250);
  const [mail] = mails.received;
  assertEquals([mail.from, mail.to], ["openwatts@example.com", ["accounting@example.com"]]);
  assertEquals(textOf(mail).replaceAll("\r\n", "\n"), MAIL.text);
  assert(textOf(mail, "text/html").includes(MAIL.html));
  assertEquals(partsOf(mail, "text/csv"), [MAIL.file?.bytes]);
  assertEquals(headerOf(mail, "message-id"), "<d1@example.com>");
  assertEquals(headerOf(mail, "date"), "Thu, 01 Feb 2024 06:05:00 +0000");
  assertEquals(headerOf(mail, "auto-submitted"), "auto-generated");
  assertEquals(headerOf(mail, "to"), "accounting@example.com");
});

Deno.test("STARTTLS comes before name, password and mail", async () => {
  const login = { user: "energy@example.com", password: "pa:ss wörd" };
  await using mails = await startMailServer({ login, certificate: TLS });
  await sendTo(mails, { clientName: "watts.example" });
  const [{ isSecure, user, client }] = mails.received;
  assertEquals([isSecure, user, client], [true, login.user, "watts.example"]);
});

Deno.test("without STARTTLS, or with a certificate that nobody trusts, nothing is sent and it is tried again", async () => {
  await using mails = await startMailServer({ certificate: TLS, hidesStartTls: true });
  const server = { ...mails.server, security: "starttls" } as const;
  const fault = await assertRejects(() => sendTo({ server }), DeliveryFault);
  assertEquals([fault.isFinal, mails.received.length], [false, 0]);
  const untrusted = await faultAt({ certificate: TLS }, { extraCertificates: undefined });
  assertEquals(untrusted.isFinal, false);
});

Deno.test("a wrong password is named as one of the settings, and tried again", async () => {
  await using mails = await startMailServer({
    login: { user: "u", password: "right" },
    certificate: TLS,
  });
  const server = { ...mails.server, login: { user: "u", password: "wrong" } };
  const fault = await assertRejects(() => sendTo({ server }), DeliveryFault);
  assertEquals(fault.message.includes("refused the name and password of SMTP_URL"), true);
  assertEquals([fault.isFinal, fault.status, mails.received.length], [false, 535, 0]);
  assert(!fault.message.includes("wrong") && !fault.answer.includes("wrong"));
});

Deno.test("4xx is tried again, 5xx is final, and both are reported with what the server said", async () => {
  const cases: [MailBehaviour, number, boolean][] = [
    [{ onRecipient: () => "450 Greylisted, come back" }, 450, false],
    [{ onRecipient: () => "550 No such user" }, 550, true],
    [{ onData: () => "452 No room" }, 452, false],
    [{ onData: () => "552 Too large" }, 552, true],
  ];
  for (const [behaviour, status, isFinal] of cases) {
    const fault = await faultAt(behaviour);
    assertEquals([fault.status, fault.isFinal], [status, isFinal]);
    assert(fault.answer.startsWith(String(status)), fault.answer);
  }
});

/** A server that speaks as the function says, and never understands. */
function rawServer(talk: (connection: Deno.Conn) => Promise<void>) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open: Deno.Conn[] = [];
  const served = (async () => {
    for await (const connection of listener) {
      open.push(connection);
      talk(connection).catch(() => {});
    }
  })();
  return {
    server: { host: "127.0.0.1", port: listener.addr.port, security: "none", login: null } as const,
    async [Symbol.asyncDispose]() {
      listener.close();
      await served.catch(() => {});
      for (const connection of open) {
        try {
          connection.close();
        } catch {
          // It was closed by the test.
        }
      }
    },
  };
}

const write = (connection: Deno.Conn, text: string) =>
  connection.write(new TextEncoder().encode(text));

Deno.test("a server that says nothing, stops in the middle or breaks off is a fault that may pass", async () => {
  const patience = { connectMs: 150, silenceMs: 150 };
  const silent = rawServer(() => Promise.resolve());
  const stops = rawServer(async (connection) => void await write(connection, "220 hello\r\n"));
  const breaks = rawServer(async (connection) => {
    await write(connection, "220 hello\r\n");
    await connection.read(new Uint8Array(1_000));
    connection.close();
  });
  for (const server of [silent, stops, breaks]) {
    await using _ = server;
    const fault = await assertRejects(() => sendTo(server, { patience }), DeliveryFault);
    assertEquals([fault.isFinal, fault.status], [false, null], fault.message);
  }
});

Deno.test("a server that nobody runs is a fault that may pass", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const server = { host: "127.0.0.1", port, security: "none", login: null } as const;
  const fault = await assertRejects(() => sendTo({ server }), DeliveryFault);
  assertEquals(fault.isFinal, false);
});

Deno.test("a stop of the service ends the sending of a mail", async () => {
  await using server = rawServer(() => Promise.resolve());
  const controller = new AbortController();
  const transport = createSmtpTransport({ server: server.server, sender: SENDER });
  const sending = transport.send(MAIL, controller.signal);
  controller.abort(new DOMException("stopping", "AbortError"));
  await assertRejects(() => sending, DOMException, "stopping");
  await transport.close();
});

Deno.test("an address or a name that smells of more reaches nobody else", async () => {
  await using mails = await startMailServer();
  const transport = createSmtpTransport({ server: mails.server, sender: SENDER });
  for (
    const to of [
      "a@example.com, b@example.com",
      "a@example.com\r\nBcc: b@example.com",
      "a@example.com>\r\nRCPT TO:<b@example.com",
      "Name <a@example.com>, b@example.com",
    ]
  ) await transport.send({ ...MAIL, to }, signal).catch(() => {});
  await transport.send({
    ...MAIL,
    subject: "x\r\nBcc: b@example.com\r\n\r\nbody",
    file: { ...MAIL.file!, filename: 'a"\r\nX-Bad: 1\r\n.csv' },
  }, signal);
  await transport.close();
  for (const mail of mails.received) {
    assertEquals(mail.to.filter((address) => address === "b@example.com"), [], mail.raw);
    assertEquals(headerOf(mail, "bcc"), null);
    assertEquals(/^x-bad:/im.test(mail.raw), false, mail.raw);
  }
});

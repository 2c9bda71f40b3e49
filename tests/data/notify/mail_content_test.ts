import { assert, assertEquals } from "../../support/assert.ts";
import { eventMail } from "../../../data/notify/event_mail.ts";
import {
  letterHtml,
  letterText,
  type MailLetter,
  subjectLine,
} from "../../../data/notify/mail_content.ts";
import { sizeText } from "../../../data/notify/mail_channel.ts";
import { zoneTime } from "../../../data/time/zone_time.ts";

const LETTER: MailLetter = {
  subject: "Export complete",
  intro: "The export is complete.",
  facts: [["Rows", "44640"]],
  zone: "UTC",
  link: { url: "https://watts.example/f?a=1&b=2", note: "The link is valid until tomorrow." },
  attached: null,
  stopUrl: "https://watts.example/mails/stop/x",
  stops: "mails about this schedule",
};

Deno.test("a subject is one line, without what shows nothing", () => {
  assertEquals(subjectLine("a\r\nBcc: b@example.com"), "a Bcc: b@example.com");
  assertEquals(subjectLine(" a\u0000\u2028b\u202e  c "), "a b c");
  assertEquals(subjectLine("x".repeat(300)).length, 200);
});

Deno.test("the HTML of a mail escapes every text, and fetches nothing", () => {
  const evil = `"><script>alert('1')</script>&`;
  const html = letterHtml({
    ...LETTER,
    subject: evil,
    intro: evil,
    facts: [[evil, evil]],
    items: [evil],
    attached: evil,
    link: { url: `https://watts.example/?q=${evil}`, note: evil },
    stops: evil,
  });
  assert(!/<script|alert\('1'\)<|<img|<link|<style|src=/.test(html), html);
  assertEquals(html.split("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;").length - 1, 9);
});

Deno.test("the plain text says the same as the HTML, each line on its own", () => {
  const text = letterText({ ...LETTER, items: ["a", "b\nc"], attached: "x.csv" });
  assertEquals(
    text,
    "The export is complete.\n\nRows: 44640\n\n- a\n- b c\n\nAttached: x.csv\n\n" +
      "https://watts.example/f?a=1&b=2\nThe link is valid until tomorrow.\n\n" +
      "-- \nTo cancel mails about this schedule: https://watts.example/mails/stop/x\n",
  );
});

Deno.test("a mail lists 200 items and counts the rest", () => {
  const items = Array.from({ length: 1_000 }, (_, index) => `battery-${index}`);
  const text = letterText({ ...LETTER, items });
  assert(text.includes("- battery-199\n- and 800 more\n"), text.slice(-200));
  assert(letterHtml({ ...LETTER, items }).includes("<li>and 800 more</li>"));
});

Deno.test("an event without words of its own says what happened, when, and what it carries", () => {
  const event = {
    id: "evt_1",
    type: "device.offline",
    subject: { kind: "device", id: "battery-7" },
    atMs: Date.parse("2024-07-01T10:00:00Z"),
    account: null,
  } as const;
  const plain = eventMail({ ...event, data: { last_seen: "2024-07-01T09:50:00Z", none: null } });
  assertEquals(
    plain.subject,
    "Nothing was received from a device for too long: battery-7, 2024-07-01 10:00 (UTC)",
  );
  assertEquals(plain.facts, [["Time", "2024-07-01 10:00 (UTC)"], [
    "Last seen",
    "2024-07-01T09:50:00Z",
  ]]);
  const missed = eventMail({
    ...event,
    type: "schedule.missed",
    data: { name: "Every month", zone: "Europe/Berlin" },
  });
  assertEquals(
    missed.subject,
    "A planned run of a schedule did not take place: Every month, 2024-07-01 12:00 (Europe/Berlin)",
  );
});

Deno.test("a mail of an alert names the rule, its note and each of the subjects", () => {
  const ids = Array.from({ length: 1_000 }, (_, index) => `battery-${index}`);
  const mail = eventMail({
    id: "evt_2",
    type: "alert.firing",
    subject: { kind: "alert", id: "a1" },
    atMs: Date.parse("2024-07-01T10:00:00Z"),
    account: "key:k1",
    data: {
      alert: { id: "a1", name: "Too hot", severity: "critical", note: "Call the plant" },
      text: "Too hot: 1000 devices",
      count: 1_000,
      ids,
      subjects: [{ id: "battery-0", since: "2024-07-01T09:58:00Z", value: 46.2, flapping: true }],
    },
  });
  assertEquals(mail.subject, "Alert: Too hot: 1000 devices, 2024-07-01 10:00 (UTC)");
  assertEquals(mail.facts, [
    ["Time", "2024-07-01 10:00 (UTC)"],
    ["Alert", "Too hot"],
    ["Severity", "critical"],
    ["Note", "Call the plant"],
    ["Number", "1000"],
  ]);
  assertEquals(mail.items?.slice(0, 2), [
    "battery-0, since 2024-07-01 09:58 (UTC), value 46.2, flapping",
    "battery-1",
  ]);
  assertEquals(mail.items?.length, 1_000);
});

// Berlin's clocks went from 3:00 back to 2:00 on 27 October 2024 at 1:00 UTC.
Deno.test("zoneTime() shows the offset in an hour that the clock shows twice, and only there", () => {
  const at = (time: string) => zoneTime(Date.parse(time), "Europe/Berlin");
  assertEquals(at("2024-10-26T23:59:00Z"), "2024-10-27 01:59 (Europe/Berlin)");
  assertEquals(at("2024-10-27T00:00:00Z"), "2024-10-27 02:00 +02:00 (Europe/Berlin)");
  assertEquals(at("2024-10-27T00:59:00Z"), "2024-10-27 02:59 +02:00 (Europe/Berlin)");
  assertEquals(at("2024-10-27T01:00:00Z"), "2024-10-27 02:00 +01:00 (Europe/Berlin)");
  assertEquals(at("2024-10-27T02:00:00Z"), "2024-10-27 03:00 (Europe/Berlin)");
  assertEquals(at("2024-03-31T00:59:00Z"), "2024-03-31 01:59 (Europe/Berlin)");
  assertEquals(at("2024-03-31T01:00:00Z"), "2024-03-31 03:00 (Europe/Berlin)");
  assertEquals(zoneTime(0, "UTC"), "1970-01-01 00:00 (UTC)");
});

Deno.test("sizeText() names sizes as file managers do", () => {
  assertEquals(
    [0, 999, 1_000, 2_235_873, 999_960, 12_300_000, 5_000_000_000].map(sizeText),
    ["0 bytes", "999 bytes", "1.0 kB", "2.2 MB", "1.0 MB", "12.3 MB", "5.0 GB"],
  );
});

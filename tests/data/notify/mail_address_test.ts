import { assert, assertEquals } from "../../support/assert.ts";
import { isMailAddress, parseSender } from "../../../data/notify/mail_address.ts";

Deno.test("isMailAddress() takes a plain address", () => {
  for (
    const address of [
      "energy@example.com",
      "first.last+meter@mail.example.co.uk",
      "o'hara@xn--mnchen-3ya.example",
      "root@localhost",
      `${"a".repeat(64)}@example.com`,
    ]
  ) assert(isMailAddress(address), address);
});

Deno.test("isMailAddress() refuses lists, names, headers and whatever else makes more of one address", () => {
  for (
    const address of [
      "",
      "energy",
      "@example.com",
      "a@",
      "a@b@example.com",
      "a@example.com,b@example.com",
      "a@example.com;b@example.com",
      "a@example.com b@example.com",
      "a@example.com\r\nBcc: b@example.com",
      "a@example.com\n",
      "a\r@example.com",
      "a@exam\u0000ple.com",
      "a@example.com\u2028",
      "Energy <a@example.com>",
      "<a@example.com>",
      "group: a@example.com;",
      '"a b"@example.com',
      '"a@example.com, b"@example.com',
      "a(comment)@example.com",
      "a..b@example.com",
      ".a@example.com",
      "a.@example.com",
      "a@example..com",
      "a@-example.com",
      "a@example-.com",
      "a@example.com.",
      "a@[127.0.0.1]",
      "zähler@example.com",
      "a@zähler.example",
      `${"a".repeat(65)}@example.com`,
      `a@${"b".repeat(64)}.com`,
      `a@${"b.".repeat(126)}com`,
    ]
  ) assert(!isMailAddress(address), address);
});

Deno.test("parseSender() reads an address with or without a name, and no name that is more than one", () => {
  assertEquals(parseSender("a@example.com"), { name: "", address: "a@example.com" });
  assertEquals(parseSender('"Zähler Süd" <a@example.com>'), {
    name: "Zähler Süd",
    address: "a@example.com",
  });
  for (
    const text of [
      "",
      "Energy",
      "Energy a@example.com",
      "Energy, Accounting <a@example.com>",
      "A\r\nBcc: b@example.com <a@example.com>",
      "A <a@example.com>, B <b@example.com>",
      "A <a@example.com> B",
      "A: <a@example.com>;",
      'A "x <a@example.com>',
      `${"n".repeat(101)} <a@example.com>`,
    ]
  ) assertEquals(parseSender(text), null, text);
});

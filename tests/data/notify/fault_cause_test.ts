import { loggedCause } from "../../../data/notify/fault_cause.ts";
import { assertEquals } from "../../support/assert.ts";

Deno.test("a cause shows what failed, with its code and its own causes", () => {
  const inner = Object.assign(new Error("connect ECONNREFUSED 192.0.2.1:443"), {
    code: "ECONNREFUSED",
  });
  const outer = new TypeError("The request failed", { cause: inner });
  const shown = loggedCause(outer);
  assertEquals([shown?.name, shown?.message], ["TypeError", "The request failed"]);
  assertEquals([shown?.cause?.code, shown?.cause?.message], [
    "ECONNREFUSED",
    "connect ECONNREFUSED 192.0.2.1:443",
  ]);
  assertEquals(shown?.stack?.includes("fault_cause_test.ts"), true);
  assertEquals(loggedCause(undefined), undefined);
});

Deno.test("a cause shows no address of a person and no path of a URL, which may hold a secret", () => {
  const texts = [
    "550 5.1.1 <jo.doe@example.com>: no such user",
    "error sending request for url (https://hooks.example/T0/secret?x=1): refused",
    "smtps://user:password@mail.example:465 broke off",
  ];
  assertEquals(texts.map((text) => loggedCause(new Error(text))?.message), [
    "550 5.1.1 <…@…>: no such user",
    "error sending request for url (https://hooks.example/…): refused",
    "smtps://mail.example:465/… broke off",
  ]);
});

Deno.test("what is thrown and is no error is shown as a text, and causes that go on are cut", () => {
  assertEquals(loggedCause("broken"), { name: "string", message: "broken" });
  let error = new Error("0");
  for (let level = 1; level < 10; level++) error = new Error(String(level), { cause: error });
  const messages: string[] = [];
  for (let at = loggedCause(error); at !== undefined; at = at.cause) messages.push(at.message);
  assertEquals(messages, ["9", "8", "7", "6"]);
});

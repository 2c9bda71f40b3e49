import { AppError } from "../../../data/app_error.ts";
import { presentedToken } from "../../../routes/access/presented_token.ts";
import { assert, assertEquals } from "../../support/assert.ts";

const KEY = `ow_gateway_${"a".repeat(43)}`;
const OTHER = `ow_gateway_${"b".repeat(43)}`;
const basic = (name: string, password: string) => `Basic ${btoa(`${name}:${password}`)}`;

function presented(headers: [string, string][], path = "/devices"): string | null {
  const token = presentedToken(new Request(`http://localhost${path}`, { headers }));
  if (!(token instanceof AppError)) return token;
  // No header is quoted: it may hold a secret.
  assert(!JSON.stringify([token.message, token.details, token.errors]).includes("aaaa"));
  return token.code;
}

Deno.test("a key comes as Bearer, as Token of InfluxDB's clients, or as X-API-Key", () => {
  for (
    const headers of [
      [["Authorization", `Bearer ${KEY}`]],
      [["authorization", `bearer  ${KEY}`]],
      [["Authorization", `Token ${KEY}`]],
      [["X-API-Key", KEY]],
      [["X-API-Key", KEY], ["Authorization", `Bearer ${KEY}`]],
    ] satisfies [string, string][][]
  ) assertEquals(presented(headers), KEY, JSON.stringify(headers));
  assertEquals(presented([]), null);
  assertEquals(presented([["Authorization", "Bearer e30.e30.c2ln"]]), "e30.e30.c2ln");
});

Deno.test("headers that hold two keys, or none, are refused", () => {
  const both: [string, string][] = [["Authorization", `Bearer ${KEY}`], ["X-API-Key", OTHER]];
  assertEquals(presented(both), "INVALID_REQUEST");
  for (
    const headers of [
      [["Authorization", `Bearer ${KEY}`], ["Authorization", `Bearer ${OTHER}`]],
      [["Authorization", `Bearer ${KEY}`], ["Authorization", `Bearer ${KEY}`]],
      [["X-API-Key", KEY], ["X-API-Key", KEY]],
      [["Authorization", "Bearer"]],
      [["Authorization", `Bearer ${KEY} ${KEY}`]],
      [["Authorization", `Bearer "${KEY}"`]],
      [["X-API-Key", `Bearer ${KEY}`]],
      [["X-API-Key", ""]],
    ] satisfies [string, string][][]
  ) assertEquals(presented(headers), "INVALID_REQUEST", JSON.stringify(headers));
});

Deno.test("the password of Basic is a key for line protocol only, whose clients may send nothing else", () => {
  for (const path of ["/write", "/write?db=energy", "/api/v2/write"]) {
    assertEquals(presented([["Authorization", basic("any", KEY)]], path), KEY);
  }
  assertEquals(presented([["Authorization", basic("a", "b:c")]], "/write"), "b:c");
  assertEquals(presented([["Authorization", basic("any", KEY)]], "/telemetry"), "UNAUTHENTICATED");
  assertEquals(presented([["Authorization", "Basic a"]], "/write"), "INVALID_REQUEST");
});

Deno.test("other schemes are refused, and a key in the address is no key", () => {
  assertEquals(presented([["Authorization", `Digest ${KEY}`]]), "UNAUTHENTICATED");
  assertEquals(presented([["Authorization", KEY]]), "UNAUTHENTICATED");
  assertEquals(presented([], `/write?u=any&p=${KEY}&access_token=${KEY}`), null);
});

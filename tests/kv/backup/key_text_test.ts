import { keyOfText, textOfKey } from "../../../kv/backup/key_text.ts";
import { assertEquals, assertNotEquals } from "../../support/assert.ts";

Deno.test("a key is the same after it was text, whatever its parts are", () => {
  const keys: Deno.KvKey[] = [
    ["a", "", "ß\u0000\"'", "n1"],
    ["n", 0, -0, -1.5, 1e300, -Infinity, Number.MAX_SAFE_INTEGER],
    ["i", 0n, -(2n ** 70n)],
    ["b", true, false],
    ["x", new Uint8Array(), Uint8Array.of(0, 15, 16, 255)],
  ];
  for (const key of keys) assertEquals(keyOfText(textOfKey(key)), key);
});

Deno.test("keys that look alike have different texts", () => {
  const parts = [1, "1", 1n, true, "true", Uint8Array.of(1), 0, -0];
  assertEquals(new Set(parts.map((part) => textOfKey([part]))).size, parts.length);
  assertNotEquals(textOfKey(["a", "b"]), textOfKey(["ab"]));
});

import {
  equalHashes,
  keyText,
  newKeyId,
  newSecret,
  parseKey,
  pathWithoutSecrets,
  secretHash,
} from "../../../data/access/key_text.ts";
import { assert, assertEquals, assertMatch } from "../../support/assert.ts";

Deno.test("the text of a key is read back, also one that openssl or base64url made", () => {
  const secrets = ["a".repeat(43), "0123456789abcdef".repeat(4), "_-".repeat(22), "Z".repeat(128)];
  for (const secret of secrets) {
    assertEquals(parseKey(keyText({ id: "admin", secret })), { id: "admin", secret });
  }
});

Deno.test("other texts are no keys", () => {
  const secret = "a".repeat(43);
  const texts = [
    "",
    "ow_",
    `ow__${secret}`,
    `ow_id_${secret.slice(1)}`,
    `ow_id_${"a".repeat(129)}`,
    `ow_Id_${secret}`,
    `ow_${"i".repeat(33)}_${secret}`,
    `OW_id_${secret}`,
    `ow_id_${secret} `,
    `ow_id_${secret}\n`,
    `ow_id_${secret}=`,
    "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
  ];
  for (const text of texts) assertEquals(parseKey(text), null, text);
});

Deno.test("32 bytes are 43 digits in base 62, different bytes different digits", () => {
  assertEquals(newSecret(new Uint8Array(32)), "0".repeat(43));
  // 61 is z, and 62 is 10.
  assertEquals(newSecret(Uint8Array.of(...new Uint8Array(31), 61)), "0".repeat(42) + "z");
  assertEquals(newSecret(Uint8Array.of(...new Uint8Array(31), 62)), "0".repeat(41) + "10");
  // The most that 32 bytes can be, read back digit by digit.
  const most = newSecret(new Uint8Array(32).fill(255));
  const value = [...most].reduce(
    (sum, digit) =>
      sum * 62n +
      BigInt("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".indexOf(digit)),
    0n,
  );
  assertEquals([most.length, value], [43, 2n ** 256n - 1n]);
});

Deno.test("ids sort by the second in which they were made, and end in random digits", () => {
  const early = newKeyId(Date.UTC(2026, 10, 29), Uint8Array.of(255, 255, 255, 255, 255));
  const late = newKeyId(Date.UTC(2026, 10, 29, 0, 0, 1), new Uint8Array(5));
  assert(early < late);
  assertMatch(early, /^[0-9a-z]{7}zzzzz$/);
  assert(newKeyId(Date.UTC(2099, 0, 1), new Uint8Array(5)) > late);
});

Deno.test("the hash of a secret is SHA-256 in hexadecimal (FIPS 180-4: abc)", () => {
  const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assertEquals(secretHash("abc"), expected);
  assert(equalHashes(secretHash("abc"), expected));
  for (
    const other of [`${expected.slice(0, -1)}e`, `c${expected.slice(1)}`, expected.slice(1), ""]
  ) {
    assert(!equalHashes(expected, other), other);
  }
});

Deno.test("a secret is cut out of a path also if it is percent-encoded", () => {
  const secret = "s".repeat(43);
  const cases = [
    ["/devices/ow_a_" + secret, "/devices/ow_a_…"],
    ["/devices/ow%5Fa%5f" + secret, "/devices/ow_a_…"],
    ["/devices/%6Fw_a_%73" + secret, "/devices/ow_a_…"],
    ["/devices/%FF/ow%5Fa_" + secret, "/devices/%FF/ow_a_…"],
    ["/devices/a%20b", "/devices/a%20b"],
    ["/devices/%FF", "/devices/%FF"],
  ];
  for (const [path, safe] of cases) assertEquals(pathWithoutSecrets(path), safe);
});

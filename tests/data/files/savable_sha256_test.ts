import { createHash } from "node:crypto";
import fc from "fast-check";
import { createSavableSha256 } from "../../../data/files/savable_sha256.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { amount, isThorough } from "../../support/thorough.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("the digests are those of the examples for SHA-256 of NIST", () => {
  const examples = {
    "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  };
  for (const [text, expected] of Object.entries(examples)) {
    const hash = createSavableSha256();
    hash.update(bytesOf(text));
    assertEquals(hash.hex(), expected);
  }
  const million = createSavableSha256();
  for (let count = 0; count < 1_000; count++) million.update(bytesOf("a".repeat(1_000)));
  assertEquals(
    million.hex(),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  );
});

Deno.test("wherever bytes are divided and the state is saved, the digest is that of the runtime", () => {
  const part = fc.record({
    bytes: fc.uint8Array({ maxLength: 300 }),
    isSaved: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
      const expected = createHash("sha256");
      let hash = createSavableSha256();
      for (const { bytes, isSaved } of parts) {
        expected.update(bytes);
        hash.update(bytes);
        assertEquals(hash.hex(), expected.copy().digest("hex"));
        if (!isSaved) continue;
        const state = hash.save();
        // What is added to the one that was saved does not change what was saved.
        hash.update(bytesOf("lost"));
        hash = createSavableSha256(state);
      }
      assertEquals(hash.hex(), expected.digest("hex"));
    }),
    { numRuns: amount({ quick: 100, thorough: 2_000 }) },
  );
});

Deno.test({
  name: "the length of a gigabyte in bits, which has more than 32 bits, is part of the digest",
  ignore: !isThorough,
  fn() {
    let hash = createSavableSha256();
    const text = "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmno";
    const bytes = bytesOf(text.repeat(16_384));
    for (let count = 0; count < 1_024; count++) {
      hash.update(bytes);
      hash = createSavableSha256(hash.save());
    }
    // The longest example of NIST.
    const expected = "50e72a0e26442fe2552dc3938ac58658228c0cbfb1d2ca872ae435266fcd055e";
    assertEquals(hash.hex(), expected);
  },
});

Deno.test("a state that is none is refused", () => {
  for (const bytes of [0, 39, 41, 200]) {
    const state = new Uint8Array(bytes).toBase64();
    assertThrows(() => createSavableSha256(state), TypeError, `a state of ${bytes} bytes`);
  }
});

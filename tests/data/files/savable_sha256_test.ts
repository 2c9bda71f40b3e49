import { createHash } from "node:crypto";
import fc from "fast-check";
import { createSavableSha256, type SavableSha256 } from "../../../data/files/savable_sha256.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { amount } from "../../support/thorough.ts";

async function open(saved?: string): Promise<SavableSha256> {
  const hash = await createSavableSha256(saved);
  assert(hash !== null);
  return hash;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

Deno.test("the digests are those of the examples for SHA-256 of NIST", async () => {
  const examples = {
    "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  };
  for (const [text, expected] of Object.entries(examples)) {
    const hash = await open();
    hash.update(bytesOf(text));
    assertEquals(hash.hex(), expected);
  }
  const million = await open();
  for (let count = 0; count < 1_000; count++) million.update(bytesOf("a".repeat(1_000)));
  assertEquals(
    million.hex(),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  );
});

Deno.test("wherever bytes are divided and the state is saved, the digest is that of the runtime", async () => {
  const part = fc.record({
    bytes: fc.uint8Array({ maxLength: 300 }),
    isSaved: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(part, { maxLength: 8 }), async (parts) => {
      const expected = createHash("sha256");
      let hash = await open();
      for (const { bytes, isSaved } of parts) {
        expected.update(bytes);
        hash.update(bytes);
        assertEquals(hash.hex(), expected.copy().digest("hex"));
        if (!isSaved) continue;
        const state = hash.save();
        // What is added to the one that was saved does not change what was saved.
        hash.update(bytesOf("lost"));
        hash = await open(state);
      }
      assertEquals(hash.hex(), expected.digest("hex"));
    }),
    { numRuns: amount({ quick: 30, thorough: 500 }) },
  );
});

Deno.test("a state that is none is refused", async () => {
  for (const bytes of [0, 39, 115, 117, 200]) {
    assertEquals(await createSavableSha256(new Uint8Array(bytes).toBase64()), null);
  }
  assertEquals(await createSavableSha256("%"), null);
});

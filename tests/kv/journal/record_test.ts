import * as fc from "fast-check";
import { type Change, decodeRecord, encodeRecords } from "../../../kv/journal/record.ts";
import { assert, assertEquals, assertThrows } from "../../support/assert.ts";

const PART = fc.oneof(
  fc.string({ unit: "binary", maxLength: 20 }).filter((text) => text.isWellFormed()),
  fc.constantFrom("segment", "battery", "device-1"),
  fc.double(),
);
const VALUE = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constant<true>(true),
  fc.constant(undefined),
);
const VERSION = fc.uint8Array({ minLength: 10, maxLength: 10 }).map((bytes) => bytes.toHex());
const CHANGE: fc.Arbitrary<Change> = fc.record(
  { key: fc.array(PART, { minLength: 1, maxLength: 5 }), value: VALUE, versionstamp: VERSION },
  { requiredKeys: ["key", "value"] },
);

/** A change that sets bytes. Its key takes 6 bytes, everything else before the bytes about 6 more. */
function bytesChange(size: number, name = "a"): Change {
  return { key: ["log", name], value: new Uint8Array(size).fill(name.charCodeAt(0)) };
}

Deno.test("decoding returns any changes that were encoded, in order", () => {
  fc.assert(fc.property(fc.array(CHANGE, { maxLength: 40 }), (changes) => {
    // Encoding replaces values that are bytes by the same bytes in the record.
    const given = structuredClone(changes);
    const records = encodeRecords(changes);
    assertEquals(changes, given);
    assertEquals(records.flatMap(({ bytes }) => decodeRecord(bytes)), given);
    for (const { bytes, changes: held } of records) {
      for (const { value } of held) {
        if (value instanceof Uint8Array) assert(value.buffer === bytes.buffer);
      }
    }
  }));
});

Deno.test("changes of more than 65,000 bytes become several records that fit a value of Deno KV", () => {
  const changes = ["a", "b", "c", "d", "e"].map((name) => bytesChange(30_000, name));
  const records = encodeRecords(changes);
  // Two changes of 30,000 bytes fit one record.
  assertEquals(records.map((record) => record.changes.length), [2, 2, 1]);
  assert(records.every(({ bytes }) => bytes.length <= 65_536));
  const names = records.flatMap(({ bytes }) => decodeRecord(bytes)).map(({ key }) => key[1]);
  assertEquals(names, ["a", "b", "c", "d", "e"]);
});

Deno.test("a change that is too large for a record is refused", () => {
  assertThrows(() => encodeRecords([bytesChange(65_000)]), TypeError, "more than 65000 bytes");
  assertThrows(
    () => encodeRecords([bytesChange(1), bytesChange(65_000)]),
    TypeError,
    "more than 65000 bytes",
  );
  assertThrows(() => encodeRecords([{ key: [1n], value: true }]), TypeError, "strings or numbers");
});

Deno.test("a record that is truncated anywhere is refused", () => {
  const change: Change = {
    key: ["sum", 7, "a"],
    value: 5n,
    versionstamp: "00000000000000000001",
  };
  const [{ bytes }] = encodeRecords([change]);
  for (let size = 2; size < bytes.length; size++) {
    assertThrows(() => decodeRecord(bytes.subarray(0, size)), SyntaxError, "cut short");
  }
  assertEquals(decodeRecord(bytes), [change]);
});

Deno.test("a record of another format is refused", () => {
  assertThrows(() => decodeRecord(Uint8Array.of(2, 0)), SyntaxError, "format is not 1: 2");
  assertThrows(() => decodeRecord(new Uint8Array(0)), SyntaxError, "format is not 1");
});

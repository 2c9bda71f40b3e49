import fc from "fast-check";
import { decodeGroup, idsOf, sectionTimes } from "../../../data/readings/group_decoder.ts";
import { itemsOf, sectionRows } from "../../../data/readings/group_rows.ts";
import { encodeGroups } from "../../../data/readings/group_encoder.ts";
import {
  GROUP_HEADER_BYTES,
  type GroupItem,
  SECTION_HEADER_BYTES,
} from "../../../data/readings/group_format.ts";
import { FLOAT, toNumber } from "../../../data/readings/decimal.ts";
import { emptyPage, type Page } from "../../../data/readings/page.ts";
import { assertEquals, assertThrows } from "../../support/assert.ts";
import { pageOf, rowsOf } from "../../support/pages.ts";

const HEAD = { writer: "a-writer", firstNumber: 7, windowMs: 60_000 };

function reading(timeMs: number, values: readonly number[]): Page {
  const columns = values.map((value) => ({ scale: FLOAT, values: Float64Array.of(value) }));
  return { timesMs: Float64Array.of(timeMs), columns };
}

function item(id: string, page: Page, receivedMs = 1_000): GroupItem {
  return { profile: "battery", id, page, receipt: { receivedMs, requests: 1 }, state: null };
}

/** The same page with doubles in place of mantissas, as messages give them. */
function doubles({ timesMs, columns }: Page): Page {
  const floats = columns.map(({ scale, values }) => ({
    scale: FLOAT,
    values: values.map((value) => toNumber(value, scale)),
  }));
  return { timesMs, columns: floats };
}

/** What an item says, without how its page is packed. Missing columns at the end say nothing. */
function shown({ profile, id, page, receipt, state }: GroupItem): unknown {
  const rows = rowsOf(page).map(([timeMs, ...texts]) => {
    while (texts.at(-1) === "") texts.pop();
    return [timeMs, ...texts];
  });
  return { profile, id, rows, receipt, state: state && [...state] };
}

/** A value as a decimal text: a decimal, a double of many digits, or a missing one. */
const anyValue = fc.oneof(
  fc.integer({ min: -99_999, max: 99_999 }).map((mantissa) => String(mantissa / 100)),
  fc.constantFrom("0.30000000000000004", "1e300", "", "0.5"),
);
/** A few readings of up to three metrics, in any order. */
const somePage = fc.tuple(fc.nat(3), fc.array(fc.nat(5_000_000), { minLength: 1, maxLength: 6 }))
  .chain(([width, times]) =>
    fc.array(fc.array(anyValue, { minLength: width, maxLength: width }), {
      minLength: times.length,
      maxLength: times.length,
    }).map((rows) => pageOf(rows.map((row, index) => [times[index], ...row]), width))
  );
const anyText = fc.string({ unit: "grapheme", minLength: 1, maxLength: 300 });
const anyReceipt = fc.option(
  fc.record({
    receivedMs: fc.oneof(fc.nat(), fc.constantFrom(0, 1_700_000_000_000, 1_700_000_070_000.5)),
    requests: fc.nat(254),
  }),
);
const anyItem: fc.Arbitrary<GroupItem> = fc.record({
  profile: fc.constantFrom("battery", "meter", "Profil-ä"),
  id: fc.oneof(fc.constantFrom("one", "two"), anyText),
  page: fc.oneof(somePage, somePage.map(doubles), fc.constant(emptyPage(2))),
  receipt: anyReceipt,
  state: fc.option(fc.uint8Array({ minLength: 1, maxLength: 20 })),
});

Deno.test("groups return the items that they were made of, of each profile in their order", () => {
  fc.assert(
    fc.property(fc.array(anyItem, { minLength: 1, maxLength: 12 }), (items) => {
      const groups = encodeGroups(HEAD, items, 60_000);
      const decoded = groups.map(({ bytes }) => decodeGroup(bytes));
      assertEquals(
        decoded.map(itemsOf).map((some) => some.map(shown)),
        groups.map((group) => group.items.map(shown)),
      );
      for (const profile of ["battery", "meter", "Profil-ä"]) {
        const of = (some: readonly GroupItem[]) =>
          some.filter((one) => one.profile === profile).map(shown);
        assertEquals(of(decoded.flatMap(itemsOf)), of(items));
      }
      let number = HEAD.firstNumber;
      for (const group of decoded) {
        assertEquals([group.writer, group.firstNumber, group.windowMs], [
          "a-writer",
          number,
          60_000,
        ]);
        number += group.count;
      }
    }),
  );
});

Deno.test("no group is longer than it may be, and items are not split over more groups than needed", () => {
  const items = Array.from(
    { length: 2_000 },
    (_, index) => item(`test-${String(index).padStart(4, "0")}`, reading(index, [index / 10, 1])),
  );
  const groups = encodeGroups(HEAD, items, 30_000);
  assertEquals(groups.every(({ bytes }) => bytes.length <= 30_000), true);
  // An item may need 8 + 2 * 9 bytes for its reading, 15 for what comes with it, and 27 for its id: 68.
  // So 441 would have room without headers, which take less than 300 bytes.
  assertEquals(groups.slice(0, 4).every(({ items }) => 430 <= items.length), true);
  assertEquals(groups.length, 5);
  assertEquals(groups.flatMap((group) => decodeGroup(group.bytes)).flatMap(itemsOf).length, 2_000);
});

Deno.test("a reading of one of many devices takes less than a third of what a page of its own takes", () => {
  const items = Array.from(
    { length: 500 },
    (_, index) =>
      item(
        `test-${String(index).padStart(4, "0")}`,
        reading(index * 1_000, [index / 10, 230.1, 5, 20]),
      ),
  );
  const [{ bytes }] = encodeGroups(HEAD, items, 65_000);
  // Without its key, a page of one reading of four metrics has 24 + 4 * 16 = 88 bytes.
  assertEquals(bytes.length < 500 * 88 / 3, true);
});

Deno.test("the times and the readings of a section are those of its items, one after the other", () => {
  const items = [
    item("one", reading(5, [1])),
    item("two", emptyPage(1)),
    item("one", reading(3, [2])),
  ];
  const [{ bytes }] = encodeGroups(HEAD, items, 60_000);
  const { sections: [section] } = decodeGroup(bytes);
  assertEquals([...sectionTimes(section)], [5, 3]);
  assertEquals(rowsOf(sectionRows(section, { start: 0, end: 2 })), [[5, "1"], [3, "2"]]);
  assertEquals(idsOf(section), ["one", "two", "one"]);
});

Deno.test("bytes that do not begin at their buffer are decoded", () => {
  const [{ bytes }] = encodeGroups(HEAD, [item("one", reading(5, [1, 2.5]))], 60_000);
  const moved = new Uint8Array(bytes.length + 3);
  moved.set(bytes, 3);
  assertEquals(itemsOf(decodeGroup(moved.subarray(3))).map(shown), [
    {
      profile: "battery",
      id: "one",
      rows: [[5, "1", "2.5"]],
      receipt: { receivedMs: 1_000, requests: 1 },
      state: null,
    },
  ]);
});

Deno.test("a group that is cut short or changed is decoded or refused as one that cannot be read", () => {
  const items = Array.from(
    { length: 20 },
    (_, i) => item(`id-${i}`, reading(i * 7, [i, i / 3]), i),
  );
  const [{ bytes }] = encodeGroups(HEAD, items, 60_000);
  assertThrows(() => decodeGroup(bytes.slice(0, -9)), SyntaxError, "of");
  assertThrows(
    () => decodeGroup(Uint8Array.of(1, ...bytes.slice(1))),
    SyntaxError,
    "format is not 2",
  );
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.nat(255), (at, byte) => {
      const damaged = bytes.slice();
      damaged[at] = byte;
      try {
        itemsOf(decodeGroup(damaged));
      } catch (error) {
        assertEquals(error instanceof SyntaxError, true, String(error));
      }
    }),
  );
});

Deno.test("a group with any damaged byte in its headers is decoded or refused at once", () => {
  const [{ bytes }] = encodeGroups(HEAD, [item("one", reading(5, [1]))], 60_000);
  const headers = GROUP_HEADER_BYTES + HEAD.writer.length + SECTION_HEADER_BYTES;
  for (let at = 0; at < headers; at++) {
    for (let byte = 0; byte < 256; byte++) {
      const damaged = bytes.slice();
      damaged[at] = byte;
      try {
        itemsOf(decodeGroup(damaged));
      } catch (error) {
        assertEquals(error instanceof SyntaxError, true, `${at} ${byte}: ${error}`);
      }
    }
  }
});

Deno.test("an item that no group has room for is refused", () => {
  assertThrows(
    () => encodeGroups(HEAD, [item("x".repeat(40_000), reading(0, [1]))], 60_000),
    RangeError,
    "at most 60000 bytes",
  );
});

Deno.test("an item may be some rows of a page that others share", () => {
  const shared = pageOf([[1, "1.5"], [2, "2"], [3, "3.5"]]);
  const part = (id: string, start: number, end: number) => ({
    ...item(id, shared),
    rows: { start, end },
  });
  const [{ bytes }] = encodeGroups(HEAD, [part("one", 1, 3), part("two", 0, 1)], 60_000);
  assertEquals(itemsOf(decodeGroup(bytes)).map(({ id, page }) => [id, rowsOf(page)]), [
    ["one", [[2, "2"], [3, "3.5"]]],
    ["two", [[1, "1.5"]]],
  ]);
});

import { createReadAhead } from "../../../routes/http/read_ahead.ts";
import { assertEquals } from "../../support/assert.ts";

const BOUNDS = { keptBytes: 100, heldBytes: 50, totalBytes: 200 };

Deno.test("a body has too much as soon as the runtime may keep more than its bound", () => {
  const share = createReadAhead(BOUNDS).open();
  share.add(100);
  assertEquals(share.isTooMuch(), false);
  share.add(1);
  assertEquals(share.isTooMuch(), true);
  share.clear();
  assertEquals([share.isTooMuch(), share.keptBytes()], [false, 0]);
});

Deno.test("with more than the total, the bodies with more than an equal part have too much", () => {
  const ahead = createReadAhead(BOUNDS);
  const [one, two, three] = [ahead.open(), ahead.open(), ahead.open()];
  one.add(90);
  two.add(90);
  three.add(20);
  assertEquals([one, two, three].map((share) => share.isTooMuch()), [false, false, false]);
  three.add(1);
  assertEquals([one, two, three].map((share) => share.isTooMuch()), [true, true, false]);
  one.close();
  assertEquals([two, three].map((share) => share.isTooMuch()), [false, false]);
});

Deno.test("there is room to hold more until a body, or all, have as much as they may", () => {
  const ahead = createReadAhead(BOUNDS);
  const [one, two] = [ahead.open(), ahead.open()];
  one.hold(49);
  assertEquals(one.hasRoom(), true);
  one.hold(1);
  assertEquals([one.hasRoom(), two.hasRoom()], [false, true]);
  two.add(90);
  one.add(60);
  assertEquals(two.hasRoom(), false);
  one.hold(-50);
  assertEquals([one.hasRoom(), two.hasRoom()], [true, true]);
});

import type { MeterNotes } from "../../../data/imports/meter_rows.ts";
import { createNotesMirror, watchNotes } from "../../../data/imports/notes_change.ts";
import { assert, assertEquals } from "../../support/assert.ts";

type Notes = { -readonly [Name in keyof MeterNotes]: MeterNotes[Name] };

function notesOf(meterId: string): Notes {
  return {
    meterId,
    refusal: null,
    rejected: 0,
    rejects: [],
    ambiguous: 0,
    breaks: { gap: 0, reset: 0, rollover: 0, jump: 0 },
    leftOut: new Map(),
  };
}

Deno.test("a mirror knows the meters and counts of a reader on another thread", () => {
  const met: Notes[] = [];
  let count = 0;
  const reader = { meters: () => met, rejected: () => ({ count, first: [] }) };
  const watch = watchNotes(() => reader);
  const mirror = createNotesMirror();
  const say = (change: ReturnType<typeof watch.changed>) => {
    mirror.apply(structuredClone(change));
    return change.numbers;
  };
  assertEquals(say(watch.changed()), []);
  met.push(notesOf("a"), notesOf("b"), { ...notesOf("c"), refusal: { rule: "none" } });
  assertEquals(say(watch.changed()), [0, 1, 2]);
  const [first] = mirror.meters();
  met[0].rejected = 2;
  met[2].leftOut = new Map([["gap", 3]]);
  count = 2;
  assertEquals(say(watch.changed()), [0, 2]);
  assertEquals(say(watch.changed()), []);
  met[1].ambiguous = 4;
  assertEquals(say(watch.all()), [0, 1, 2]);
  assertEquals([mirror.meters(), mirror.rejected().count], [met, 2]);
  // Counts that are shown while an import runs hold on to these objects.
  assert(mirror.meters()[0] === first && first.rejected === 2);
});

Deno.test("what is said of a meter can be carried by a message, whatever its reader has there", () => {
  const own = { ...notesOf("a"), row: () => {} };
  const { notes } = watchNotes(() => ({
    meters: () => [own],
    rejected: () => ({ count: 0, first: [] }),
  })).changed();
  assertEquals(structuredClone(notes), [notesOf("a")]);
});

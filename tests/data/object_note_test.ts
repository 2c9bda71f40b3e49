import { assertEquals } from "@std/assert";
import { objectNote } from "../../data/object_note.ts";

Deno.test("a note holds one value for each object, apart from other notes and from its properties", () => {
  const first = objectNote<Request, { readonly value: number }>("first");
  const second = objectNote<Request, { readonly value: number }>("second");
  const one = new Request("http://localhost/1"), other = new Request("http://localhost/2");
  first.set(one, { value: 1 });
  first.set(other, { value: 2 });
  second.set(one, { value: 3 });
  first.set(other, { value: 4 });
  assertEquals([first.get(one), first.get(other)], [{ value: 1 }, { value: 4 }]);
  assertEquals([second.get(one), second.get(other)], [{ value: 3 }, undefined]);
  assertEquals(Object.keys(one), []);
});

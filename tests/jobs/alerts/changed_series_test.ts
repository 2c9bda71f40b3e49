import { clearImmediate, setImmediate } from "node:timers";
import { createChangedSeries } from "../../../jobs/alerts/changed_series.ts";
import { assertEquals, assertLess } from "../../support/assert.ts";

/** A list that waits for nothing, like one of a journal. */
function listOf(count: number): Pick<Deno.Kv, "list"> {
  return {
    list<T>(selector: Deno.KvListSelector): Deno.KvListIterator<T> {
      const prefix = "prefix" in selector ? selector.prefix : [];
      const isRevised = prefix.length === 1;
      return (async function* () {
        for (let index = 0; index < (isRevised ? 1 : count); index++) {
          const id = isRevised ? "site" : `s${index}`;
          yield { key: [...prefix, id], value: new Deno.KvU64(1n), versionstamp: "1" };
        }
      })() as unknown as Deno.KvListIterator<T>;
    },
  };
}

Deno.test("while many series are looked at, others have turns", async () => {
  const changes = createChangedSeries(listOf(4_000), "");
  let turns = 0;
  const count = () => {
    turns++;
    immediate = setImmediate(count);
  };
  let immediate = setImmediate(count);
  const { changed } = await changes.look(["site"]);
  clearImmediate(immediate);
  assertEquals(changed.get("site")?.length, 4_000);
  assertLess(4, turns);
});

import type { ThreadTask } from "../../../jobs/engine/thread.ts";
import { NO_THREADS, type Threads } from "../../../jobs/engine/threads.ts";
import { limitLarge } from "../../../jobs/exports/large_exports.ts";
import { assert, assertEquals, assertRejects } from "../../support/assert.ts";
import { never } from "../../support/file_store_box.ts";

/** Workers whose tasks end when they are told. */
function openTasks(count: number) {
  const running = new Map<string, () => void>();
  const threads: Threads = {
    ...NO_THREADS,
    count,
    async run({ id }) {
      await new Promise<void>((end) => running.set(id, end));
      running.delete(id);
      return { value: id };
    },
  };
  return { running, threads };
}

function task(id: string, format: string, signal: AbortSignal = never): ThreadTask {
  const answer = () => Promise.resolve({ value: null });
  return { kind: "export", id, input: { spec: { format } }, signal, answer };
}

Deno.test("two files of large formats are written for each worker, and others wait for none", async () => {
  const { running, threads } = openTasks(2);
  const { run } = limitLarge(threads);
  const ids = ["a", "b", "c", "d", "e"];
  const large = ids.map((id, index) => run(task(id, index % 2 === 0 ? "xlsx" : "xml")));
  const small = run(task("small", "csv"));
  assertEquals([...running.keys()], ["a", "b", "c", "d", "small"]);
  running.get("c")?.();
  assertEquals(await large[2], { value: "c" });
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([...running.keys()], ["a", "b", "d", "small", "e"]);
  [...running.values()].forEach((end) => end());
  await Promise.all([...large, small]);
});

Deno.test("an export that waits for others ends when it is aborted", async () => {
  const { running, threads } = openTasks(1);
  const { run } = limitLarge(threads);
  const large = ["a", "b"].map((id) => run(task(id, "xml")));
  const aborter = new AbortController();
  const waiting = run(task("c", "xml", aborter.signal));
  const reason = new DOMException("cancelled", "AbortError");
  aborter.abort(reason);
  assert(await assertRejects(() => waiting, DOMException) === reason);
  [...running.values()].forEach((end) => end());
  await Promise.all(large);
  assertEquals(running.size, 0);
});

import { getPriority } from "node:os";
import { startThreadWorker } from "../../../jobs/threads.ts";
import { assertEquals } from "../../support/assert.ts";

/** The priorities of the threads of this process that carry a name, as `proc_pid_stat(5)` has them. */
function prioritiesOf(name: RegExp): number[] {
  return [...Deno.readDirSync("/proc/self/task")].flatMap((task) => {
    const stat = Deno.readTextFileSync(`/proc/self/task/${task.name}/stat`);
    const [, named, rest] = /^\d+ \((.*)\) (.*)$/.exec(stat.trim()) ?? [];
    return name.test(named) ? [Number(rest.split(" ")[16])] : [];
  });
}

Deno.test({
  name: "a worker gives way to the thread that serves, whose priority stays as it was",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const own = getPriority(0);
    const lower = Math.min(own + 5, 19);
    const worker = startThreadWorker();
    await new Promise((resolve) => worker.onmessage = resolve);
    assertEquals(prioritiesOf(/^worker-/).includes(lower), true);
    worker.terminate();
    assertEquals(getPriority(0), own);
  },
});

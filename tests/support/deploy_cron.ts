/**
 * Runs before `main.ts` in an instance of the imitated platform (`deploy.ts`): as there, crons do not run
 * by the clock of the instance. Each line on standard input runs all of them.
 *
 * @module
 */

type Cron = () => Promise<void> | void;

const crons: Cron[] = [];

Object.defineProperty(Deno, "cron", {
  value: (_name: string, _schedule: string, ...more: readonly unknown[]) => {
    // The handler is the last argument, after the options.
    crons.push(more[more.length - 1] as Cron);
    // Not before: the runtime waits for all that this module begins.
    if (crons.length === 1) runCrons();
    return Promise.resolve();
  },
});

async function runCrons(): Promise<void> {
  // Each line arrives as a chunk of its own, as the next is only sent after its end.
  for await (const _ of Deno.stdin.readable) {
    for (const cron of crons) await cron();
    console.log("crons ended");
  }
}

import { parseKey } from "../../data/access/key_text.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { startArguments } from "../support/start_arguments.ts";
import { pause, startProcess } from "../support/process.ts";
import { askJson } from "../support/service.ts";
import { TOP } from "../support/sources.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { FEWER_KILL_ROUNDS, killDelayMs } from "../support/thorough.ts";

const PRINTED = /keep it: (ow_\S+)$/gm;
const ENV = { AUTH: "keys", PORT: "0", DEMO_DATA: "false" };

/** Starts a service, and kills it some time after it opens its database. Returns what it printed. */
async function killedStart(folder: string, delayMs: number): Promise<string> {
  const args = await startArguments({ folder, env: ENV, module: `${TOP}main.ts` });
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder,
    env: ENV,
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const text = new Response(child.stdout).text();
  const data = `${folder}/.openwatts`;
  const before = await changedMs(data);
  for (let wait = 0; wait < 5_000 && await changedMs(data) === before; wait++) await pause(1);
  await pause(delayMs);
  try {
    child.kill("SIGKILL");
  } catch {
    // It has ended by itself.
  }
  await child.status;
  return await text;
}

/** When any file of a folder changed last, epoch milliseconds; 0 if there is none. */
async function changedMs(folder: string): Promise<number> {
  let lastMs = 0;
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const { mtime } = await Deno.stat(`${folder}/${name}`);
      lastMs = Math.max(lastMs, mtime?.getTime() ?? 0);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return lastMs;
}

Deno.test(`the admin key that was shown last counts, wherever kill -9 hit the first starts, ${FEWER_KILL_ROUNDS} rounds`, async () => {
  for (let round = 0; round < FEWER_KILL_ROUNDS; round++) {
    await using folder = await makeTempFolder();
    let shown: string | undefined;
    // Two starts that are killed around the time in which the key is made.
    for (let start = 0; start < 2; start++) {
      const output = await killedStart(folder.path, killDelayMs(round * 2 + start, 120));
      shown = [...output.matchAll(PRINTED)].at(-1)?.[1] ?? shown;
    }
    await using service = await startProcess(folder.path, ENV);
    shown = [...service.output().matchAll(PRINTED)].at(-1)?.[1] ?? shown;
    assert(shown !== undefined && parseKey(shown) !== null, `no key in round ${round}`);
    const headers = { authorization: `Bearer ${shown}` };
    const { status, body } = await askJson(`${service.url}/api/keys`, { headers });
    assertEquals(status, 200, `round ${round}`);
    const active = body.keys.filter((key: { state: string }) => key.state === "active");
    assertEquals(active.length, 1, JSON.stringify(body));
  }
});

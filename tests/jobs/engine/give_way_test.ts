import { getPriority } from "node:os";
import { neededPermissions, permissionFlags } from "../../../data/permissions.ts";
import { readSettings } from "../../../data/settings.ts";
import { startThreadWorker } from "../../../jobs/threads.ts";
import { assert, assertEquals } from "../../support/assert.ts";
import { makeTempFolder } from "../../support/temp_folder.ts";

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
    const lower = Math.min(own + 10, 19);
    const worker = startThreadWorker();
    await new Promise((resolve) => worker.onmessage = resolve);
    assertEquals(prioritiesOf(/^worker-/).includes(lower), true);
    worker.terminate();
    assertEquals(getPriority(0), own);
  },
});

Deno.test({
  name: "what the task start grants is enough to give way",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using folder = await makeTempFolder();
    const result = readSettings({});
    assert("settings" in result);
    const place = { folder: folder.path, codeFolder: "/code", packageFolders: [] };
    const { sys } = neededPermissions(result.settings, place);
    const module = new URL("../../../jobs/engine/give_way.ts", import.meta.url).href;
    const path = `${folder.path}/give_way.ts`;
    await Deno.writeTextFile(
      path,
      `import { getPriority } from "node:os";
      import { giveWay } from ${JSON.stringify(module)};
      giveWay();
      console.log(getPriority(0));`,
    );
    const flags = permissionFlags({ net: [], read: [], write: [], env: [], sys }, folder.path);
    const args = ["run", "--quiet", "--no-check", "--no-prompt", ...flags, path];
    const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
    const printed = new TextDecoder().decode(stdout).trim();
    assertEquals(printed, String(Math.min(getPriority(0) + 10, 19)));
  },
});

import { assert, assertEquals } from "../support/assert.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { TOP } from "../support/sources.ts";
import { startArguments } from "../support/start_arguments.ts";

/** What no service may do, and what every service must; each prints its name unless it is refused. */
const PROBE = `
const tries = {
  "read a file of the system": () => Deno.readTextFile("/etc/passwd"),
  "read the folder above": () => [...Deno.readDirSync("..")],
  "write to the code": () => Deno.writeTextFile(${JSON.stringify(`${TOP}probe`)}, ""),
  "write beside the data": () => Deno.writeTextFile("probe", ""),
  "run a program": () => new Deno.Command("true").output(),
  "ask another port": () => fetch("http://127.0.0.1:8792/"),
  "ask another host": () => Deno.connect({ hostname: "192.0.2.1", port: 80 }),
  "listen elsewhere": () => Deno.listen({ hostname: "127.0.0.1", port: 9 }).close(),
  "read other variables": () => Deno.env.get("HOME"),
  "know the machine": () => Deno.hostname(),
  "load a library": () => Deno.dlopen("x", {}),
  "write data": async () => {
    await Deno.mkdir(".openwatts/files", { recursive: true });
    await Deno.writeTextFile(".openwatts/files/x", "");
  },
  "read a setting": () => Deno.env.get("KV_PATH"),
  "start the thread that compresses": () => new Promise((resolve, reject) => {
    const worker = new Worker(${
  JSON.stringify(new URL("../../jobs/engine/deflate_worker.ts", import.meta.url).href)
}, { type: "module" });
    // It fails at a message like this; without its permission, it fails before that.
    worker.onerror = (event) => {
      event.preventDefault();
      worker.terminate();
      const isRefused = /access/.test(event.message);
      isRefused ? reject(new Deno.errors.NotCapable(event.message)) : resolve();
    };
    worker.postMessage({});
  }),
  "start a worker and load its code": () => new Promise((resolve, reject) => {
    const worker = new Worker(${
  JSON.stringify(new URL("../../jobs/thread_worker.ts", import.meta.url).href)
}, { type: "module" });
    const end = (settle, message) => {
      worker.terminate();
      settle(new Deno.errors.NotCapable(message));
    };
    // Without an input, a task fails; without the permission for its code, it fails before.
    worker.onmessage = ({ data: { kind, error } }) => {
      if (kind === "ready") worker.postMessage({ kind: "begin", task: 1, work: "export" });
      else end(/access/.test(error.message) ? reject : resolve, error.message);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      end(reject, event.message);
    };
  }),
};
for (const [name, attempt] of Object.entries(tries)) {
  try {
    await attempt();
    console.log(name);
  } catch (error) {
    if (error.name !== "NotCapable") console.log(name + ": " + error);
  }
}
`;

const OWN = [
  "write data",
  "read a setting",
  "start the thread that compresses",
  "start a worker and load its code",
];
/** What users name while the service runs, such as the URLs of webhooks, needs every host. */
const ANY_HOST = ["ask another port", "ask another host", "listen elsewhere"];

Deno.test("a service started by the task reaches its data and its thread, and nothing else of the machine", async () => {
  const { done, log } = await probe({ WEBHOOKS: "off" });
  assertEquals(done, OWN, log);
});

Deno.test("with webhooks it reaches other hosts too, and still nothing else of the machine", async () => {
  const { done, log } = await probe({});
  // What another host answers depends on the network.
  const names = done.map((line) => line.split(":")[0]);
  assertEquals(names, [...ANY_HOST, ...OWN], log);
});

/** What a program under the permissions of the task can do, and what it logged. */
async function probe(env: Record<string, string>): Promise<{ done: string[]; log: string }> {
  await using folder = await makeTempFolder();
  await using elsewhere = await makeTempFolder();
  const module = `${elsewhere.path}/probe.js`;
  await Deno.writeTextFile(module, PROBE);
  const args = await startArguments({ folder: folder.path, env: { PORT: "8791", ...env }, module });
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: args.filter((arg) => arg !== "--frozen"),
    cwd: folder.path,
  }).output();
  const text = new TextDecoder();
  return { done: text.decode(stdout).trim().split("\n"), log: text.decode(stderr) };
}

Deno.test("the tasks grant only what they print for the current settings", async () => {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${TOP}deno.json`));
  for (const name of ["start", "dev"]) {
    const { command } = tasks[name];
    const [outer] = command.split("$(");
    assert(!/--allow|-A\b/.test(outer), command);
    assert(/\$\(deno run .* data\/task_permissions\.ts\) main\.ts$/.test(command), command);
  }
});

Deno.test("where the task could only grant the code or the whole disk, the service does not start and says why", async () => {
  await using folder = await makeTempFolder();
  const args = await startArguments({
    folder: folder.path,
    env: { KV_PATH: "/my data/kv.sqlite3" },
    module: `${TOP}main.ts`,
  });
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: folder.path,
    env: { KV_PATH: "/my data/kv.sqlite3" },
  }).output();
  assertEquals(code, 1);
  assertEquals(
    /cannot start: Requires write access to "\/my data/.test(new TextDecoder().decode(stderr)),
    true,
  );
});

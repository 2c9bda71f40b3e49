import { findInPath } from "../bench/program.ts";
import { assert } from "../support/assert.ts";
import {
  type Block,
  type Document,
  markOf,
  marksOf,
  patternOf,
  readDocuments,
} from "../support/documents.ts";
import { findJson, isLike } from "../support/json_like.ts";
import { type Environment, pause, type ServiceProcess, startProcess } from "../support/process.ts";
import { TOP } from "../support/sources.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

/** Where the documents say that the service is. */
const ADDRESS = /http:\/\/(127\.0\.0\.1|localhost):8000/g;
/** A block that starts a service: settings, then the README's command. */
const START = /^((?:[A-Z0-9_]+=\S*[\s\\]+)*)npx -y deno@\S+ task start$/;
/** A task that works on the files of the service: in the folder of the test, not in that of the code. */
const TASK = /npx -y deno@\S+ task (?=backup|restore|verify)/g;
const RUN_TASK = `${Deno.execPath()} run -A ${TOP}tests/support/run_task.ts `;
/** What every error of the service has. */
const PROBLEM = "urn:openwatts:problem";
/** How each language is run, in a folder where the block is the file `example`. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  sh: ["bash"],
  python: ["python3", "example"],
  ts: [Deno.execPath(), "run", "--no-config", "--check", "--ext=ts", "-A", "--quiet", "example"],
  r: ["Rscript", "example"],
};

// The Python with the packages that the documents name. `npx` puts its own folders before it in PATH.
const pythonFolder = Deno.env.get("PYTHON_FOLDER");
if (pythonFolder !== undefined) {
  Deno.env.set("PATH", `${pythonFolder}:${Deno.env.get("PATH")}`);
}

for (const document of await readDocuments()) {
  const count = document.blocks.filter(isRun).length;
  if (count === 0) continue;
  Deno.test(`${document.path}: each of its ${count} blocks of code does what the text says`, async () => {
    await runDocument(document);
  });
}

function isRun(block: Block): boolean {
  return block.language in COMMANDS && markOf(block, "not run:") === null;
}

/** Runs the blocks of a document in order, over one folder and the service that it starts. */
async function runDocument({ path, text, blocks }: Document): Promise<void> {
  await using folder = await makeTempFolder();
  await using services = new AsyncDisposableStack();
  let service: ServiceProcess | null = null;
  for (const [at, block] of blocks.entries()) {
    if (!isRun(block) || !await hasNeeds(block)) continue;
    const started = START.exec(block.text);
    const place = `${path}:${block.line}`;
    if (markOf(block, "service:") === "stopped") {
      await stop(service);
      service = null;
    } else if (started !== null || service === null) {
      await stop(service);
      const demo = { DEMO_DATA: String(/\b123\b/.test(text)) };
      const settings = { ...demo, ...settingsOf(started?.[1] ?? "") };
      service = services.use(await startProcess(folder.path, settings));
    }
    if (started !== null) continue;
    await checkBlock(block, {
      place,
      folder: folder.path,
      url: service?.url ?? "",
      next: blocks[at + 1],
    });
  }
}

async function stop(service: ServiceProcess | null): Promise<void> {
  service?.kill("SIGTERM");
  await service?.ended;
}

/** Runs a block and holds what it prints against what the document says it prints. */
async function checkBlock(
  block: Block,
  { place, folder, url, next }: { place: string; folder: string; url: string; next?: Block },
): Promise<void> {
  const output = next !== undefined && markOf(next, "output") !== null ? next : null;
  const prints = marksOf(block, "prints:");
  assert(output !== null || prints.length > 0, `${place}: nothing says what it prints`);
  const within = /^within (\d+) s$/.exec(output === null ? "" : markOf(output, "output") ?? "");
  const endMs = Date.now() + Number(within?.[1] ?? 0) * 1_000;
  for (;;) {
    const { exit, printed, errors } = await runBlock(block, { folder, url });
    const isAsTold = exit === 0 && errors === "" &&
      (output === null || isOutput(output, printed)) &&
      prints.every((text) => patternOf(text).test(printed)) &&
      (!printed.includes(PROBLEM) || output?.text.includes(PROBLEM));
    if (isAsTold) return;
    const told = `${place} ended with ${exit} and printed:\n${printed}\n${errors}`;
    assert(Date.now() < endMs, told);
    await pause(200);
  }
}

/** Pastes a block into a shell, or runs it as a program; how it ended and what it printed. */
async function runBlock(
  { language, text }: Block,
  { folder, url }: { folder: string; url: string },
): Promise<{ exit: number; printed: string; errors: string }> {
  const code = `${text.replaceAll(ADDRESS, url).replaceAll(TASK, RUN_TASK)}\n`;
  const [program, ...args] = COMMANDS[language];
  await Deno.writeTextFile(`${folder}/example`, code);
  const child = new Deno.Command(program, {
    args,
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  // A shell reads what is pasted line by line, as do the programs that it runs.
  if (language === "sh") await input.write(new TextEncoder().encode(code));
  await input.close();
  const { code: exit, stdout, stderr } = await child.output();
  const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { exit, printed, errors };
}

/** Whether a block is what was printed: one of the JSON values, or its lines anywhere. */
function isOutput({ language, text }: Block, output: string): boolean {
  if (language !== "json") return patternOf(text.trim()).test(output);
  const expected = JSON.parse(text);
  return findJson(output).some((value) => isLike(value, expected));
}

function settingsOf(words: string): Environment {
  return Object.fromEntries(
    words.split(/[\s\\]+/).filter((word) => word !== "").map((word) => word.split(/=(.*)/s, 2)),
  );
}

/** Whether what a block needs is installed; where all is required, it is taken to be. */
async function hasNeeds(block: Block): Promise<boolean> {
  if (Deno.env.has("REQUIRE_ALL")) return true;
  for (const need of [COMMANDS[block.language][0], ...markOf(block, "needs:")?.split(" ") ?? []]) {
    if (!await isInstalled(need)) return false;
  }
  return true;
}

/** Whether there is a program, a module of Python as `python:NAME` or a package of R as `R:NAME`. */
async function isInstalled(need: string): Promise<boolean> {
  if (need.startsWith("/")) return true;
  const [, language, name] = /^(python|R):(.+)/.exec(need) ?? [];
  if (language === undefined) return await findInPath(need) !== null;
  const [program, flag, code] = language === "R"
    ? ["Rscript", "-e", `library(${name})`]
    : ["python3", "-c", `import ${name}`];
  if (await findInPath(program) === null) return false;
  const { success } = await new Deno.Command(program, { args: [flag, code] }).output();
  return success;
}

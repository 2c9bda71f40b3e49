import { assertEquals, assertRejects } from "../support/assert.ts";
import { makeTempFolder } from "../support/temp_folder.ts";
import { measureSideBySide, type SideBySide } from "./against.ts";
import { checkOut } from "./checkout.ts";
import { runProgram } from "./program.ts";

const signal = new AbortController().signal;

/** A bench whose only figure is the number of times that it ran, plus what the revision adds. */
const MAIN = `
  const runs = Number(await Deno.readTextFile("../runs").catch(() => "0")) + 1;
  await Deno.writeTextFile("../runs", String(runs));
  const ours = Number(await Deno.readTextFile("value"));
  const part = Deno.args.at(-1);
  if (part === "broken") throw new Error("broken");
  const figures = [{ part, what: "a year", ours, unit: "ms" }];
  await Deno.writeTextFile(Deno.args[Deno.args.indexOf("--json") + 1], JSON.stringify({ figures }));
`;

/** Writes files of a repository and commits them. */
async function commitFiles(top: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(`${top}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${top}/${path}`, text);
  }
  const identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
  const git = (...args: string[]) => runProgram("git", { args, cwd: top, signal });
  await git("init", "--quiet");
  await git("add", ".");
  await git(...identity, "commit", "--quiet", "-m", "files");
}

Deno.test("another revision is measured with this bench, but with its own files that know its inside", async () => {
  await using temp = await makeTempFolder();
  const top = `${temp.path}/top`, folder = `${temp.path}/other`;
  await commitFiles(top, {
    "main.ts": "old",
    "tests/bench/main.ts": "old",
    "tests/bench/ours.ts": "old",
    "tests/support/kv.ts": "old",
  });
  await commitFiles(top, {
    "main.ts": "new",
    "tests/bench/main.ts": "new",
    "tests/bench/ours.ts": "new",
    "tests/bench/keys_rig.ts": "new",
    "tests/support/kv.ts": "new",
    "tests/support/more.ts": "new",
  });
  await checkOut({ top, revision: "HEAD^", folder, signal });
  const paths = [
    "main.ts",
    "tests/bench/main.ts",
    "tests/bench/ours.ts",
    "tests/bench/keys_rig.ts",
    "tests/support/kv.ts",
    "tests/support/more.ts",
  ];
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(`${folder}/${path}`)));
  // A file that the revision does not have comes from here.
  assertEquals(texts, ["old", "new", "old", "new", "old", "new"]);
});

Deno.test("a revision that does not exist is named", async () => {
  await using temp = await makeTempFolder();
  const top = `${temp.path}/top`;
  await commitFiles(top, { "main.ts": "one" });
  const act = () => checkOut({ top, revision: "v9", folder: `${temp.path}/other`, signal });
  await assertRejects(act, Error, "Cannot find the revision v9");
});

Deno.test("a part that fails in this checkout only is reported", async () => {
  await using temp = await makeTempFolder();
  const top = `${temp.path}/top`;
  await commitFiles(top, { "value": "100", "tests/bench/main.ts": MAIN, "tests/support/a.ts": "" });
  await Deno.remove(`${top}/value`);
  const options = { top, revision: "HEAD", parts: ["export"], rounds: 1, quick: true, signal };
  assertEquals(await measureSideBySide(options), { changes: [], broken: ["export"] });
});

Deno.test("both revisions take turns; what seems worse is measured again, what fails is left out", async () => {
  await using temp = await makeTempFolder();
  const top = `${temp.path}/top`;
  await commitFiles(top, { "value": "100", "tests/bench/main.ts": MAIN, "tests/support/a.ts": "" });
  await commitFiles(top, { "value": "50" });
  const options: SideBySide = {
    top,
    revision: "HEAD^",
    parts: ["export"],
    rounds: 1,
    quick: true,
    signal,
  };
  const change = { part: "export", what: "a year", unit: "ms" };
  assertEquals(await measureSideBySide(options), {
    changes: [{ ...change, before: 100, now: 50, bestBefore: 100, bestNow: 50 }],
    broken: [],
  });
  assertEquals(await Deno.readTextFile(`${temp.path}/runs`), "1");
  await Deno.writeTextFile(`${top}/value`, "200");
  assertEquals(await measureSideBySide({ ...options, parts: ["broken", "export"] }), {
    changes: [{ ...change, before: 100, now: 200, bestBefore: 100, bestNow: 200 }],
    // It failed in the clone, which comes first.
    broken: [],
  });
  // Once before; not the broken part; then 1 round and 2 rounds.
  assertEquals(await Deno.readTextFile(`${temp.path}/runs`), "4");
});

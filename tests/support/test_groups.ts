/**
 * Writes files that import the test files in groups, for `deno task test`. Deno runs each file that it
 * is given in a runtime of its own, which loads the whole app anew: 430 times takes longer than the
 * tests themselves. With arguments, only files whose paths in `tests/` begin with one of them.
 *
 * @module
 */

/** How many groups there are: enough for all processors, and few enough to save time. */
const GROUPS = 12;
/** What other commands run. */
const OTHER_FOLDERS = new Set(["heavy", "slow", "support", ".groups"]);

const TESTS = new URL("../", import.meta.url);
const FOLDER = new URL(".groups/", TESTS);

/** The paths of all test files below a folder, relative to `tests/`. */
function* testFiles(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(new URL(folder, TESTS))) {
    if (isDirectory && !OTHER_FOLDERS.has(name)) yield* testFiles(`${folder}${name}/`);
    else if (name.endsWith("_test.ts") && runsHere(`${folder}${name}`)) yield `${folder}${name}`;
  }
}

/** Whether a file can be run: before Deno 2.7, the mail server of the tests neither closes nor encrypts. */
function runsHere(file: string): boolean {
  if (!/^2\.[56]\./.test(Deno.version.deno)) return true;
  return !Deno.readTextFileSync(new URL(file, TESTS)).includes("/mail_server.ts");
}

/** Deals the files out, so that the long tests of a folder are not all in one group. */
function groupsOf(files: readonly string[]): string[] {
  const groups = Array.from({ length: GROUPS }, () => "");
  for (const [at, file] of files.entries()) groups[at % GROUPS] += `import "../${file}";\n`;
  return groups;
}

if (import.meta.main) {
  const wanted = Deno.args.length === 0 ? [""] : Deno.args;
  const files = [...testFiles("")].filter((path) => wanted.some((start) => path.startsWith(start)))
    .toSorted();
  // Anew, as an earlier version may have left more groups.
  await Deno.remove(FOLDER, { recursive: true }).catch(() => {});
  await Deno.mkdir(FOLDER);
  for (const [at, text] of groupsOf(files).entries()) {
    await Deno.writeTextFile(new URL(`${at + 1}.ts`, FOLDER), text);
  }
}

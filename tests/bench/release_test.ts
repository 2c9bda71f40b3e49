import { assertEquals } from "../support/assert.ts";
import { findLastRelease, previousRelease, versionIn } from "./release.ts";
import { runProgram } from "./program.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const signal = new AbortController().signal;

Deno.test("the previous release is the commit that set the version before this one", () => {
  const history = [
    { commit: "e", version: "0.11.0" },
    { commit: "d", version: "0.10.0" },
    { commit: "c", version: "0.10.0" },
    { commit: "b", version: "0.9.0" },
    { commit: "a", version: "0.8.0" },
  ];
  assertEquals(previousRelease(history, "0.11.0")?.commit, "c");
  // The version was raised, but not yet committed.
  assertEquals(previousRelease(history, "0.12.0")?.commit, "e");
  assertEquals(previousRelease(history.slice(1), "0.10.0")?.commit, "b");
  assertEquals(previousRelease(history.slice(4), "0.8.0"), null);
});

Deno.test("versionIn() finds the version of a deno.json", () => {
  assertEquals(versionIn('{\n  "name": "@a/b",\n  "version": "0.10.0"\n}'), "0.10.0");
  assertEquals(versionIn("{}"), null);
});

Deno.test("in a repository, the last release is the newest tag before HEAD, or else a commit", async () => {
  await using folder = await makeTempFolder();
  const identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"];
  const git = (...args: string[]) =>
    runProgram("git", { args: ["-C", folder.path, ...identity, ...args], signal });
  const commit = async (version: string) => {
    await Deno.writeTextFile(`${folder.path}/deno.json`, `{\n  "version": "${version}"\n}\n`);
    await git("add", "deno.json");
    await git("commit", "--quiet", "--allow-empty", "-m", version);
    return await git("rev-parse", "HEAD");
  };
  await git("init", "--quiet");
  await commit("0.8.0");
  const release = await commit("0.9.0");
  await commit("0.10.0");
  assertEquals(await findLastRelease(folder.path, signal), release);
  await git("tag", "v0.9.1", "HEAD^");
  // A tag of the current commit is not an earlier release.
  await git("tag", "v0.10.0", "HEAD");
  assertEquals(await findLastRelease(folder.path, signal), "v0.9.1");
});

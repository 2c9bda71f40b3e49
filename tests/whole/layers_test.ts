import { assert, assertEquals } from "../support/assert.ts";
import { importsOf, readSource, readSources, TOP } from "../support/sources.ts";

/** What each room may import. */
const ALLOWED: Record<string, string[]> = {
  data: ["data"],
  kv: ["kv", "data"],
  jobs: ["jobs", "kv", "data"],
  routes: ["routes", "jobs", "kv", "data"],
};
const ROOMS = Object.keys(ALLOWED);

function roomOf(path: string): string {
  return path.split("/")[0];
}

function resolved(path: string, specifier: string): string {
  return new URL(specifier, `file://${TOP}${path}`).pathname.slice(TOP.length);
}

Deno.test("imports obey the layers: routes over jobs over kv over data", async () => {
  for (const room of ROOMS) {
    const sources = await readSources(room);
    assert(sources.length > 3, room);
    for (const source of sources) {
      for (const specifier of importsOf(source).filter((text) => text.startsWith("."))) {
        const target = resolved(source.path, specifier);
        assert(ALLOWED[room].includes(roomOf(target)), `${source.path} imports ${target}`);
      }
    }
  }
});

Deno.test("routes see nothing of jobs but their face and the contracts of kinds", async () => {
  const seen = new Set<string>();
  for (const source of await readSources("routes")) {
    for (const specifier of importsOf(source).filter((text) => text.includes("/jobs/"))) {
      const target = resolved(source.path, specifier);
      if (roomOf(target) === "jobs") seen.add(target);
    }
  }
  const inner = [...seen].filter((path) => !/^jobs\/(jobs|\w+_contract)\.ts$/.test(path));
  assertEquals(inner, []);
  assert(seen.size > 0);
});

Deno.test("nobody imports main.ts but tests, and nothing happens at import", async () => {
  for (const room of ROOMS) {
    for (const source of await readSources(room)) {
      assert(!importsOf(source).some((text) => text.endsWith("main.ts")), source.path);
      assert(!/^(await|if|for|while|Deno\.)\b/m.test(source.code), source.path);
    }
  }
});

Deno.test("data/ is pure: no runtime, clock, randomness, console; only its ports do I/O", async () => {
  const impure =
    /\bDeno\b|\bfetch\(|Date\.now|new Date\(\)|Temporal\.Now|Math\.random|crypto\.|\bconsole\b|process\.|\bsetTimeout\b|performance\./;
  for (const { path, code } of await readSources("data")) {
    if (/^data\/(files|sources)\//.test(path)) continue;
    assertEquals(impure.exec(code)?.[0], undefined, path);
  }
});

Deno.test("jobs/ and routes/ spell no key, and the routes do no arithmetic on storage", async () => {
  for (const room of ["jobs", "routes"]) {
    for (const { path, code } of await readSources(room)) {
      const spelled = /\bkv\.(get|set|delete|list)\(|prefix:|\.(set|delete|sum|max)\(\[/.exec(code);
      assertEquals(spelled?.[0], undefined, path);
    }
  }
});

Deno.test("no two KV modules share a first key part, and none is spelled outside its module", async () => {
  const owners = new Map<string, string>();
  for (const { path, code } of await readSources("kv")) {
    const spaces = [...code.matchAll(/^(?:const SPACE|export const \w+_SPACE) = "(\w+)";$/gm)].map((
      [, space],
    ) => space);
    assert(spaces.length <= 1, path);
    for (const space of spaces) {
      assert(!owners.has(space), `${path} and ${owners.get(space)} share ${space}`);
      owners.set(space, path);
    }
    const literals = [...code.matchAll(/\b(?:get|list|set|delete|sum|max)\(\s*\[\s*"/g)];
    assertEquals(literals.length, 0, path);
  }
  assertEquals([...owners.keys()].toSorted(), [
    "beat",
    "block",
    "changed",
    "device",
    "device_event",
    "due",
    "job",
    "job_slot",
    "journal",
    "lake_checkpoint",
    "lake_manifest",
    "lake_order",
    "lease",
    "loaded_file",
    "meta",
    "revision",
    "segment",
    "series",
    "store",
    "unfolded",
  ]);
});

Deno.test("docs/storage.md describes every key space", async () => {
  const text = await Deno.readTextFile(`${TOP}docs/storage.md`);
  for (const { code } of await readSources("kv")) {
    const space = /^(?:const SPACE|export const \w+_SPACE) = "(\w+)";$/m.exec(code)?.[1];
    if (space !== undefined) assert(text.includes(`["${space}"`), space);
  }
});

Deno.test("a file opens with what it is for, and stays below 350 lines", async () => {
  for (const room of ROOMS) {
    for (const { path, text } of await readSources(room)) {
      assert(/^\/\*\*\n \* [\s\S]*? \* @module\n \*\/\n/.test(text), path);
      assert(text.split("\n").length <= 350, path);
    }
  }
  assert((await readSource("main.ts")).text.startsWith("/**\n * OpenWatts"));
});

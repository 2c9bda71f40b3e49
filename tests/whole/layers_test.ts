import { assert, assertEquals } from "../support/assert.ts";
import { floorOf, FLOORS, PARTS, roomOf } from "../support/floors.ts";
import { importsOf, readSource, readSources, type Source, TOP } from "../support/sources.ts";

function resolved(path: string, specifier: string): string {
  return new URL(specifier, `file://${TOP}${path}`).pathname.slice(TOP.length);
}

/** Every import between files of the four parts. */
async function importsBetweenFiles(): Promise<{ from: string; to: string }[]> {
  const found: { from: string; to: string }[] = [];
  for (const part of PARTS) {
    const sources = await readSources(part);
    assert(sources.length > 3, part);
    for (const source of sources) {
      for (const specifier of importsOf(source).filter((text) => text.startsWith("."))) {
        found.push({ from: source.path, to: resolved(source.path, specifier) });
      }
    }
  }
  return found;
}

const partOf = (path: string) => path.split("/")[0];

Deno.test("each part imports itself and lower parts: routes over jobs over kv over data", async () => {
  const imports = await importsBetweenFiles();
  const upward = imports.filter(({ from, to }) =>
    PARTS.indexOf(partOf(to)) > PARTS.indexOf(partOf(from)) || !PARTS.includes(partOf(to))
  );
  assertEquals(upward, []);
});

Deno.test("each room imports itself and rooms on lower floors of its part", async () => {
  const imports = await importsBetweenFiles();
  const wrong = imports.filter(({ from, to }) => {
    const part = partOf(from);
    if (part !== partOf(to) || roomOf(from) === roomOf(to)) return false;
    return floorOf(part, roomOf(to)) >= floorOf(part, roomOf(from));
  });
  assertEquals(wrong, []);
});

Deno.test("the table of floors has every room once, and no room that is not there", async () => {
  for (const part of PARTS) {
    const rooms = new Set((await readSources(part)).map(({ path }) => roomOf(path)));
    assertEquals(FLOORS[part].flat().toSorted(), [...rooms].toSorted(), part);
  }
});

Deno.test("no files import each other in a circle", async () => {
  const next = new Map<string, string[]>();
  for (const { from, to } of await importsBetweenFiles()) {
    next.set(from, [...next.get(from) ?? [], to]);
  }
  const done = new Set<string>();
  function circleFrom(path: string, way: readonly string[]): readonly string[] | null {
    if (way.includes(path)) return [...way.slice(way.indexOf(path)), path];
    if (done.has(path)) return null;
    for (const other of next.get(path) ?? []) {
      const circle = circleFrom(other, [...way, path]);
      if (circle !== null) return circle;
    }
    done.add(path);
    return null;
  }
  for (const path of next.keys()) assertEquals(circleFrom(path, []), null);
});

Deno.test("routes see nothing of jobs but their face and the contracts of kinds", async () => {
  const seen = new Set<string>();
  for (const source of await readSources("routes")) {
    for (const specifier of importsOf(source).filter((text) => text.includes("/jobs/"))) {
      const target = resolved(source.path, specifier);
      if (partOf(target) === "jobs") seen.add(target);
    }
  }
  const inner = [...seen].filter((path) =>
    !/^jobs\/(engine\/jobs|\w+\/\w+_contract)\.ts$/.test(path)
  );
  assertEquals(inner, []);
  assert(seen.size > 0);
});

Deno.test("nobody imports main.ts but tests, and nothing happens at import", async () => {
  for (const room of PARTS) {
    for (const source of await readSources(room)) {
      assert(!importsOf(source).some((text) => text.endsWith("main.ts")), source.path);
      assert(!/^(await|if|for|while|Deno\.)\b/m.test(source.code), source.path);
    }
  }
});

/** The specifier of each import that is not of types alone. */
function valueImportsOf({ code }: Source): string[] {
  const clauses = code.matchAll(/\b(?:im|ex)port\s+(type\s)?[^"'`();]*?\bfrom\s+"([^"]+)"/g);
  return [...clauses].filter(([, isType]) => isType === undefined).map(([, , from]) => from);
}

Deno.test("main.ts does not load node:sqlite: only workers and tools read the database file", async () => {
  const paths = ["main.ts"];
  const users: string[] = [];
  for (const path of paths) {
    for (const specifier of valueImportsOf(await readSource(path))) {
      if (specifier === "node:sqlite") users.push(path);
      if (!specifier.startsWith(".")) continue;
      const next = resolved(path, specifier);
      if (/\.tsx?$/.test(next) && !paths.includes(next)) paths.push(next);
    }
  }
  assertEquals(users, []);
  // Both ends of a way, so that none is missed.
  assert(paths.includes("kv/series/store.ts") && paths.includes("jobs/stores/report.ts"));
  assertEquals(
    valueImportsOf(await readSource("kv/database_file.ts")).includes("node:sqlite"),
    true,
  );
});

/**
 * What of data/ may do I/O: file stores, S3, the destinations and sources of continuous export, requests
 * to addresses that users name, and the environment.
 */
const IO_FILES =
  /^data\/(files\/|s3\/|continuous\/\w+_destination\.ts$|influx\/source\.ts$|notify\/(guarded_\w+|smtp_transport)\.ts$|(environment|task_permissions)\.ts$)/;

Deno.test("data/ is pure: no runtime, clock, randomness, console; only its ports do I/O", async () => {
  const impure =
    /\bDeno\b(?! Deploy| KV)|\bfetch\(|Date\.now|new Date\(\)|Temporal\.Now|Math\.random|crypto\.|\bconsole\b|process\.|\bsetTimeout\b|performance\./;
  for (const { path, code } of await readSources("data")) {
    if (IO_FILES.test(path)) continue;
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
    "alert",
    "alert_group",
    "alert_pass",
    "alert_state",
    "audit",
    "beat",
    "block",
    "changed",
    "delivery",
    "delivery_open",
    "delivery_target",
    "device",
    "device_event",
    "device_rejection",
    "due",
    "event",
    "file",
    "first_key",
    "import_preset",
    "ingest",
    "job",
    "job_account",
    "job_checkpoint",
    "job_history",
    "job_owned",
    "job_slot",
    "journal",
    "key",
    "key_used",
    "lake_checkpoint",
    "lake_manifest",
    "lake_order",
    "lease",
    "loaded_file",
    "mail_stop",
    "maintenance",
    "meta",
    "meter",
    "outbox",
    "profile",
    "profile_use",
    "pulse",
    "revision",
    "schedule",
    "schedule_list",
    "schedule_run",
    "secret",
    "segment",
    "series",
    "session",
    "set_aside",
    "store",
    "store_hours_rejected",
    "touched",
    "unfolded",
    "webhook",
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
  for (const room of PARTS) {
    for (const { path, text } of await readSources(room)) {
      assert(/^\/\*\*\n \* [\s\S]*? \* @module\n \*\/\n/.test(text), path);
      // The texts of a language are one table, so that another language is one file.
      const isTexts = path.startsWith("routes/pages/texts/");
      assert(isTexts || text.split("\n").length <= 350, path);
    }
  }
  const { text } = await readSource("main.ts");
  assert(text.startsWith("/**\n * OpenWatts"));
  assert(text.split("\n").length <= 350, "main.ts");
});

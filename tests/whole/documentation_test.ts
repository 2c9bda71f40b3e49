import { assertEquals } from "../support/assert.ts";
import { readSources, TOP } from "../support/sources.ts";

/** Where zod schemas stand, whose types are inferred: an answer is typed by its schema. */
const SCHEMAS = /\/routes\/.*(schemas|schema_parts|operations?)\.ts:/;

Deno.test("every exported name says what it is, and has its type written out unless a schema gives it", async () => {
  const rooms = await Promise.all(["data", "kv", "jobs", "routes"].map(readSources));
  const files = ["main.ts", ...rooms.flat().map(({ path }) => path)];
  const doc = new Deno.Command(Deno.execPath(), {
    args: ["doc", "--lint", ...files],
    cwd: TOP,
    env: { NO_COLOR: "1" },
  });
  const { stderr } = await doc.output();
  const errors = new TextDecoder().decode(stderr).matchAll(/^error\[(.+?)\]: .*\n *--> (.+)$/gm);
  // A type of a package from npm counts as private there, so that rule says nothing here.
  const told = [...errors].filter(([, rule, place]) =>
    place.startsWith(TOP) && rule !== "private-type-ref" &&
    !(rule === "missing-explicit-type" && SCHEMAS.test(place))
  );
  assertEquals(told.map(([, rule, place]) => `${rule} ${place}`), []);
});

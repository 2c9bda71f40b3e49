import { parseArguments } from "../../../kv/backup/task.ts";
import { assertEquals } from "../../support/assert.ts";

const KNOWN = { flags: ["files", "replace"], values: ["wait"] };

Deno.test("parseArguments() tells paths, flags and values apart", () => {
  assertEquals(parseArguments(["--files", "a b", "--wait=60", "c"], KNOWN), {
    paths: ["a b", "c"],
    flags: new Set(["files"]),
    values: new Map([["wait", "60"]]),
  });
  assertEquals(parseArguments([], KNOWN), {
    paths: [],
    flags: new Set<string>(),
    values: new Map(),
  });
});

Deno.test("parseArguments() refuses options that it does not know", () => {
  for (const text of ["--force", "--files=yes", "--wait", "-f", "--", "--WAIT=1"]) {
    assertEquals(parseArguments(["a", text], KNOWN), { problem: `Unknown option: ${text}` });
  }
});

import { assertEquals, assertThrows } from "../support/assert.ts";
import { readOptions } from "./options.ts";

const PARTS = ["export", "jobs"];

Deno.test("without arguments, everything is measured once, in full", () => {
  assertEquals(readOptions([], PARTS), {
    parts: [],
    quick: false,
    details: false,
    alone: false,
    json: null,
    against: null,
    check: false,
    rounds: 3,
  });
});

Deno.test("options may stand before and after parts", () => {
  const found = readOptions(
    ["--json", "out.json", "jobs", "--against", "HEAD~2", "--rounds", "5", "--check"],
    PARTS,
  );
  assertEquals(found.parts, ["jobs"]);
  assertEquals([found.json, found.against], ["out.json", "HEAD~2"]);
  assertEquals([found.rounds, found.check], [5, true]);
});

Deno.test("--json - is standard output", () => {
  assertEquals(readOptions(["--json", "-"], PARTS).json, "-");
});

Deno.test("an unknown part, wrong rounds, and an option in place of a revision are refused together", () => {
  const act = () => readOptions(["exprot", "--rounds", "0", "--against=--upload-pack=x"], PARTS);
  const { message } = assertThrows(act, TypeError);
  assertEquals(message.split("\n"), [
    "Unknown part: exprot. Parts: export, jobs",
    "--rounds must be a number from 1 to 100: 0",
    "Not a revision: --upload-pack=x",
  ]);
});

Deno.test("an unknown option is refused", () => {
  assertThrows(() => readOptions(["--fast"], PARTS), TypeError);
});

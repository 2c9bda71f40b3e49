import { findInPath, runProgram } from "../bench/program.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { readDocuments } from "../support/documents.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const PACKAGES = ["mermaid@11.17.2", "jsdom@29.1.1"];
/** What node runs: for each text of a JSON array, what is wrong with it, or "". */
const SCRIPT = `
import { JSDOM } from "jsdom";
const { window } = new JSDOM("");
Object.assign(globalThis, { window, document: window.document });
const { default: mermaid } = await import("mermaid");
const results = JSON.parse(process.argv[2])
  .map((text) => mermaid.parse(text).then(() => "", (error) => error.message));
console.log(JSON.stringify(await Promise.all(results)));
`;

Deno.test({
  name: "Mermaid reads every diagram of the documents",
  ignore: !Deno.env.has("REQUIRE_ALL"),
  async fn() {
    await using folder = await makeTempFolder();
    const { signal } = new AbortController();
    const [node, npm] = await Promise.all([findInPath("node"), findInPath("npm")]);
    assert(node !== null && npm !== null, "node and npm are required");
    await Deno.writeTextFile(`${folder.path}/package.json`, '{ "private": true }');
    await Deno.writeTextFile(`${folder.path}/parse.mjs`, SCRIPT);
    const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline"];
    await runProgram(npm, { args: [...args, ...PACKAGES], signal, cwd: folder.path });
    const blocks = (await readDocuments()).flatMap((document) => document.blocks);
    const diagrams = blocks.filter(({ language }) => language === "mermaid");
    const texts = ["sequenceDiagram\n  A-", ...diagrams.map(({ text }) => text)];
    const printed = await runProgram(node, {
      args: ["parse.mjs", JSON.stringify(texts)],
      signal,
      cwd: folder.path,
    });
    const [ofWrong, ...problems] = JSON.parse(printed);
    assert(ofWrong !== "", "a diagram that breaks off was accepted");
    assertEquals(problems, diagrams.map(() => ""));
    assert(diagrams.length > 0);
  },
});

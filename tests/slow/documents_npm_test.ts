import { findInPath, runProgram } from "../bench/program.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type Block, markOf, readDocuments } from "../support/documents.ts";
import { makeTempFolder } from "../support/temp_folder.ts";

const ignore = !Deno.env.has("REQUIRE_ALL");
const { signal } = new AbortController();

/** What node runs: for each text of a JSON array, what is wrong with it, or "". */
const PARSE_DIAGRAMS = `
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
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    await installPackages(folder.path, ["mermaid@11.17.2", "jsdom@29.1.1"]);
    await Deno.writeTextFile(`${folder.path}/parse.mjs`, PARSE_DIAGRAMS);
    const diagrams = await blocksOf("mermaid");
    const texts = ["sequenceDiagram\n  A-", ...diagrams.map(({ text }) => text)];
    const printed = await runProgram("node", {
      args: ["parse.mjs", JSON.stringify(texts)],
      signal,
      cwd: folder.path,
    });
    const [ofWrong, ...problems] = JSON.parse(printed);
    assert(ofWrong !== "", "a diagram that breaks off was accepted");
    assertEquals(problems, diagrams.map(() => ""));
  },
});

Deno.test({
  name: "tsc compiles every TypeScript program of the documents, for Node.js and for browsers",
  ignore,
  async fn() {
    await using folder = await makeTempFolder();
    const blocks = await blocksOf("ts");
    const needed = blocks.flatMap(({ text }) =>
      [...text.matchAll(NPM_IMPORT)].map(([, name]) => name)
    );
    await installPackages(folder.path, ["typescript@6.0.3", "@types/node@24.10.1", ...needed]);
    const files = blocks.map((_, index) => `program_${index}.ts`);
    for (const [index, { text }] of blocks.entries()) {
      const program = text.replace(NPM_IMPORT, (_, name) => `"${name.replace(/@[^@/]+$/, "")}"`);
      await Deno.writeTextFile(`${folder.path}/${files[index]}`, program);
    }
    const module = ["--module", "esnext", "--moduleDetection", "force", "--target", "es2022"];
    const node = ["--lib", "es2023", "--types", "node"];
    const browser = ["--lib", "es2023,dom"];
    for (const types of [node, browser]) {
      const { stdout } = await new Deno.Command("node", {
        args: [
          "node_modules/typescript/bin/tsc",
          "--strict",
          "--noEmit",
          "--skipLibCheck",
          ...module,
          ...types,
          ...files,
        ],
        cwd: folder.path,
      }).output();
      assertEquals(new TextDecoder().decode(stdout), "");
    }
  },
});

/** What a program of Deno imports from npm, such as `"npm:name@1.2.3"`. */
const NPM_IMPORT = /"npm:([^"]+)"/g;

/** The blocks of a language in all documents that are run; there is at least one. */
async function blocksOf(language: string): Promise<Block[]> {
  const blocks = (await readDocuments()).flatMap((document) => document.blocks)
    .filter((block) => block.language === language && markOf(block, "not run:") === null);
  assert(blocks.length > 0, language);
  return blocks;
}

async function installPackages(folder: string, packages: string[]): Promise<void> {
  const npm = await findInPath("npm");
  assert(npm !== null, "npm is required");
  await Deno.writeTextFile(`${folder}/package.json`, '{ "private": true, "type": "module" }');
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline", ...packages];
  await runProgram(npm, { args, signal, cwd: folder });
}

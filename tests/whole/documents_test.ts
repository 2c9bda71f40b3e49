import { assert, assertEquals } from "../support/assert.ts";
import { type Document, markOf, readDocuments } from "../support/documents.ts";
import { TOP } from "../support/sources.ts";

/** The blocks of commands that no test runs, by their first line. All others are run. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "README.md: npx -y deno@2.9.6 task test": "runs this test",
  "docs/clients.md: let": "Power Query runs on Windows only",
  "docs/develop.md: deno task dev": "they run this test",
  "docs/operate.md: sudo systemctl daemon-reload": "needs root and systemd",
  "docs/s3.md: FILE_STORE=s3://my-bucket/exports S3_ENDPOINT=http://127.0.0.1:9000 \\":
    "needs an S3 server and its keys",
  "docs/speed.md: deno task bench": "measures for minutes",
};
/** Longest README, lines. */
const README_MAX_LINES = 150;

const documents = await readDocuments();

Deno.test("the README has at most 150 lines", () => {
  const readme = documents.find(({ path }) => path === "README.md");
  assert((readme?.text.split("\n").length ?? Infinity) <= README_MAX_LINES);
});

Deno.test("only the blocks of this list are not run, each for the reason that stands above it", () => {
  const found = documents.flatMap(({ path, blocks }) =>
    blocks.flatMap((block) => {
      const reason = markOf(block, "not run:");
      return reason === null ? [] : [[`${path}: ${block.text.split("\n")[0]}`, reason]];
    })
  );
  assertEquals(Object.fromEntries(found), NOT_RUN);
});

Deno.test("blocks of commands can be pasted into bash and zsh", () => {
  for (const { path, blocks } of documents) {
    for (const { language, text, line } of blocks) {
      if (language !== "sh") continue;
      const quoted = /"[^"]*"|'[^']*'/g;
      const bare = text.replaceAll(quoted, "");
      // An interactive zsh has no comments, and takes a bare ? or * for a pattern of file names.
      assert(!/(^|\s)#|[?*]/.test(bare), `${path}:${line}`);
    }
  }
});

Deno.test("links of documents lead to files and headings that are there", async () => {
  for (const document of documents) {
    for (const [, target] of document.text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const place = `${document.path}: ${target}`;
      const [path, anchor] = target.split("#");
      const found = path === "" ? document : await documentAt(document.path, path);
      assert(found !== null, place);
      if (anchor !== undefined) assert(anchorsOf(found).includes(anchor), place);
    }
  }
});

/** The document or other file that a link leads to; null where there is none. */
async function documentAt(from: string, link: string): Promise<Pick<Document, "text"> | null> {
  const path = new URL(link, `file:///${from}`).pathname.slice(1);
  const known = documents.find((document) => document.path === path);
  if (known !== undefined) return known;
  const isThere = await Deno.stat(TOP + path).then(() => true, () => false);
  return isThere ? { text: "" } : null;
}

/** The anchors of headings, as Git hosts make them. */
function anchorsOf({ text }: Pick<Document, "text">): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-")
  );
}

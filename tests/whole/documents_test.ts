import {
  DAY_MS,
  EXPORT_MAX_RANGE_MS,
  JSON_BODY_MAX_BYTES,
  METER_ID_RULE,
  RECORD_MAX_BYTES,
  STORE_ID_RESERVED,
  STORE_SPANS_MAX,
} from "../../data/limits.ts";
import { createTestApp } from "../routes/app_fixture.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type Document, markOf, readDocuments } from "../support/documents.ts";
import { FLOORS } from "../support/floors.ts";
import { readSource, readSources, type Source, TOP } from "../support/sources.ts";

/** The languages whose blocks `tests/slow/documents_test.ts` runs. */
const PROGRAMS = ["sh", "python", "ts", "r"];
/** The languages of what programs print and read. */
const DATA = ["json", "csv", "text", "ini", "yaml", "nginx", "caddyfile", "mermaid"];
/** The blocks of programs that no test runs, by their first line. All others are run. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "README.md: npx -y deno@2.9.6 task test": "runs this test",
  "docs/clients.md: curl -s -o openapi.json http://127.0.0.1:8000/openapi.json":
    "downloads generators, which tests/heavy/clients runs",
  "docs/clients.md: from open_watts_client import AuthenticatedClient":
    "needs a generated client, as tests/heavy/clients has",
  'docs/clients.md: import createClient from "openapi-fetch";':
    "needs a generated client, as tests/heavy/clients has",
  "docs/clients.md: let": "Power Query runs on Windows only",
  "docs/containers.md: docker build -t openwatts .":
    "needs a container engine; tests/slow/container_test.ts builds and runs the image",
  "docs/containers.md: kubectl create namespace openwatts":
    "needs a cluster; tests/slow/container_rules_test.ts checks the manifests",
  "docs/deploy.md: URL=https://watts.example.deno.net": "needs an app on Deno Deploy",
  "docs/develop.md: deno task dev": "they run this test",
  "docs/operate.md: sudo systemctl daemon-reload": "needs root and systemd",
  "docs/s3.md: FILE_STORE=s3://my-bucket/exports S3_ENDPOINT=http://127.0.0.1:9000 \\":
    "needs an S3 server and its keys",
  "docs/speed.md: deno task bench": "measures for minutes",
};
/** Paths of the repository, as documents name them in code. */
const PATH_OF_REPOSITORY = /`((?:data|docs|jobs|kv|routes|tests|\.ci)\/[\w./-]*|main\.ts)`/g;
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
  for (const { path, blocks } of documents) {
    for (const block of blocks) {
      const isKnown = [...PROGRAMS, ...DATA].includes(block.language);
      assert(isKnown || markOf(block, "not run:") !== null, `${path}:${block.line}`);
    }
  }
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

/** Where log events are listed. */
const OPERATE = "docs/operate.md";

Deno.test("docs/operate.md lists every event that is logged, with its fields", async () => {
  const rooms = await Promise.all(["data", "kv", "jobs", "routes"].map(readSources));
  const sources = [...rooms.flat(), await readSource("main.ts")];
  const logged = new Map(sources.flatMap(eventsOf));
  const operate = documents.find(({ path }) => path === OPERATE)?.text ?? "";
  const log = operate.slice(operate.indexOf("## Log\n"));
  const listed = new Map(
    [...log.matchAll(/^\| `([^`]+)` +\|(.*)$/gm)].map(([, event, row]) => [event, row]),
  );
  assertEquals([...listed.keys()].toSorted(), [...logged.keys()].toSorted());
  for (const [event, fields] of logged) {
    for (const field of fields) {
      assert(listed.get(event)?.includes(`\`${field}\``), `${event}: ${field}`);
    }
  }
});

Deno.test("docs/architecture.md shows the floors that the layers test enforces", () => {
  const text = documents.find(({ path }) => path === "docs/architecture.md")?.text ?? "";
  for (const [part, floors] of Object.entries(FLOORS)) {
    const row = floors.map((floor) => floor.map((room) => `\`${room}\``).join(" ")).join(" · ");
    assert(text.replaceAll(/ +/g, " ").includes(`| \`${part}/\` | ${row} |`), part);
  }
});

Deno.test("docs/limits.md has the limits of the code", () => {
  const limits = documents.find(({ path }) => path === "docs/limits.md")?.text ?? "";
  const shown = limits.replaceAll(/\s+/g, " ");
  const number = (value: number) => value.toLocaleString("en");
  const texts = [
    `1 minute to ${EXPORT_MAX_RANGE_MS / DAY_MS} days`,
    `A JSON body has at most ${JSON_BODY_MAX_BYTES / 1_024} KiB`,
    `at most ${number(RECORD_MAX_BYTES)} bytes`,
    `at most ${number(STORE_SPANS_MAX)} rows of hours`,
    `cannot be ${STORE_ID_RESERVED.slice(0, 2).map((id) => `\`${id}\``).join(", ")}`,
    METER_ID_RULE.replace(
      "of A-Z a-z 0-9 _ . : - except . and .. alone",
      "of `A-Z a-z 0-9 _ . : -`, but not `.` or `..`",
    ),
  ];
  for (const text of texts) assert(shown.includes(text), text);
});

Deno.test("paths of the repository in documents are there", async () => {
  for (const { path, text } of documents) {
    for (const [, named] of text.matchAll(PATH_OF_REPOSITORY)) {
      assert(await isThere(named), `${path}: ${named}`);
    }
  }
});

Deno.test("docs/api.md names every path of the API document, with its parameters as there", async () => {
  const { paths } = await (await createTestApp().app.request("/openapi.json")).json();
  const api = documents.find(({ path }) => path === "docs/api.md")?.text ?? "";
  for (const path of Object.keys(paths)) assert(api.includes(path), path);
});

/** The document or other file that a link leads to; null where there is none. */
async function documentAt(from: string, link: string): Promise<Pick<Document, "text"> | null> {
  const path = new URL(link, `file:///${from}`).pathname.slice(1);
  const known = documents.find((document) => document.path === path);
  if (known !== undefined) return known;
  return await isThere(path) ? { text: "" } : null;
}

function isThere(path: string): Promise<boolean> {
  return Deno.stat(TOP + path).then(() => true, () => false);
}

/** The anchors of headings, as Git hosts make them. */
function anchorsOf({ text }: Pick<Document, "text">): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(/\s/g, "-")
  );
}

/** The events that a source logs, each with the fields that are written out there. */
function eventsOf({ code }: Source): [event: string, fields: string[]][] {
  return [...code.matchAll(/(?<!Math)\.?\blog\(\s*[^()]*?,\s*"([^"]+)"(?:,\s*\{([^{}]*)\})?/g)]
    .map(([, event, fields = ""]) => [
      event,
      fields.split(",").map((field) => field.split(":")[0].trim())
        .filter((name) => /^\w+$/.test(name)),
    ]);
}

/**
 * The project's documents and their blocks of code, for tests that run what a reader would paste.
 *
 * A comment directly above a block says what a test must know of it:
 *
 * | comment | meaning |
 * |---|---|
 * | `<!-- not run: REASON -->` | no test runs it; `tests/whole/documents_test.ts` lists these blocks |
 * | `<!-- prints: TEXT -->` | its output has this text, in which `…` stands for any characters |
 * | `<!-- output -->` | the block is what the block before it prints, `…` as above |
 * | `<!-- output within 20 s -->` | the same, and the block before it is repeated until it does |
 * | `<!-- needs: sqlite3 python:pandas -->` | it runs where these programs and packages are (`R:…` of R) |
 * | `<!-- service: stopped -->` | the service is stopped before it runs |
 *
 * @module
 */

import { TOP } from "./sources.ts";

/** A fenced block of a document. */
export interface Block {
  /** What stands behind the fence: `sh`, `python`, `json` and so on. */
  readonly language: string;
  /** Its lines. */
  readonly text: string;
  /** The line of its fence, from 1. */
  readonly line: number;
  /** The texts of the comments directly above it. */
  readonly marks: readonly string[];
}

/** A Markdown file. */
export interface Document {
  /** Its path from the top of the repository. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
  /** Its blocks, in order. */
  readonly blocks: readonly Block[];
}

/** The README and every document below `docs/`, in the order of their paths. */
export async function readDocuments(): Promise<Document[]> {
  const paths = ["README.md", ...await markdownBelow("docs")];
  return await Promise.all(paths.map(async (path) => {
    const text = await Deno.readTextFile(TOP + path);
    return { path, text, blocks: blocksOf(text) };
  }));
}

/** What stands after a word in the first mark that begins with it; null where there is none. */
export function markOf(block: Block, word: string): string | null {
  return marksOf(block, word)[0] ?? null;
}

/** The same of every mark that begins with a word. */
export function marksOf({ marks }: Block, word: string): string[] {
  return marks.filter((text) => text === word || text.startsWith(`${word} `))
    .map((text) => text.slice(word.length).trim());
}

/** A pattern of a text in which `…` stands for any characters of a line. */
export function patternOf(text: string): RegExp {
  const parts = text.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(parts.join(".*?"));
}

async function markdownBelow(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(TOP + folder)) {
    if (isDirectory) paths.push(...await markdownBelow(`${folder}/${name}`));
    else if (name.endsWith(".md")) paths.push(`${folder}/${name}`);
  }
  return paths.toSorted();
}

function blocksOf(markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split("\n");
  let marks: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const mark = /^<!-- (.+) -->$/.exec(lines[at])?.[1];
    const language = /^```(\S*)$/.exec(lines[at])?.[1];
    if (mark !== undefined) marks.push(mark);
    else if (language !== undefined) {
      const end = lines.indexOf("```", at + 1);
      blocks.push({ language, text: lines.slice(at + 1, end).join("\n"), line: at + 1, marks });
      at = end;
      marks = [];
    } else if (lines[at].trim() !== "") marks = [];
  }
  return blocks;
}

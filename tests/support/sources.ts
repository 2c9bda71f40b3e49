/**
 * The source files of the project, for tests that check all of them.
 *
 * @module
 */

/** A source file. */
export interface Source {
  /** Its path from the root of the repository. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
  /** Its text without comments. */
  readonly code: string;
}

/** The root of the repository. */
export const TOP = new URL("../../", import.meta.url).pathname;

/** Every TypeScript file of a folder and its subfolders. */
export async function readSources(folder: string): Promise<Source[]> {
  const sources: Source[] = [];
  for await (const { name, isDirectory } of Deno.readDir(TOP + folder)) {
    const path = `${folder}/${name}`;
    if (isDirectory) sources.push(...await readSources(path));
    else if (/(?<!\.d)\.tsx?$/.test(name)) sources.push(await readSource(path));
  }
  return sources;
}

/** Reads one file. */
export async function readSource(path: string): Promise<Source> {
  const text = await Deno.readTextFile(TOP + path);
  const code = text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "");
  return { path, text, code };
}

/** The import specifiers of a file. */
export function importsOf({ code }: Source): string[] {
  return [...code.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, specifier]) => specifier);
}

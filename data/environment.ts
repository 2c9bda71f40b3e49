/**
 * The environment from which the settings are read.
 *
 * `parseEnv` of `node:util` is missing in Deno 2.5 and 2.6, so `.env` is read here, by the same rules.
 *
 * @module
 */

/**
 * A name, `=`, and a value: in one of three quotes, or up to `#` or the end of the line. A quote that is
 * not closed is a character as any other, and then `#` is one too.
 */
const ASSIGNMENT =
  /^[ \t]*(?:export[ \t]+)?([^\s=#][^=\n]*?)[ \t]*=[ \t]*(?:'([^']*)'|"((?:\\[^]|[^"\\])*)"|`([^`]*)`|(['"`].*|[^#\n]*)).*$/gm;

/**
 * The variables of some names, those of `.env` in the current folder included. Variables of the
 * environment override the file. Others are not read, so that no permission is needed for them.
 */
export async function readEnvironment(names: readonly string[]): Promise<Record<string, string>> {
  const file = parseEnvFile(await readFile(".env"));
  const given: Record<string, string> = {};
  for (const name of names) {
    const value = Deno.env.get(name) ?? file.get(name);
    if (value !== undefined) given[name] = value;
  }
  return given;
}

/**
 * The variables of the text of a `.env` file; the last value of a name counts. Values in quotes may
 * have several lines. In double quotes, `\n` is a new line. Lines that assign nothing are skipped.
 */
export function parseEnvFile(text: string): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  const lines = text.replaceAll("\r", "");
  for (const [, name, single, double, back, plain] of lines.matchAll(ASSIGNMENT)) {
    const value = single ?? double?.replaceAll("\\n", "\n") ?? back ?? plain.trimEnd();
    variables.set(name, value);
  }
  return variables;
}

async function readFile(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

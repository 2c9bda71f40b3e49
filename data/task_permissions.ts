/**
 * Prints the flags of `deno run` that grant what the service needs with the current settings, and
 * nothing else. The tasks in `deno.json` start the service with them.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { neededPermissions, permissionFlags, SETTINGS_PERMISSIONS } from "./permissions.ts";
import { readSettings, SETTING_NAMES } from "./settings.ts";
import { readEnvironment } from "./environment.ts";

/** The packages whose files the pages show (`routes/docs/package_files.ts`). */
const PAGE_PACKAGES = ["swagger-ui-dist", "redoc"];

/**
 * The flags for an environment and a current folder. With invalid settings, they allow the service
 * only to say what is wrong.
 */
export function flagsOf(
  environment: Readonly<Record<string, string>>,
  folder: string,
): readonly string[] {
  const result = readSettings(environment);
  if ("problems" in result) return permissionFlags(SETTINGS_PERMISSIONS, folder);
  const codeFolder = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");
  const packageFolders = PAGE_PACKAGES.flatMap(packageFolder);
  const place = { folder, codeFolder, packageFolders };
  return permissionFlags(neededPermissions(result.settings, place), folder);
}

/** The folder of a package; none if it is not installed, so that its page says so. */
function packageFolder(name: string): string[] {
  try {
    return [
      fileURLToPath(new URL(".", import.meta.resolve(`${name}/package.json`)))
        .replace(/[/\\]$/, ""),
    ];
  } catch {
    return [];
  }
}

// Run as a program, it prints them; importing it does nothing.
import.meta.main &&
  console.log(flagsOf(await readEnvironment(SETTING_NAMES), Deno.cwd()).join(" "));

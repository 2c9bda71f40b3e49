/**
 * Prints the flags of `deno run` that grant what the service needs with the current settings, and
 * nothing else, and that fit its heap to a limit of the memory. The tasks in `deno.json` start the
 * service with them. Only this program has all permissions: Deno lets no other read where a limit is.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import {
  neededPermissions,
  permissionFlags,
  permissionProblems,
  SETTINGS_PERMISSIONS,
} from "./permissions.ts";
import { readSettings, SETTING_NAMES } from "./settings.ts";
import { readEnvironment } from "./environment.ts";
import { heapFlags, limitFiles, smallestLimit } from "./heap_limit.ts";

/** The packages whose files the pages show (`routes/docs/package_files.ts`). */
const PAGE_PACKAGES = ["swagger-ui-dist", "redoc", "uplot"];

/** The flags, and why they grant less than the service needs, so that it does not start. */
export interface TaskFlags {
  /** The flags. */
  readonly flags: readonly string[];
  /** The reasons, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * The flags for an environment and a current folder. With invalid settings, they allow the service
 * only to say what is wrong, which it does itself.
 */
export function flagsOf(
  environment: Readonly<Record<string, string>>,
  folder: string,
): TaskFlags {
  const settingsFlags = permissionFlags(SETTINGS_PERMISSIONS, folder);
  const result = readSettings(environment);
  if ("problems" in result) return { flags: settingsFlags, problems: [] };
  const codeFolder = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");
  const packageFolders = PAGE_PACKAGES.flatMap(packageFolder);
  const place = { folder, codeFolder, packageFolders };
  const problems = permissionProblems(result.settings, place);
  if (problems.length > 0) return { flags: settingsFlags, problems };
  return { flags: permissionFlags(neededPermissions(result.settings, place), folder), problems };
}

/**
 * The flags of a task that reads and writes files which its arguments name, such as a backup: any file, but
 * no other hosts than those of the database and of S3.
 */
export function fileTaskFlags(
  environment: Readonly<Record<string, string>>,
  folder: string,
): string[] {
  const result = readSettings(environment);
  if ("problems" in result) return permissionFlags(SETTINGS_PERMISSIONS, folder);
  const { settings } = result;
  // It neither listens nor sends anything to others.
  const quiet = {
    ...settings,
    role: "worker",
    webhooks: { ...settings.webhooks, isOn: false },
    delivery: { ...settings.delivery, mail: null },
  } as const;
  const { net, env } = neededPermissions(quiet, { folder, codeFolder: folder, packageFolders: [] });
  const flags = permissionFlags({ net, env, read: [], write: [], sys: [] }, folder);
  return ["--allow-read", "--allow-write", ...flags];
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

/** The limit of the memory of this process, bytes; null if there is none. */
function memoryLimitBytes(): number | null {
  const groups = readIfThere("/proc/self/cgroup");
  return smallestLimit(limitFiles(groups).map(readIfThere));
}

function readIfThere(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function printFor(task: string | undefined, environment: Record<string, string>): void {
  if (task === "files") console.log(fileTaskFlags(environment, Deno.cwd()).join(" "));
  else print(flagsOf(environment, Deno.cwd()));
}

function print({ flags, problems }: TaskFlags): void {
  for (const problem of problems) console.error(`OpenWatts cannot start: ${problem}`);
  console.log([`--v8-flags=${heapFlags(memoryLimitBytes()).join(",")}`, ...flags].join(" "));
}

// Run as a program, it prints them; importing it does nothing.
import.meta.main && printFor(Deno.args[0], await readEnvironment(SETTING_NAMES));

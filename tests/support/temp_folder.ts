/**
 * Folders that are deleted after the test.
 *
 * @module
 */

/** A folder. Disposing of it deletes it with its content. */
export interface TempFolder extends AsyncDisposable {
  /** Its path. */
  readonly path: string;
}

/** Creates an empty folder. */
export async function makeTempFolder(): Promise<TempFolder> {
  const path = await Deno.makeTempDir({ prefix: "openwatts_" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Creates an empty folder on its own file system of `sizeBytes`. Needs the right to mount. */
export async function mountTempFolder(sizeBytes: number): Promise<TempFolder> {
  const folder = await makeTempFolder();
  await run("mount", ["-t", "tmpfs", "-o", `size=${sizeBytes}`, "tmpfs", folder.path]);
  return {
    path: folder.path,
    async [Symbol.asyncDispose]() {
      await run("umount", [folder.path]);
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Makes a mounted folder read-only, or writable again. */
export async function remount(path: string, mode: "ro" | "rw"): Promise<void> {
  await run("mount", ["-o", `remount,${mode}`, path]);
}

/** Whether this user may mount. Tests that need it are skipped otherwise. */
export async function mayMount(): Promise<boolean> {
  try {
    await using _ = await mountTempFolder(4096);
    return true;
  } catch {
    return false;
  }
}

async function run(command: string, args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`${command}: ${new TextDecoder().decode(stderr)}`);
}

/**
 * Where data is stored if no setting says so: everything in one folder.
 *
 * @module
 */

/** The folder, if `DATA_DIR` does not name another one. */
export const DATA_DIR = ".openwatts";

/** The default of each place in a data folder, by the name of its setting. */
export function placesIn(folder: string): Readonly<
  Record<"FILE_STORE" | "KV_PATH" | "LAKE_PATH", string>
> {
  const below = folder.replace(/(?<=.)\/+$/, "");
  const path = (name: string) => below === "/" ? `/${name}` : `${below}/${name}`;
  return { FILE_STORE: path("files"), KV_PATH: path("kv.sqlite3"), LAKE_PATH: path("lake") };
}

/**
 * Files of the packages behind the pages that show the API. The lock file has the packages fetched
 * with all others; nothing of them is read before somebody asks for a page.
 *
 * @module
 */

/** A package with files for browsers. */
export type PagePackage = "swagger-ui-dist" | "redoc";

/** Reads a file of a package; null where this installation lacks it. */
export type ReadPackageFile = (
  name: PagePackage,
  path: string,
) => Promise<Uint8Array<ArrayBuffer> | null>;

/** Reads from where the runtime keeps packages. */
export async function readPackageFile(
  name: PagePackage,
  path: string,
): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    await loadPackage(name);
    return await Deno.readFile(new URL(import.meta.resolve(`${name}/${path}`)));
  } catch {
    return null;
  }
}

/**
 * Makes a package known to the runtime, so that its files have addresses. The names are written out
 * for it to find them before the start, when it fetches what is missing.
 */
async function loadPackage(name: PagePackage): Promise<void> {
  if (name === "redoc") await import("redoc/package.json", { with: { type: "json" } });
  else await import("swagger-ui-dist/package.json", { with: { type: "json" } });
}

/**
 * Files of the packages behind the pages that show the API. The lock file has the packages fetched
 * with all others; nothing of them is read before somebody asks for a page.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";

/** A package with files for browsers. */
export type PagePackage = "swagger-ui-dist" | "redoc";

/** Reads a file of a package. Throws AppError PAGE_NOT_INSTALLED where it cannot be found. */
export type ReadPackageFile = (
  name: PagePackage,
  path: string,
) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Reads from where the runtime keeps packages. Any other fault, such as a file that may not be read,
 * is thrown as it is.
 *
 * @throws {AppError} PAGE_NOT_INSTALLED where it keeps none, or not this one, or it lacks the file.
 */
export async function readPackageFile(
  name: PagePackage,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    await loadPackage(name);
    return await Deno.readFile(new URL(import.meta.resolve(`${name}/${path}`)));
  } catch (cause) {
    if (!meansMissing(cause)) throw cause;
    throw new AppError("PAGE_NOT_INSTALLED", "The files of this page are not installed here", {
      details: "The document that it would show is at /openapi.json",
      cause,
    });
  }
}

/** A package that cannot be imported or resolved is told by a TypeError, a file by NotFound. */
function meansMissing(cause: unknown): boolean {
  return cause instanceof TypeError || cause instanceof Deno.errors.NotFound;
}

/**
 * Makes a package known to the runtime, so that its files have addresses. The names are written out
 * for the runtime to find them before the start, when it fetches what is missing.
 */
async function loadPackage(name: PagePackage): Promise<void> {
  if (name === "redoc") await import("redoc/package.json", { with: { type: "json" } });
  else await import("swagger-ui-dist/package.json", { with: { type: "json" } });
}

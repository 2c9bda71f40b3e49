/**
 * Reads files from the packages behind the documentation pages. The lock file makes the runtime
 * fetch these packages with all others, but nothing reads them before the first request for a page.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";

/** A package with files for browsers. */
export type PagePackage = "swagger-ui-dist" | "redoc" | "uplot";

/** Reads a file of a package. Throws AppError PAGE_NOT_INSTALLED if there is no such file. */
export type ReadPackageFile = (
  name: PagePackage,
  path: string,
) => Promise<Uint8Array<ArrayBuffer>>;

/**
 * Reads a file from the runtime's package cache. Other faults, such as a lack of permission, are
 * thrown unchanged.
 *
 * @throws {AppError} PAGE_NOT_INSTALLED if the cache, the package or the file is missing.
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
      details: "The document it displays is at /openapi.json",
      cause,
    });
  }
}

/** The runtime throws a TypeError for a missing package, and NotFound for a missing file. */
function meansMissing(cause: unknown): boolean {
  return cause instanceof TypeError || cause instanceof Deno.errors.NotFound;
}

/**
 * Loads a package, so that its files have addresses. The names are literals, so that the runtime
 * finds them before the start, when it fetches missing packages.
 */
async function loadPackage(name: PagePackage): Promise<void> {
  if (name === "redoc") await import("redoc/package.json", { with: { type: "json" } });
  else if (name === "uplot") await import("uplot/package.json", { with: { type: "json" } });
  else await import("swagger-ui-dist/package.json", { with: { type: "json" } });
}

/**
 * Database calls that throw the storage errors with which a job or an export may fail.
 *
 * @module
 */

import { AppError } from "../../data/app_error.ts";

/** Awaits calls of the database. An error without a code becomes STORAGE_UNAVAILABLE. */
export async function onKv<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("STORAGE_UNAVAILABLE", "The file store cannot be used", {
      details: "The database refused to read or write a file",
      cause,
    });
  }
}

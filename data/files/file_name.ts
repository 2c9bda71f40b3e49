/**
 * Names of files in a file store: plain ones, which work the same in a folder and in a bucket.
 *
 * @module
 */

/** The extension of unfinished files in a folder. No finished file has it, in any store. */
export const PART = ".part";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** Whether a name is plain: 1 to 200 of `A-Z a-z 0-9 . _ -`, starting with a letter or digit. */
export function isPlainName(name: string): boolean {
  return NAME.test(name);
}

/** Returns the name if it is a valid name of a finished file; throws a TypeError otherwise. */
export function checkedName(name: string): string {
  if (isPlainName(name) && !name.endsWith(PART)) return name;
  throw new TypeError(`Cannot use as a file name as it is not plain: ${name}`);
}

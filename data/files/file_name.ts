/**
 * Names of files in a file store: plain ones, that mean the same in a folder and in a bucket.
 *
 * @module
 */

/** What an unfinished file's name ends with in a folder; no whole file's name does anywhere. */
export const PART = ".part";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** Whether a name is plain: 1 to 200 of `A-Z a-z 0-9 . _ -`, first a letter or digit. */
export function isPlainName(name: string): boolean {
  return NAME.test(name);
}

/** The name of a whole file as it is; throws a TypeError where it is none. */
export function checkedName(name: string): string {
  if (isPlainName(name) && !name.endsWith(PART)) return name;
  throw new TypeError(`Cannot use as a file name as it is not plain: ${name}`);
}

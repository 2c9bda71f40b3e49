/**
 * The place of files in the database, as settings write it.
 *
 * @module
 */

/** The value of `FILE_STORE` that stores files in the database. */
export const KV_PLACE = "kv:";

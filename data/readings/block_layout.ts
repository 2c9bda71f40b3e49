/**
 * Numbers of the binary form of pages (`data/readings/block_codec.ts`).
 *
 * @module
 */

/** The format that is written and read. */
export const FORMAT = 1;
/** Bytes before the columns' headers. */
export const HEADER_BYTES = 24;
/** Bytes of a column's header. */
export const COLUMN_BYTES = 16;
/** The scale that says doubles. */
export const FLOAT_SCALE_BYTE = 255;
/** What says that a column has no value. */
export const NULLS_ALL = 2;

/**
 * The parts of the Parquet library that reports are written with, as one module: Deno 2.8.0 cannot load
 * several modules of packages at the same time if they share one that imports `node:fs`.
 *
 * @module
 */

export { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
export { ParquetWriter } from "hyparquet-writer/src/parquet-writer.js";

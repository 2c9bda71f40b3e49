/**
 * The parts of the Parquet library that files are written with, as one module: Deno 2.8.0 cannot load
 * several modules of packages at the same time if they share one that imports `node:fs`.
 *
 * @module
 */

export { ByteWriter } from "hyparquet-writer/src/bytewriter.js";
export { writePageHeader } from "hyparquet-writer/src/datapage.js";
export { deltaBinaryPack } from "hyparquet-writer/src/delta.js";
export { writeRleBitPackedHybrid } from "hyparquet-writer/src/encoding.js";
export { snappyCompress } from "hyparquet-writer/src/snappy.js";
export { ParquetWriter } from "hyparquet-writer/src/parquet-writer.js";
export { writeMetadata } from "hyparquet-writer/src/metadata.js";

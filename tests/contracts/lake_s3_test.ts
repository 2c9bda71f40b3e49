import { startS3Double } from "../support/s3_double.ts";
import { testLakeS3 } from "./lake_s3_suite.ts";

testLakeS3("S3 in memory", () => Promise.resolve(startS3Double()), {
  patience: { timeoutMs: 400, retryMaxMs: 50 },
});

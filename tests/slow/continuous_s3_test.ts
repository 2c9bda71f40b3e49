import { startS3Double } from "../support/s3_double.ts";
import { testContinuousS3 } from "../contracts/continuous_s3_suite.ts";

testContinuousS3("S3 in memory", () => Promise.resolve(startS3Double()), {
  patience: { timeoutMs: 250, retryMaxMs: 50 },
});

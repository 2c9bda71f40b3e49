import { startS3Double } from "../support/s3_double.ts";
import { testS3Faults } from "../contracts/s3_faults_suite.ts";

testS3Faults("S3 in memory", () => Promise.resolve(startS3Double()), {
  patience: { timeoutMs: 250, retryMaxMs: 50 },
  times: [1],
});

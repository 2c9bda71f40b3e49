import { startS3Double } from "../support/s3_double.ts";
import { testS3Service } from "./s3_service_suite.ts";

testS3Service("S3 in memory", () => Promise.resolve(startS3Double()));

import { bucketDestination, folderDestination } from "../support/destinations.ts";
import { startS3Double } from "../support/s3_double.ts";
import { testContinuousAppliance } from "./continuous_appliance_suite.ts";

testContinuousAppliance("a folder", folderDestination);
testContinuousAppliance("S3 in memory", () => bucketDestination(startS3Double()));

import { lakeBucketPlace, lakeFolderPlace } from "../support/lake_places.ts";
import { startS3Double } from "../support/s3_double.ts";
import { testLakeAppliance } from "./lake_appliance_suite.ts";

testLakeAppliance("a folder", lakeFolderPlace);
testLakeAppliance("S3 in memory", () => lakeBucketPlace(startS3Double()));

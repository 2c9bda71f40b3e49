import {
  openJournaledRig,
  openLoggedRig,
  openPlainRig,
  openStrictRig,
} from "../support/series_rig.ts";
import { testSeriesStore } from "./series_store_suite.ts";

testSeriesStore("local KV", openPlainRig);
testSeriesStore("strict KV", openStrictRig);
testSeriesStore("KV with a journal", openJournaledRig);
testSeriesStore("KV with logs of ingest", openLoggedRig);

import { plainRig, testEngine } from "./engine_suite.ts";

testEngine("local KV", plainRig);

import {
  createRunningImports,
  importBody,
  type ImportProgress,
} from "../../../routes/imports/running_imports.ts";
import { assertEquals } from "../../support/assert.ts";

function progressAt(startedMs: number, changes: Partial<ImportProgress> = {}): ImportProgress {
  return {
    owner: "anyone",
    startedMs,
    isDryRun: false,
    totalBytes: null,
    receivedBytes: 0,
    inserted: 0,
    updated: 0,
    unchanged: 0,
    repeated: 0,
    rejected: 0,
    ...changes,
  };
}

Deno.test("imports are listed under their meter, the oldest first, until they are disposed of", () => {
  const imports = createRunningImports();
  const starts = (id: string) => imports.of(id).map(({ startedMs }) => startedMs);
  assertEquals(starts("a"), []);
  using _other = imports.track("b", progressAt(9));
  const first = imports.track("a", progressAt(1));
  const second = imports.track("a", progressAt(2));
  assertEquals([starts("a"), starts("b"), starts("toString")], [[1, 2], [9], []]);
  first[Symbol.dispose]();
  assertEquals(starts("a"), [2]);
  second[Symbol.dispose]();
  assertEquals(starts("a"), []);
  const third = imports.track("a", progressAt(3));
  second[Symbol.dispose]();
  assertEquals(starts("a"), [3], "disposing twice leaves others alone");
  third[Symbol.dispose]();
  assertEquals([starts("a"), starts("b")], [[], [9]]);
});

Deno.test("an import has the sum of its counts and the share of its body that arrived", () => {
  const counts = { inserted: 1, updated: 20, unchanged: 300, repeated: 50_000, rejected: 4_000 };
  const progress = progressAt(1_704_067_200_000, {
    ...counts,
    isDryRun: true,
    totalBytes: 3_000,
    receivedBytes: 1_999,
  });
  assertEquals(importBody(progress), {
    started_at: "2024-01-01T00:00:00Z",
    dry_run: true,
    received: 54_321,
    ...counts,
    bytes_received: 1_999,
    bytes_total: 3_000,
    percent: 66,
  });
});

Deno.test("a running import is never at 100 percent, and has no percentage without a length", () => {
  const percentOf = (receivedBytes: number, totalBytes: number | null) =>
    importBody(progressAt(0, { receivedBytes, totalBytes })).percent;
  assertEquals([percentOf(0, 10), percentOf(10, 10), percentOf(0, 0)], [0, 99, 0]);
  assertEquals(percentOf(50, 10), 99, "more than was announced");
  assertEquals(percentOf(10, null), null);
});

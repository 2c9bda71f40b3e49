import { assert, assertEquals } from "../support/assert.ts";
import { startTestService } from "../support/service.ts";
import { reportText } from "../support/reports.ts";
import { postStores } from "../support/stores.ts";

/** Real stores, if they lie next to the repository. */
const SAMPLE = new URL("../../../shared/data/stores/", import.meta.url);
const exists = await Deno.stat(SAMPLE).then(() => true, () => false);

/**
 * Five stores as an independent program calculated them. It cuts the week at every poll and every
 * edge of business hours, with the zones of Python's zoneinfo, and checks in the middle of each piece
 * whether the store is open and what the last poll before it found. Open hours of the day and of the
 * week, then the row of the report.
 */
const CALCULATED: Readonly<Record<string, [dayHours: number, weekHours: number, row: string]>> = {
  // No hours: always open. Its only poll is inactive.
  "006c9910-9126-4bb9-b5d8-cd37bc14790b": [24, 168, "0.00,0.00,0.00,60.00,24.00,168.00"],
  // New York, one span a day of 13.5 h: 7 × 13.5 = 94.5.
  "009c0a31-4856-4f4b-a2a1-a53145db6f45": [13.5, 94.5, "60.00,13.50,94.50,0.00,0.00,0.00"],
  // Chicago, nine spans, two polls that differ: 50,340 s of the day, 359,700 s of the week.
  "178eff4b-2a5c-4f03-859b-57a9c37cac0f": [
    50_340 / 3_600,
    359_700 / 3_600,
    "60.00,13.98,86.24,0.00,0.00,13.68",
  ],
  // Chicago, seven spans, two polls that differ.
  "68d8cb3a-8cde-4045-b9fd-f5aa81480624": [10, 74, "0.00,0.00,9.87,60.00,10.00,64.13"],
  // Chicago, 21 spans: 61,080 s of the day, 423,960 s of the week.
  "b0cb02c0-c832-4d9c-bb15-c9098b82185b": [
    61_080 / 3_600,
    423_960 / 3_600,
    "60.00,16.97,117.77,0.00,0.00,0.00",
  ],
};
/** SHA-256 of that program's report on all 849 stores. */
const ALL_ROWS = "c3981c380f26c3d18f3f196338a3a849274ef11eb6337e46d07357a02f1ba250";

Deno.test({
  name: "the sample of real stores loads without rejects, and its report equals an independent one",
  ignore: !exists,
  async fn() {
    await using service = await startTestService();
    const { url } = service;
    for (
      const [kind, name] of [
        ["status", "store_status.csv"],
        ["hours", "menu_hours.csv"],
        ["timezones", "timezones.csv"],
      ] as const
    ) {
      const { status, body } = await postStores(
        url,
        kind,
        await Deno.readFile(new URL(name, SAMPLE)),
      );
      assertEquals([status, body.rejected, body.rejects], [200, 0, []], name);
    }
    const text = await reportText(url);
    const rows = new Map(
      text.trimEnd().split("\n").slice(1).map((line) => [line.slice(0, 36), line.slice(37)]),
    );
    assertEquals(rows.size, 849);
    for (const [id, [dayHours, weekHours, row]] of Object.entries(CALCULATED)) {
      assertEquals(rows.get(id), row, id);
      const [, upDay, upWeek, , downDay, downWeek] = row.split(",").map(Number);
      // Both have two decimals, so their sum is off by at most 0.01.
      assert(Math.abs(upDay + downDay - dayHours) <= 0.0101, id);
      assert(Math.abs(upWeek + downWeek - weekHours) <= 0.0101, id);
    }
    const bytes = new TextEncoder().encode(text);
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    assertEquals(hash, ALL_ROWS);
  },
});

import { inlineDeflater } from "../../../data/encoders/deflate.ts";
import {
  rangeCells,
  rangeColumns,
  type ReportCell,
  uptimeColumns,
} from "../../../data/stores/report_table.ts";
import { reportXlsx } from "../../../data/stores/report_xlsx.ts";
import { assertEquals } from "../../support/assert.ts";
import { joined } from "../../support/encoded.ts";
import { unzip } from "../../support/unzip.ts";

const HOUR_MS = 3_600_000;

/** The texts of the files in a workbook. */
async function workbook(
  groups: readonly (readonly ReportCell[])[][],
  sheetRowsMax?: number,
): Promise<Record<string, string>> {
  async function* rows() {
    yield* groups;
    await Promise.resolve();
  }
  const columns = rangeColumns({ hasStale: true });
  const bytes = reportXlsx({ columns, rows: rows(), deflater: inlineDeflater, sheetRowsMax });
  const files = unzip(await joined(bytes));
  return Object.fromEntries(
    Object.entries(files).map(([name, content]) => [name, new TextDecoder().decode(content)]),
  );
}

/** A row of a store in Berlin for the day of the clock change. */
function dayRow(id: string): readonly ReportCell[] {
  const part = { fromMs: Date.UTC(2024, 2, 30, 23), toMs: Date.UTC(2024, 2, 31, 22) };
  return rangeCells({ hasStale: true }, {
    id,
    lastPollMs: Date.UTC(2024, 2, 31, 12),
    isStale: true,
  }, {
    zone: "Europe/Berlin",
    part,
    offsetAt: (timeMs) => timeMs < Date.UTC(2024, 2, 31, 1) ? HOUR_MS : 2 * HOUR_MS,
    time: { upMs: 11 * HOUR_MS, downMs: 12 * HOUR_MS, unknownMs: 0 },
  });
}

/** The cells of each row of a sheet. */
function rowsIn(sheet: string): string[] {
  return [...sheet.matchAll(/<row>(.*?)<\/row>/g)].map(([, cells]) => cells);
}

const text = (value: string) =>
  `<c t="inlineStr"><is><t xml:space="preserve">${value}</t></is></c>`;

Deno.test("a row has local dates, numbers, a date in UTC and a flag, and markup is text", async () => {
  const files = await workbook([[dayRow('<b>&"')]]);
  const [, row] = rowsIn(files["xl/worksheets/sheet1.xml"]);
  // 2024-03-31 is day 45382 of Excel; 24:00 on its clock is the next day; noon UTC is 0.5.
  assertEquals(
    row,
    text("&lt;b&gt;&amp;&quot;") + text("Europe/Berlin") +
      '<c s="1"><v>45382.00000000000</v></c><c s="1"><v>45383.00000000000</v></c>' +
      '<c s="7"><v>23</v></c><c s="8"><v>11</v></c><c s="9"><v>12</v></c><c s="10"><v>0</v></c>' +
      '<c s="11"><v>47.83</v></c><c s="1"><v>45382.50000000000</v></c><c t="b"><v>1</v></c>',
  );
  // The units of all columns.
  assertEquals(rowsIn(files["xl/worksheets/columns.xml"])[5], text("open_hours") + text("h"));
  assertEquals(uptimeColumns({ hasUnknown: false, hasStale: false })[1].unit, "min");
});

Deno.test("rows that do not fit into a sheet continue in the next, whatever groups they come in", async () => {
  const ids = ["a", "b", "c", "d", "e"];
  const groups = [ids.slice(0, 3).map(dayRow), [], ids.slice(3).map(dayRow)];
  const files = await workbook(groups, 3);
  const stores = [1, 2, 3].map((sheet) =>
    rowsIn(files[`xl/worksheets/sheet${sheet}.xml`]).slice(1).map((row) =>
      /preserve">(.*?)</.exec(row)?.[1]
    )
  );
  assertEquals(stores, [["a", "b"], ["c", "d"], ["e"]]);
  assertEquals(
    [...files["xl/workbook.xml"].matchAll(/<sheet name="(.*?)"/g)].map(([, name]) => name),
    ["Report", "Report 2", "Report 3", "Columns"],
  );
});

Deno.test("a report without rows has one sheet with its header", async () => {
  const files = await workbook([]);
  assertEquals(rowsIn(files["xl/worksheets/sheet1.xml"]).length, 1);
  assertEquals(files["xl/worksheets/sheet2.xml"], undefined);
});

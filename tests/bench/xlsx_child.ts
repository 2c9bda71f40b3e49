/**
 * A process that writes a CSV as a workbook with a library (`xlsx_child.ts LIBRARY CSV XLSX`) and prints
 * how long that takes, milliseconds. It runs without the configuration of the service, so that the
 * library is a dependency of the bench alone. The rows are in memory when the clock starts.
 *
 * @module
 */

/** A cell: a date, an id, a number. */
type Cell = Date | string | number;

/** The parts of the libraries that are used. */
interface SheetJs {
  readonly utils: {
    aoa_to_sheet(rows: readonly (readonly Cell[])[]): unknown;
    book_new(): unknown;
    book_append_sheet(book: unknown, sheet: unknown, name: string): void;
  };
  write(book: unknown, options: { type: "buffer"; compression: true }): Uint8Array;
}
interface ExcelJs {
  readonly stream: {
    readonly xlsx: {
      readonly WorkbookWriter: new (options: { filename: string }) => {
        addWorksheet(name: string): { addRow(row: readonly Cell[]): { commit(): void } };
        commit(): Promise<void>;
      };
    };
  };
}

const WRITERS: Record<string, (rows: Cell[][], path: string) => Promise<void>> = {
  async SheetJS(rows, path) {
    const name = "npm:xlsx@0.18.5";
    const { default: xlsx }: { default: SheetJs } = await import(name);
    const book = xlsx.utils.book_new();
    xlsx.utils.book_append_sheet(book, xlsx.utils.aoa_to_sheet(rows), "Readings");
    await Deno.writeFile(path, xlsx.write(book, { type: "buffer", compression: true }));
  },
  async exceljs(rows, path) {
    const name = "npm:exceljs@4.4.0";
    const { default: excel }: { default: ExcelJs } = await import(name);
    const book = new excel.stream.xlsx.WorkbookWriter({ filename: path });
    const sheet = book.addWorksheet("Readings");
    for (const row of rows) sheet.addRow(row).commit();
    await book.commit();
  },
};

/** The rows of the year: time, id, values. */
async function readRows(path: string): Promise<Cell[][]> {
  const [header, ...lines] = (await Deno.readTextFile(path)).trimEnd().split("\n");
  const rows = lines.map((line): Cell[] => {
    const [time, id, ...values] = line.split(",");
    return [new Date(time), id, ...values.map(Number)];
  });
  return [header.split(","), ...rows];
}

async function main([library, csvPath, xlsxPath]: readonly string[]): Promise<void> {
  const write = WRITERS[library];
  // The library is loaded before the clock starts, too.
  await write([["warm-up"]], xlsxPath);
  const rows = await readRows(csvPath);
  const startedMs = performance.now();
  await write(rows, xlsxPath);
  console.log(String(performance.now() - startedMs));
}

if (import.meta.main) await main(Deno.args);

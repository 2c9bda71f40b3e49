/**
 * The parts of a workbook besides its rows (ECMA-376): styles, the list of sheets, and the sheet that
 * says what the rows are.
 *
 * @module
 */

import type { FileEnd, FileHead } from "./encoder.ts";
import { serialText } from "./xlsx_cells.ts";
import { xmlText } from "./xml_text.ts";

/** The start of every part. */
const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONSHIPS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml";
/** Most rows of a sheet, its header included (Excel's limit). */
export const SHEET_ROWS_MAX = 1_048_576;
/** Rows of the second sheet that are left for gaps: a file with more of them has other problems. */
const GAPS_MAX = 1_000_000;

/** The style of the cells of a column of values; 0 to 2 are for text, dates and headers. */
export const FIRST_COLUMN_STYLE = 3;
/** The style of dates. */
export const DATE_STYLE = 1;
const HEADER_STYLE = 2;

/** The relationships of the package, which lead to the workbook. */
export const ROOT_RELATIONSHIPS: string =
  `${XML}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" ` +
  `Type="${RELATIONSHIPS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;

/** The start of a sheet, up to its first row: a frozen header and columns of some width. */
export function sheetStart(
  { widths, isFirst }: { widths: readonly number[]; isFirst: boolean },
): string {
  const columns = widths.map((width, index) =>
    `<col min="${index + 1}" max="${index + 1}" width="${width}" customWidth="1"/>`
  );
  return `${XML}<worksheet xmlns="${MAIN}"><sheetViews><sheetView ` +
    `${isFirst ? 'tabSelected="1" ' : ""}workbookViewId="0"><pane ySplit="1" topLeftCell="A2" ` +
    `activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>` +
    `<cols>${columns.join("")}</cols><sheetData>`;
}

/** The end of a sheet. */
export const SHEET_END = "</sheetData></worksheet>";

/** A row of bold texts. */
export function headerRow(texts: readonly string[]): string {
  return row(texts.map((text) => textCell(text, HEADER_STYLE)));
}

/** The styles: text, dates, headers, then one for each column with its number of decimals. */
export function stylesXml(
  { decimals, hasMilli }: { decimals: readonly (number | null)[]; hasMilli: boolean },
): string {
  const dateFormat = `yyyy\\-mm\\-dd\\ hh:mm:ss${hasMilli ? ".000" : ""}`;
  const formats = [
    dateFormat,
    ...decimals.map((count) =>
      count === null ? null : `0${count > 0 ? "." : ""}${"0".repeat(count)}`
    ),
  ];
  const custom = [...new Set(formats)].filter((format) => format !== null);
  // Ids below 164 belong to formats of the application; 0 is General.
  const idOf = (format: string | null) => format === null ? 0 : 164 + custom.indexOf(format);
  const numFmts = custom.map((format) =>
    `<numFmt numFmtId="${idOf(format)}" formatCode="${xmlText(format)}"/>`
  );
  const styles = [
    xf(0, 0),
    xf(idOf(dateFormat), 0),
    xf(0, 1),
    ...formats.slice(1).map((format) => xf(idOf(format), 0)),
  ];
  const font = '<sz val="11"/><name val="Calibri"/><family val="2"/>';
  return `${XML}<styleSheet xmlns="${MAIN}">` +
    `<numFmts count="${numFmts.length}">${numFmts.join("")}</numFmts>` +
    `<fonts count="2"><font>${font}</font><font><b/>${font}</font></fonts>` +
    '<fills count="2"><fill><patternFill patternType="none"/></fill>' +
    '<fill><patternFill patternType="gray125"/></fill></fills>' +
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>' +
    `<cellStyleXfs count="1">${xf(0, 0).replace(' xfId="0"', "")}</cellStyleXfs>` +
    `<cellXfs count="${styles.length}">${styles.join("")}</cellXfs>` +
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>' +
    "</styleSheet>";
}

function xf(numFmtId: number, fontId: number): string {
  const applied = `${numFmtId === 0 ? "" : ' applyNumberFormat="1"'}` +
    `${fontId === 0 ? "" : ' applyFont="1"'}`;
  return `<xf numFmtId="${numFmtId}" fontId="${fontId}" fillId="0" borderId="0" xfId="0"${applied}/>`;
}

/** Texts that cells point to by their index. */
export function sharedStringsXml(texts: readonly string[]): string {
  const items = texts.map((text) => `<si><t xml:space="preserve">${xmlText(text)}</t></si>`);
  return `${XML}<sst xmlns="${MAIN}" uniqueCount="${texts.length}">${items.join("")}</sst>`;
}

/** A sheet of a workbook. */
export interface Sheet {
  /** Its name, as users see it. */
  readonly name: string;
  /** Its file, below `xl/`. */
  readonly file: string;
}

/** The list of sheets, what each file is, and how they hang together: entries by name. */
export function workbookParts(sheets: readonly Sheet[]): Readonly<Record<string, string>> {
  const list = sheets.map(({ name }, index) =>
    `<sheet name="${xmlText(name)}" sheetId="${index + 1}" r:id="rId${index + 1}"/>`
  );
  const targets = [
    ...sheets.map(({ file }) => ["worksheet", file]),
    ["styles", "styles.xml"],
    ["sharedStrings", "sharedStrings.xml"],
  ];
  const links = targets.map(([type, file], index) =>
    `<Relationship Id="rId${index + 1}" Type="${RELATIONSHIPS}/${type}" Target="${file}"/>`
  );
  const overrides = [["sheet.main", "workbook.xml"], ...targets].map(([type, file]) =>
    `<Override PartName="/xl/${file}" ContentType="${TYPES}.${type}+xml"/>`
  );
  return {
    "xl/workbook.xml": `${XML}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONSHIPS}">` +
      `<sheets>${list.join("")}</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `${XML}<Relationships xmlns="${PACKAGE}/relationships">${
      links.join("")
    }</Relationships>`,
    "[Content_Types].xml": `${XML}<Types xmlns="${PACKAGE}/content-types">` +
      '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>' +
      '<Default Extension="xml" ContentType="application/xml"/>' +
      `${overrides.join("")}</Types>`,
  };
}

/** What the second sheet needs to know. */
export interface InfoSheet extends FileEnd {
  /** The head of the file. */
  readonly head: FileHead;
  /** How many rows the file has. */
  readonly rowCount: number;
  /** Local milliseconds of an instant on the clock of the file. */
  wallMs(timeMs: number): number;
}

/** The sheet that says what the rows are. */
export function* infoSheet({ head, rowCount, gaps, wallMs }: InfoSheet): Generator<string> {
  const { columns, sources, span, zone } = head;
  const date = (timeMs: number) => `<c s="${DATE_STYLE}"><v>${serialText(wallMs(timeMs))}</v></c>`;
  yield sheetStart({ widths: [24, 24, 24, 24], isFirst: false });
  yield headerRow(["property", "value"]);
  yield pair("profile", textCell(head.profile));
  yield pair("time zone", textCell(zone));
  yield pair("interval", textCell(head.interval));
  yield pair("from", date(span.fromMs));
  yield pair("to (excluded)", date(span.toMs));
  yield pair("rows", numberCell(rowCount));
  for (const id of sources) yield pair("source", textCell(id));
  yield row([]) + headerRow(["column", "unit", "aggregate", "source"]);
  for (const { name, unit, aggregate, source } of columns) {
    yield row([name, unit, aggregate, source].map((text) => textCell(text ?? "")));
  }
  if (gaps !== null) {
    yield row([]) + headerRow(["gap of", "from", "to (excluded)", "missing"]);
    for (const { source, fromMs, toMs, missing } of gaps.slice(0, GAPS_MAX)) {
      yield row([textCell(source), date(fromMs), date(toMs), numberCell(missing)]);
    }
  }
  yield SHEET_END;
}

function pair(name: string, cell: string): string {
  return row([textCell(name), cell]);
}

function row(cells: readonly string[]): string {
  return `<row>${cells.join("")}</row>`;
}

function textCell(text: string, style = 0): string {
  if (text === "") return "<c/>";
  return `<c s="${style}" t="inlineStr"><is><t xml:space="preserve">${xmlText(text)}</t></is></c>`;
}

function numberCell(value: number): string {
  return `<c><v>${value}</v></c>`;
}

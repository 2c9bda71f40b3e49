import { assertEquals, assertMatch } from "../../support/assert.ts";
import { guessEncoding } from "../../../data/inspect/encoding_guess.ts";
import { guessNumbers } from "../../../data/inspect/number_guess.ts";
import { doubt, found, foundIn } from "./found.ts";

Deno.test("the encoding: by its mark, by zeros, as UTF-8 if all bytes fit, else Windows-1252", () => {
  const utf8 = new TextEncoder();
  const wide = (text: string) =>
    new Uint8Array(Uint16Array.from(text, (c) => c.charCodeAt(0)).buffer);
  const cases: [Uint8Array, string, boolean][] = [
    [utf8.encode("\ufeffZähler"), "utf-8", true],
    [utf8.encode("Zähler;1"), "utf-8", true],
    // "ä" is e4 in Windows-1252, which is no UTF-8.
    [Uint8Array.from([0x5a, 0xe4, 0x68, 0x6c, 0x65, 0x72]), "windows-1252", false],
    [wide("\ufeffTime\t1"), "utf-16le", true],
    [wide("Time\tkWh\n1\t2"), "utf-16le", true],
    [wide("Time\tkWh\n1\t2").reverse(), "utf-16be", true],
  ];
  for (const [bytes, name, isProven] of cases) {
    const guess = guessEncoding(bytes);
    assertEquals([guess.name, guess.isProven], [name, isProven]);
  }
});

Deno.test("another encoding than UTF-8 is a parameter and a doubt that shows a word", () => {
  const text = "Zeit;Verbrauch (kWh);Qualität\n2024-05-01 00:00;1,5;L1\n2024-05-01 00:15;2,5;L1\n";
  const latin = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const inspected = found(latin);
  assertEquals(inspected.parameters.encoding, ["windows-1252"]);
  assertMatch(doubt(inspected, "encoding"), /the word (\S+;)?Qualität/);
  assertEquals(inspected.columns[2].name, "Qualität");
});

Deno.test("numbers: the decimal point and thousands, by those that have one reading only", () => {
  const cases: [string[], string, string | null, string | null][] = [
    [["0.5", "12"], ".", null, null],
    [["0,010", "1,5"], ",", null, null],
    // A whole part of 0 cannot be a group of thousands.
    [["0,123", "1,234"], ",", null, null],
    [["1,234.5"], ".", ",", null],
    [["1.234,5", "7"], ",", ".", null],
    [["1.234.567"], ",", ".", null],
    [["1,234,567"], ".", ",", null],
    [["1 234,5"], ",", " ", null],
    [["1'234.5"], ".", "'", null],
    [["12", "100"], ".", null, null],
    // 1,234: one and some decimals, or a thousand.
    [["1,234", "5,678"], ",", null, "1,234"],
    [["1.234", "12"], ".", null, "1.234"],
    [["-0.5e-3", "+7"], ".", null, null],
  ];
  for (const [texts, decimal, thousands, unclear] of cases) {
    const guess = guessNumbers(texts);
    assertEquals(
      [guess.decimal, guess.thousands, guess.unclear],
      [decimal, thousands, unclear],
      texts[0],
    );
  }
});

Deno.test("numbers with two readings are a doubt that names one of them", () => {
  const inspected = foundIn("Time;kWh", "2024-05-01 00:00;1,234", "2024-05-01 00:15;1,235");
  assertEquals(inspected.parameters.decimal, [","]);
  assertMatch(doubt(inspected, "decimal"), /such as 1,234.* → decimal=\.&thousands=,/);
});

Deno.test("the delimiter parts rows into times and numbers, whatever else lines contain", () => {
  const cases: [string[], string][] = [
    [["Zeit;kWh", "01.05.2024 00:00;1,5", "01.05.2024 00:15;2,5"], ";"],
    [["time\tkWh", "2024-05-01 00:00\t1,5", "2024-05-01 00:15\t2,5"], "\t"],
    [["time|note|kWh", "2024-05-01 00:00|a,b,c|1.5", "2024-05-01 00:15|d,e,f|2.5"], "|"],
    [["time,note,kWh", '2024-05-01 00:00,"a;b",1.5', '2024-05-01 00:15,"c;d",2.5'], ","],
    // The file names it itself, as Excel reads it.
    [["sep=;", "a,b;kWh", "2024-05-01 00:00;1", "2024-05-01 00:15;2"], ";"],
  ];
  for (const [lines, delimiter] of cases) {
    assertEquals(foundIn(...lines).table?.delimiter, delimiter, lines[0]);
  }
});

Deno.test("the header is below a preamble, and a row of units below it gives the units", () => {
  const inspected = foundIn(
    "Customer,A B",
    "Period,2024-05-01",
    "",
    "Time,Energy,Power",
    "[yyyy-MM-dd HH:mm],[Wh],[kW]",
    "2024-05-01 00:00,1500,6.0",
    "2024-05-01 00:15,1600,6.4",
  );
  assertEquals(inspected.table?.headerLine, 4);
  assertEquals(inspected.table?.preamble, ["Customer,A B", "Period,2024-05-01"]);
  assertEquals(inspected.parameters.map, ["Energy:energy_kwh:Wh", "Power:power_kw"]);
});

Deno.test("rows without a header are told from a table with one", () => {
  const inspected = foundIn("1388666100,357.90", "1388666400,238.60", "1388666700,863.67");
  assertEquals([inspected.isImportable, inspected.table?.headerLine], [false, null]);
  assertMatch(inspected.kind.advice ?? "", /no header.*Add a first line/);
});

Deno.test("a name that two columns have must be changed first, and the advice names it", () => {
  const { kind } = foundIn("Time,Usage,Usage", "2024-05-01 00:00,1,2", "2024-05-01 01:00,3,4");
  assertMatch(kind.advice ?? "", /names usage twice/);
});

Deno.test("texts for a missing value are found among the values", () => {
  const { parameters } = foundIn(
    "Time;kWh",
    "2024-05-01 00:00;1.5",
    "2024-05-01 00:15;NaN",
    "2024-05-01 00:30;?",
    "2024-05-01 00:45;",
    "2024-05-01 01:00;2.5",
    "2024-05-01 01:15;2.0",
    "2024-05-01 01:30;2.0",
    "2024-05-01 01:45;2.0",
  );
  assertEquals(parameters.missing, ["NaN", "?"]);
});

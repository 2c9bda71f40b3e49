/**
 * Large files in the formats of meters, piece by piece.
 *
 * @module
 */

const DAY_MS = 86_400_000;
/** 2010-01-01T00:00:00Z. */
const FIRST_DAY_MS = 1_262_304_000_000;
const BLOCK_READINGS = 96;

/** A file of a length that depends on its counts. */
export interface MeterFile {
  /** The text of the file. */
  pieces(): Iterable<string>;
  /** How many readings it has. */
  readonly readings: number;
}

/** A NEM12 file of whole days of half hours: some meters, each with the same days. */
export function nem12(meters: number, days: number): MeterFile {
  function* pieces(): Generator<string> {
    yield "100,NEM12,202401031004,MDP1,RETAILR\n";
    for (let meter = 0; meter < meters; meter++) {
      const nmi = `NMI${String(meter).padStart(7, "0")}`;
      yield `200,${nmi},E1,E1,E1,N1,METER${meter},KWH,30,20240401\n`;
      for (let day = 0; day < days; day++) yield dayOf(day, meter);
    }
    yield "900\n";
  }
  return { pieces, readings: meters * days * 48 };
}

function dayOf(day: number, meter: number): string {
  const date = new Date(FIRST_DAY_MS + day * DAY_MS).toISOString().slice(0, 10).replaceAll("-", "");
  let line = `300,${date}`;
  for (let interval = 0; interval < 48; interval++) {
    line += `,${((day * 48 + interval + meter) * 7_919 % 2_000 / 1_000).toFixed(3)}`;
  }
  return `${line},A,,,20240102120025,\n`;
}

/** A Green Button file of blocks of 96 quarter hours of one meter. */
export function greenButton(blocks: number): MeterFile {
  function* pieces(): Generator<string> {
    const root = "/espi/1_1/resource";
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">' +
      entry(`${root}/UsagePoint/01`, "", "<UsagePoint/>") +
      entry(
        `${root}/UsagePoint/01/MeterReading/01`,
        `<link rel="related" href="${root}/ReadingType/01"/>`,
        "<MeterReading/>",
      ) +
      entry(
        `${root}/ReadingType/01`,
        "",
        "<ReadingType><accumulationBehaviour>4</accumulationBehaviour><flowDirection>1" +
          "</flowDirection><intervalLength>900</intervalLength><powerOfTenMultiplier>0" +
          "</powerOfTenMultiplier><uom>72</uom></ReadingType>",
      );
    for (let block = 0; block < blocks; block++) {
      const self = `${root}/UsagePoint/01/MeterReading/01/IntervalBlock`;
      yield entry(`${self}/${block}`, `<link rel="up" href="${self}"/>`, blockOf(block));
    }
    yield "</feed>\n";
  }
  return { pieces, readings: blocks * BLOCK_READINGS };
}

function entry(self: string, links: string, content: string): string {
  const named = content.replace(/^<(\w+)/, '<$1 xmlns="http://naesb.org/espi"');
  return `<entry><link rel="self" href="${self}"/>${links}<content>${named}</content></entry>\n`;
}

function blockOf(block: number): string {
  const start = FIRST_DAY_MS / 1000 + block * 86_400;
  let text =
    `<IntervalBlock><interval><duration>86400</duration><start>${start}</start></interval>`;
  for (let index = 0; index < BLOCK_READINGS; index++) {
    const number = block * BLOCK_READINGS + index;
    text += `<IntervalReading><cost>${1_000 + number % 97}</cost><timePeriod><duration>900` +
      `</duration><start>${start + index * 900}</start></timePeriod><value>${300 + number % 977}` +
      "</value></IntervalReading>";
  }
  return `${text}</IntervalBlock>`;
}

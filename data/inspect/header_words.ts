/**
 * Words in the names of columns, in the languages that files of meters have.
 *
 * @module
 */

/** Words for the start of an interval. */
export const START_WORDS: ReadonlySet<string> = setOf(
  "start begin beginning beginn von van vanaf from fra desde inicio debut od dal dalle interval_start",
);
/** Words for its end. */
export const END_WORDS: ReadonlySet<string> = setOf(
  "end ending ende bis to tot til until hasta fin fino do al alle interval_end",
);
/** Words for times and dates in general. */
export const TIME_WORDS: ReadonlySet<string> = setOf(
  "time timestamp datetime date datum zeit uhrzeit zeitstempel zeitpunkt messzeitpunkt messzeit " +
    "heure hora horodate horodatage fecha data dato tijd tijdstip tidspunkt tid jour giorno day tag " +
    "dia ts epoch unix utc moment last_changed reading_time interval",
);
/** Words for hours. */
export const HOUR_WORDS: ReadonlySet<string> = setOf(
  "hour hr hora heure uur stunde ora time godzina tunti period interval periodo",
);
/** Words for times that are not those of a reading. */
export const OTHER_TIME_WORDS: ReadonlySet<string> = setOf(
  "revision revised created updated modified import imported export exported download bill billing",
);
/** Words for meters, the clearest first. */
export const METER_WORDS: readonly string[] =
  ("smart_meter_id meter_id meterid mpan mprn mpxn cups nmi esiid ean prm pdl pod gsrn lclid " +
    "zaehlpunkt zahlpunkt zaehlpunktnummer malepunkt malepunktid entity_id statistic_id device_id " +
    "meter messstelle zaehler zahler zaehlernummer serial sensor device household house site id")
    .split(" ");

/** Words for what a metric measures. */
export const METRIC_WORDS: Readonly<Record<string, ReadonlySet<string>>> = {
  energy_kwh: setOf(
    "energy energie energia energiemenge consumption consumed verbrauch verbruik consum consumo " +
      "conso consommation usage use forbruk produced production erzeugung einspeisung yield " +
      "ertrag import export offtake injection afname injectie volume index zaehlerstand " +
      "zahlerstand register electricity elektriciteit elektrizitat electricidad electricite " +
      "elettricita",
  ),
  power_kw: setOf(
    "power leistung wirkleistung puissance potencia potenza vermogen load demand effekt watt watts",
  ),
  voltage_v: setOf("voltage spannung spanning tension volt volts vrms"),
  current_a: setOf("current strom stroom courant corriente corrente ampere amps amperes intensity"),
};

/** Words for energy that the meter's owner took from the grid. */
export const IMPORT_WORDS: ReadonlySet<string> = setOf(
  "import imported consumption consumed verbrauch verbruik consumo consommation usage forbruk " +
    "bezug restnetzbezug afname offtake delivered active net",
);
/** Words for energy that went the other way, or for a part of the whole. */
export const EXPORT_WORDS: ReadonlySet<string> = setOf(
  "export exported returned return ret generation generacion generated produced production " +
    "produktion einspeisung injectie injection feed vertida generada autoconsumida surplus solar " +
    "pv ideeller eigendeckung",
);
/** Words for a register that counts on. */
export const REGISTER_WORDS: ReadonlySet<string> = setOf(
  "total totals yield counter register index stand zaehlerstand zahlerstand meterstand cumulative " +
    "cumulated cumul lifetime odometer reading gesamt gesamtertrag gesamtverbrauch",
);
/** Words for columns that hold no reading of a metric, though they may have its unit or word. */
export const NOT_METRIC_WORDS: ReadonlySet<string> = setOf(
  "cost price preis kosten charge charges rate reactive react apparent aprt blind " +
    "quality qualitat status factor pf max min maximum minimum peak gas water wasser wasserzahler " +
    "temperature temperatur humidity heat warme",
);

/** The words of a name in small letters without accents, and the name as a whole. */
export function wordsOf(name: string): string[] {
  const plain = name.normalize("NFD").replaceAll(/\p{M}/gu, "").replaceAll("ß", "ss");
  const parts = plain.replaceAll(/([a-z])([A-Z])/g, "$1 $2").toLowerCase()
    .split(/[^\p{L}]+/u).filter((part) => part !== "");
  return [...new Set([...parts, plain.toLowerCase().trim()])];
}

/** Whether a name has one of the words. */
export function hasWord(name: string, words: ReadonlySet<string>): boolean {
  return wordsOf(name).some((word) => words.has(word));
}

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(" "));
}

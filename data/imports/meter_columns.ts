/**
 * Columns of the ids of meters, by the names that they often have.
 *
 * @module
 */

/**
 * Names, of small letters and digits alone. MPAN and MPRN are British and Irish, NMI is Australian,
 * PRM and PDL are French, CUPS is Spanish, POD is Italian, EAN is Belgian and Dutch, ESIID is Texan,
 * LCLid is that of Low Carbon London. A serial number is none of them: it changes when a meter is
 * exchanged.
 */
const NAMES = new Set(
  ("meter meterid meterno meternumber smartmeterid smartmeter meteringpointid meteringpoint mpan " +
    "mprn nmi prm pdl cups pod ean eancode esiid lclid usagepoint usagepointid zahlpunkt " +
    "zahlpunktid zahlpunktnummer zaehlpunkt zaehlpunktnummer zahlernummer zaehlernummer malo maloid " +
    "messlokation marktlokation stromzahler meteruid metername meteridentifier malerid malepunktid")
    .split(" "),
);

/** The column whose name says that it has ids of meters; null if there is none. */
export function likelyMeterColumn(names: readonly string[]): string | null {
  return names.find((name) => NAMES.has(plainName(name))) ?? null;
}

/** Letters and digits alone, small, without accents. */
function plainName(name: string): string {
  return name.normalize("NFD").toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, "");
}

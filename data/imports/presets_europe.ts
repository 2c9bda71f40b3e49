/**
 * Presets of European grid operators and suppliers.
 *
 * @module
 */

import { type Preset, presetOf } from "./preset.ts";

const IMPORTERS = {
  title: "Home Assistant Import Energy Data, its sample files",
  url: "https://github.com/patrickvorgers/Home-Assistant-Import-Energy-Data",
};
const CNMC = {
  title: "CNMC, Facturaluz: the file of hourly consumption",
  url: "https://comparador.cnmc.gob.es/facturaluz",
};
const ESB = {
  title: "ESB HDF Reader: the harmonised data format of ESB Networks",
  url: "https://github.com/dresdner353/energyutils/blob/main/ESB_HDF_READER.md",
};
const AUSTRIA = { delimiter: ";", decimal: ",", timezone: "Europe/Vienna" };
const SPAIN = { delimiter: ";", decimal: ",", timezone: "Europe/Madrid" };
const IRELAND = {
  timestamp: "Read Date and End Time",
  timestamp_format: "dd-MM-yyyy HH:mm",
  timezone: "Europe/Dublin",
  stamp: "end",
  interval: "30m",
};
/** Registers of electricity have a tariff, `Afname Nacht`; that of gas is `Afname`. */
const ELECTRICITY = { Register: "* *" };
const FLUVIUS = {
  delimiter: ";",
  decimal: ",",
  timezone: "Europe/Brussels",
  map: ["Volume:energy_kwh"],
};
const HDF = ["MPRN", "Meter Serial Number", "Read Value", "Read Type", "Read Date and End Time"];

/** The presets. */
export const EUROPEAN_PRESETS: readonly Preset[] = [
  presetOf({
    name: "octopus",
    title: "Octopus Energy (Great Britain): half-hourly consumption",
    source: {
      title: "Octopus Energy, download of half-hourly data; its columns in OctopusAnalysis",
      url: "https://octopus.energy/dashboard/",
    },
    columns: ["Consumption (kWh)", "Start", "End"],
    options: { timestamp: "Start", map: ["Consumption (kWh):energy_kwh"] },
  }),
  presetOf({
    name: "n3rgy",
    title: "n3rgy (Great Britain): half-hourly consumption in UTC",
    source: {
      title: "n3rgy, download of consumption data",
      url: "https://data.n3rgy.com/consumer/download-data",
    },
    columns: ["timestamp (UTC)", "energyConsumption (kWh)"],
    options: {
      timestamp: "timestamp (UTC)",
      timestamp_format: "yyyy-MM-dd HH:mm",
      timezone: "UTC",
      map: ["energyConsumption (kWh):energy_kwh"],
    },
  }),
  presetOf({
    name: "uk-half-hourly",
    title: "Great Britain: a day a row, 48 half hours",
    source: {
      title: "Leigh Dodds, 24 different tabular formats for half-hourly energy data",
      url:
        "https://blog.ldodds.com/2021/07/12/24-different-tabular-formats-for-half-hourly-energy-data/",
    },
    columns: ["MPAN", "Date", "00:00", "00:30", "23:30"],
    options: {
      layout: "day-per-row",
      timestamp: "Date",
      timestamp_format: "dd/MM/yyyy",
      timezone: "Europe/London",
    },
    meter: "MPAN",
  }),
  presetOf({
    name: "low-carbon-london",
    title: "Low Carbon London: half-hourly consumption of 5,567 households",
    source: {
      title: "UK Power Networks, SmartMeter Energy Consumption Data in London Households",
      url: "https://data.london.gov.uk/dataset/smartmeter-energy-use-data-in-london-households/",
    },
    columns: ["LCLid", "stdorToU", "DateTime", "KWH/hh (per half hour)"],
    options: {
      timestamp: "DateTime",
      map: ["KWH/hh (per half hour):energy_kwh"],
      missing: ["Null"],
    },
    meter: "LCLid",
  }),
  presetOf({
    name: "esb-networks",
    title: "ESB Networks (Ireland): half hours in kWh",
    source: ESB,
    columns: HDF,
    cells: { "Read Type": "Active * Interval (kWh)" },
    options: { ...IRELAND, map: ["Read Value:energy_kwh"] },
  }),
  presetOf({
    name: "esb-networks-kw",
    title: "ESB Networks (Ireland): half hours in kW",
    source: ESB,
    columns: HDF,
    cells: { "Read Type": "Active * Interval (kW)" },
    options: { ...IRELAND, map: ["Read Value:power_kw"], derive: "energy" },
  }),
  presetOf({
    name: "enedis",
    title: "Enedis (France): load curve of a Linky meter, mean power in W",
    source: {
      title: "Quoalise, formats of Enedis data",
      url: "https://github.com/l-etabli/quoalise/blob/master/formalisme/enedis.md",
    },
    columns: ["Horodate", "Valeur"],
    preamble: "Courbe de charge",
    options: {
      delimiter: ";",
      timestamp: "Horodate",
      timezone: "Europe/Paris",
      stamp: "end",
      map: ["Valeur:power_kw:W"],
      derive: "energy",
    },
  }),
  presetOf({
    name: "datadis",
    title: "Datadis (Spain): hourly consumption",
    source: { title: "Datadis, download of consumption", url: "https://datadis.es" },
    columns: ["CUPS", "Fecha", "Hora", "Consumo_kWh"],
    options: {
      ...SPAIN,
      timestamp: ["Fecha", "Hora"],
      timestamp_format: "yyyy/MM/dd HH:mm",
      stamp: "end",
      interval: "1h",
      map: ["Consumo_kWh:energy_kwh"],
    },
    meter: "CUPS",
  }),
  presetOf({
    name: "cnmc",
    title: "Spanish distributors in the form of CNMC: hourly energy, date and hour",
    source: CNMC,
    columns: ["CUPS", "Fecha", "Hora", "AE_kWh", "REAL/ESTIMADO"],
    options: {
      ...SPAIN,
      timestamp: ["Fecha", "Hora"],
      timestamp_format: "yyyy/MM/dd HH:mm",
      stamp: "end",
      interval: "1h",
      map: ["AE_kWh:energy_kwh"],
    },
    meter: "CUPS",
  }),
  presetOf({
    name: "i-de",
    title: "i-DE (Spain): hourly consumption in Wh",
    source: CNMC,
    columns: ["CUPS", "FECHA-HORA", "INV / VER", "CONSUMO Wh", "GENERACION Wh"],
    options: {
      ...SPAIN,
      timestamp: "FECHA-HORA",
      timestamp_format: "yyyy/MM/dd HH:mm",
      map: ["CONSUMO Wh:energy_kwh:Wh"],
    },
    meter: "CUPS",
  }),
  presetOf({
    name: "fluvius",
    title: "Fluvius (Belgium): quarter hours of one register",
    source: IMPORTERS,
    columns: ["Van (datum)", "Van (tijdstip)", "Register", "Volume", "Eenheid", "Validatiestatus"],
    cells: ELECTRICITY,
    options: {
      ...FLUVIUS,
      timestamp: ["Van (datum)", "Van (tijdstip)"],
      timestamp_format: "dd-MM-yyyy HH:mm:ss",
    },
  }),
  presetOf({
    name: "fluvius-older",
    title: "Fluvius (Belgium), older files: quarter hours of one register",
    source: IMPORTERS,
    columns: ["Van datum", "Van tijdstip", "Register", "Volume", "Eenheid", "Validatiestatus"],
    cells: ELECTRICITY,
    options: {
      ...FLUVIUS,
      timestamp: ["Van datum", "Van tijdstip"],
      timestamp_format: "dd-MM-yyyy HH:mm:ss",
    },
  }),
  presetOf({
    name: "fluvius-en",
    title: "Fluvius (Belgium), in English: quarter hours of one register",
    source: IMPORTERS,
    columns: ["From (date)", "From (time)", "Register", "Volume", "Unit", "Validation status"],
    cells: ELECTRICITY,
    options: {
      ...FLUVIUS,
      timestamp: ["From (date)", "From (time)"],
      timestamp_format: "dd/MM/yyyy HH:mm:ss",
    },
  }),
  presetOf({
    name: "netz-noe",
    title: "Netz Niederösterreich (Austria): quarter hours",
    source: { title: "Netz NÖ, Smart Meter web portal", url: "https://smartmeter.netz-noe.at" },
    columns: ["Messzeitpunkt", "Verbrauch (kWh)", "Qualität"],
    options: {
      ...AUSTRIA,
      timestamp: "Messzeitpunkt",
      timestamp_format: "dd.MM.yyyy HH:mm",
      stamp: "end",
      interval: "15m",
      map: ["Verbrauch (kWh):energy_kwh"],
    },
  }),
  presetOf({
    name: "wiener-netze",
    title: "Wiener Netze (Austria): quarter hours",
    source: {
      title: "Wiener Netze, Smart Meter web portal",
      url: "https://smartmeter-web.wienernetze.at",
    },
    columns: ["Datum", "Zeit von", "Zeit bis", "Verbrauch [kWh]"],
    options: {
      ...AUSTRIA,
      timestamp: ["Datum", "Zeit von"],
      timestamp_format: "auto",
      map: ["Verbrauch [kWh]:energy_kwh"],
    },
  }),
  presetOf({
    name: "linz-netz",
    title: "LINZ NETZ (Austria): quarter hours",
    source: { title: "ha_linznetz", url: "https://github.com/DarkC35/ha_linznetz" },
    columns: ["Datum von", "Datum bis", "Energiemenge in kWh"],
    options: {
      ...AUSTRIA,
      timestamp: "Datum von",
      timestamp_format: "dd.MM.yyyy HH:mm",
      map: ["Energiemenge in kWh:energy_kwh"],
    },
  }),
  presetOf({
    name: "elhub",
    title: "Elhub (Norway): hourly consumption",
    source: {
      title: "Elhub, Min side; a file of it in norgespris",
      url: "https://github.com/helgeu/norgespris",
    },
    columns: ["Fra", "Til", "KWH 60 Forbruk"],
    options: {
      delimiter: ",",
      decimal: ",",
      timestamp: "Fra",
      timestamp_format: "auto",
      timezone: "Europe/Oslo",
      map: ["KWH 60 Forbruk:energy_kwh"],
    },
  }),
  presetOf({
    name: "e-distribuzione",
    title: "e-distribuzione (Italy): a day a row, 96 quarter hours",
    source: IMPORTERS,
    columns: ["Giorno", "00:00-00:15", "00:15-00:30", "23:45-00:00"],
    options: {
      delimiter: ";",
      decimal: ",",
      layout: "day-per-row",
      timestamp: "Giorno",
      timestamp_format: "dd/MM/yyyy",
      timezone: "Europe/Rome",
    },
  }),
  presetOf({
    name: "homewizard",
    title: "HomeWizard Energy+: registers of a kWh meter each quarter of an hour",
    source: IMPORTERS,
    columns: ["time", "Import kWh", "Export kWh"],
    options: { timestamp: "time", values: "cumulative", map: ["Import kWh:energy_kwh"] },
  }),
];

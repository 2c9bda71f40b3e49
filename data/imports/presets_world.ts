/**
 * Presets of standards, of utilities outside Europe, of devices and of data sets.
 *
 * @module
 */

import { type Preset, presetOf } from "./preset.ts";

const IMPORTERS = {
  title: "Home Assistant Import Energy Data, its sample files",
  url: "https://github.com/patrickvorgers/Home-Assistant-Import-Energy-Data",
};
const OPOWER = {
  title: "Energy Table: the export of PECO, by Opower as that of other utilities",
  url: "https://github.com/ericoc/energytable",
};
const STATISTICS = {
  title: "homeassistant-statistics: import and export of statistics",
  url: "https://github.com/klausj1/homeassistant-statistics",
};
const OPOWER_OPTIONS = {
  timestamp: ["DATE", "START TIME"],
  timestamp_format: "yyyy-MM-dd HH:mm",
};
const OPOWER_KWH = { ...OPOWER_OPTIONS, map: ["USAGE (kWh):energy_kwh"] };
const OPOWER_COLUMNS = ["TYPE", "DATE", "START TIME", "END TIME"];

/** The presets. */
export const WORLD_PRESETS: readonly Preset[] = [
  presetOf({
    name: "nem12",
    title: "NEM12 (Australia): interval data of a market meter",
    source: {
      title: "AEMO, Meter Data File Format Specification NEM12 & NEM13",
      url:
        "https://aemo.com.au/energy-systems/electricity/national-electricity-market-nem/market-operations/retail-and-metering",
    },
    format: "nem12",
    options: { format: "nem12" },
  }),
  presetOf({
    name: "green-button",
    title: "Green Button: Download My Data (ESPI in Atom)",
    source: {
      title: "NAESB REQ.21, Energy Services Provider Interface; Green Button Alliance",
      url: "https://www.greenbuttonalliance.org/green-button-data",
    },
    format: "espi",
    options: { format: "espi" },
  }),
  presetOf({
    name: "opower",
    title: "Utilities with Opower (PG&E, ConEd, PECO, ComEd and others): usage in kWh",
    source: OPOWER,
    columns: [...OPOWER_COLUMNS, "USAGE (kWh)"],
    options: OPOWER_KWH,
  }),
  presetOf({
    name: "pge",
    title: "Pacific Gas and Electric (California): usage in kWh",
    source: OPOWER,
    columns: [...OPOWER_COLUMNS, "USAGE (kWh)"],
    options: { ...OPOWER_KWH, timezone: "America/Los_Angeles" },
    variantOf: "opower",
  }),
  presetOf({
    name: "coned",
    title: "Con Edison (New York): usage in kWh",
    source: OPOWER,
    columns: [...OPOWER_COLUMNS, "USAGE (kWh)"],
    options: { ...OPOWER_KWH, timezone: "America/New_York" },
    variantOf: "opower",
  }),
  presetOf({
    name: "opower-units",
    title: "Utilities with Opower, older files with a column of units: usage in kWh",
    source: OPOWER,
    columns: [...OPOWER_COLUMNS, "USAGE", "UNITS"],
    cells: { UNITS: "kWh" },
    options: { ...OPOWER_OPTIONS, map: ["USAGE:energy_kwh"] },
  }),
  presetOf({
    name: "opower-net",
    title: "Utilities with Opower, meters with solar power: energy from the grid",
    source: OPOWER,
    columns: [...OPOWER_COLUMNS, "IMPORT (kWh)", "EXPORT (kWh)"],
    options: { ...OPOWER_OPTIONS, map: ["IMPORT (kWh):energy_kwh"] },
  }),
  presetOf({
    name: "smart-meter-texas",
    title: "Smart Meter Texas: quarter hours in kWh",
    source: {
      title: "Smart Meter Texas, 15 minute interval export",
      url: "https://www.smartmetertexas.com",
    },
    columns: ["ESIID", "USAGE_DATE", "USAGE_START_TIME", "USAGE_END_TIME", "USAGE_KWH"],
    options: {
      timestamp: ["USAGE_DATE", "USAGE_START_TIME"],
      timestamp_format: "MM/dd/yyyy HH:mm",
      timezone: "America/Chicago",
      map: ["USAGE_KWH:energy_kwh"],
    },
  }),
  presetOf({
    name: "bc-hydro",
    title: "BC Hydro (Canada): hourly net consumption",
    source: { title: "BC Hydro, MyHydro data export", url: "https://app.bchydro.com" },
    columns: ["Account Number", "Interval Start Date/Time", "Net Consumption (kWh)"],
    options: {
      timestamp: "Interval Start Date/Time",
      timestamp_format: "yyyy-MM-dd HH:mm",
      timezone: "America/Vancouver",
      map: ["Net Consumption (kWh):energy_kwh"],
      missing: ["N/A"],
    },
  }),
  presetOf({
    name: "enphase",
    title: "Enphase Enlighten: energy produced, in Wh",
    source: IMPORTERS,
    columns: ["Date/Time", "Energy Produced (Wh)"],
    options: {
      timestamp: "Date/Time",
      timestamp_format: "auto",
      map: ["Energy Produced (Wh):energy_kwh:Wh"],
    },
  }),
  presetOf({
    name: "sma",
    title: "SMA, Sunny Explorer and SBFspot: total yield and power of one inverter",
    source: {
      title:
        "SBFspot, its CSV export; SMA Sunny Data Control, structure of the standard CSV format",
      url: "https://github.com/SBFspot/SBFspot",
    },
    columns: ["dd/MM/yyyy HH:mm:ss", "kWh", "kW"],
    options: {
      delimiter: ";",
      decimal: ",",
      timestamp: "dd/MM/yyyy HH:mm:ss",
      timestamp_format: "dd/MM/yyyy HH:mm:ss",
      values: "cumulative",
      map: ["kWh:energy_kwh", "kW:power_kw"],
    },
  }),
  presetOf({
    name: "sma-de",
    title: "SMA, Sunny Explorer: total yield and power of one inverter, in the German form",
    source: {
      title: "SMA Sunny Data Control, structure of the standard CSV format",
      url: "https://www.manualsdir.com/manuals/801237/sma-sunny-data-control-v42.html?page=101",
    },
    columns: ["dd.MM.yyyy HH:mm:ss", "kWh", "kW"],
    options: {
      delimiter: ";",
      decimal: ",",
      timestamp: "dd.MM.yyyy HH:mm:ss",
      timestamp_format: "dd.MM.yyyy HH:mm:ss",
      values: "cumulative",
      map: ["kWh:energy_kwh", "kW:power_kw"],
    },
  }),
  presetOf({
    name: "shelly-3em",
    title: "Shelly EM and 3EM: energy of one phase, in Wh",
    source: IMPORTERS,
    columns: ["Date/time UTC", "Active energy Wh (A)", "Returned energy Wh (A)"],
    options: {
      timestamp: "Date/time UTC",
      timestamp_format: "yyyy-MM-dd HH:mm",
      timezone: "UTC",
      map: ["Active energy Wh (A):energy_kwh:Wh"],
    },
  }),
  presetOf({
    name: "shelly-pro-em",
    title:
      "Shelly Pro EM and Pro 3EM in single-phase mode (EM1Data): energy in Wh, voltage, current",
    source: {
      title: "Shelly API, EM1Data: CSV file download",
      url: "https://shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/EM1Data",
    },
    columns: [
      "timestamp",
      "total_act_energy",
      "total_act_ret_energy",
      "avg_voltage",
      "avg_current",
    ],
    options: {
      timestamp: "timestamp",
      timestamp_format: "unix",
      map: ["total_act_energy:energy_kwh:Wh", "avg_voltage:voltage_v", "avg_current:current_a"],
    },
  }),
  presetOf({
    name: "home-assistant",
    title: "Home Assistant: history of energy sensors in kWh, a total an hour",
    source: {
      title: "Home Assistant, History: download of data",
      url: "https://www.home-assistant.io/integrations/history/",
    },
    columns: ["entity_id", "state", "last_changed"],
    options: {
      timestamp: "last_changed",
      values: "cumulative",
      map: ["state:energy_kwh"],
      missing: ["unknown", "unavailable"],
    },
    meter: "entity_id",
  }),
  presetOf({
    name: "home-assistant-statistics",
    title: "Home Assistant: exported statistics with the energy of each hour",
    source: STATISTICS,
    columns: ["statistic_id", "unit", "start", "delta"],
    cells: { unit: "kWh" },
    options: {
      timestamp: "start",
      timestamp_format: "dd.MM.yyyy HH:mm",
      map: ["delta:energy_kwh"],
    },
    meter: "statistic_id",
  }),
  presetOf({
    name: "household-power",
    title: "UCI: individual household electric power consumption, minutes",
    source: {
      title: "Hebrail and Berard, Individual Household Electric Power Consumption (UCI 235)",
      url: "https://archive.ics.uci.edu/dataset/235",
    },
    columns: ["Date", "Time", "Global_active_power", "Voltage", "Global_intensity"],
    options: {
      delimiter: ";",
      timestamp: ["Date", "Time"],
      timestamp_format: "d/M/yyyy HH:mm:ss",
      map: ["Global_active_power:power_kw", "Voltage:voltage_v", "Global_intensity:current_a"],
      missing: ["?"],
      derive: "energy",
      interval: "1m",
    },
  }),
  presetOf({
    name: "ampds2",
    title: "AMPds2: minutes of one meter, with its counter in Wh",
    source: {
      title: "Makonin, AMPds2: The Almanac of Minutely Power dataset (version 2)",
      url: "https://doi.org/10.7910/DVN/FIE0S4",
    },
    columns: ["unix_ts", "V", "I", "f", "P", "Pt", "Q", "Qt", "S", "St"],
    options: {
      timestamp: "unix_ts",
      timestamp_format: "unix",
      values: "cumulative",
      map: ["Pt:energy_kwh:Wh", "P:power_kw:W", "V:voltage_v", "I:current_a"],
    },
  }),
];

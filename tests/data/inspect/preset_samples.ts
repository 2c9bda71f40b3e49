/**
 * A tiny file for each preset: the documented shape with made-up values, and the readings in it.
 *
 * Times of the readings are UTC. They are worked out by hand: the offset of the zone on that day, and
 * the start of the interval where a file has its end.
 *
 * @module
 */

/** A file of a preset. */
export interface PresetSample {
  /** The preset. */
  readonly preset: string;
  /** The file. */
  readonly text: string;
  /** What neither file nor preset says, as further parameters; mostly nothing. */
  readonly more: Readonly<Record<string, string>>;
  /** The readings by meter (`""` for a file of one meter): time, and the metrics that are there. */
  readonly readings: Readonly<Record<string, readonly Expected[]>>;
}

/** A reading that must come of a file. */
export type Expected = readonly [
  time: string,
  values: { energy_kwh?: number; power_kw?: number; voltage_v?: number; current_a?: number },
];

const kwh = (time: string, energy_kwh: number): Expected => [time, { energy_kwh }];

function one(
  preset: string,
  lines: readonly string[],
  readings: readonly Expected[],
  more: Readonly<Record<string, string>> = {},
): PresetSample {
  return { preset, text: `${lines.join("\n")}\n`, more, readings: { "": readings } };
}

const OPOWER_LINES = ["Name,A CUSTOMER", 'Address,"1 MAIN ST, TOWN"', "Account Number,1", ""];
const INTERVALS_48 = Array.from(
  { length: 48 },
  (_, index) => `${String(index >> 1).padStart(2, "0")}:${index % 2 === 0 ? "00" : "30"}`,
);
const clock = (quarter: number) =>
  `${String((quarter >> 2) % 24).padStart(2, "0")}:${String(quarter % 4 * 15).padStart(2, "0")}`;
const QUARTERS = Array.from({ length: 96 }, (_, index) => `${clock(index)}-${clock(index + 1)}`);

/** The files. */
export const PRESET_SAMPLES: readonly PresetSample[] = [
  one("octopus", [
    "Consumption (kWh), Start, End",
    "0.125, 2024-06-01T00:00:00+01:00, 2024-06-01T00:30:00+01:00",
    "0.250, 2024-06-01T00:30:00+01:00, 2024-06-01T01:00:00+01:00",
  ], [kwh("2024-05-31T23:00:00Z", 0.125), kwh("2024-05-31T23:30:00Z", 0.25)]),
  one("n3rgy", [
    "timestamp (UTC),energyConsumption (kWh)",
    "2024-06-01 00:00,0.101",
    "2024-06-01 00:30,0.202",
    "2024-06-01 01:00,0.150",
  ], [
    kwh("2024-06-01T00:00:00Z", 0.101),
    kwh("2024-06-01T00:30:00Z", 0.202),
    kwh("2024-06-01T01:00:00Z", 0.15),
  ]),
  {
    preset: "uk-half-hourly",
    text: [
      `MPAN,Date,${INTERVALS_48.join(",")}`,
      `1900000000001,30/06/2024,${INTERVALS_48.map((_, index) => (index + 1) / 10).join(",")}`,
      `1900000000002,30/06/2024,${INTERVALS_48.map((_, index) => (index + 2) / 10).join(",")}`,
    ].join("\n"),
    more: {},
    // Summer time: midnight in London is 23:00 UTC of the day before.
    readings: {
      "1900000000001": INTERVALS_48.map((_, index) =>
        kwh(new Date(Date.UTC(2024, 5, 29, 23, index * 30)).toISOString(), (index + 1) / 10)
      ),
      "1900000000002": INTERVALS_48.map((_, index) =>
        kwh(new Date(Date.UTC(2024, 5, 29, 23, index * 30)).toISOString(), (index + 2) / 10)
      ),
    },
  },
  {
    preset: "low-carbon-london",
    text: [
      "LCLid,stdorToU,DateTime,KWH/hh (per half hour) ",
      "MAC000002,Std,2012-10-12 00:30:00.0000000, 0.125 ",
      "MAC000002,Std,2012-10-12 01:00:00.0000000,Null",
      "MAC000002,Std,2012-10-12 01:30:00.0000000, 0.113 ",
      "MAC000003,ToU,2012-10-12 00:30:00.0000000, 0.5 ",
      "MAC000003,ToU,2012-10-12 01:00:00.0000000, 0.25 ",
    ].join("\r\n"),
    more: {},
    readings: {
      MAC000002: [
        kwh("2012-10-12T00:30:00Z", 0.125),
        ["2012-10-12T01:00:00Z", {}],
        kwh("2012-10-12T01:30:00Z", 0.113),
      ],
      MAC000003: [kwh("2012-10-12T00:30:00Z", 0.5), kwh("2012-10-12T01:00:00Z", 0.25)],
    },
  },
  one("esb-networks", [
    "MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time",
    "10000000001,000000000001,0.310,Active Import Interval (kWh),13-07-2024 00:30",
    "10000000001,000000000001,0.290,Active Import Interval (kWh),13-07-2024 00:00",
    "10000000001,000000000001,0.120,Active Import Interval (kWh),12-07-2024 23:30",
  ], [
    kwh("2024-07-12T22:00:00Z", 0.12),
    kwh("2024-07-12T22:30:00Z", 0.29),
    kwh("2024-07-12T23:00:00Z", 0.31),
  ]),
  one("esb-networks-kw", [
    "MPRN,Meter Serial Number,Read Value,Read Type,Read Date and End Time",
    "10000000001,000000000001,0.500,Active Import Interval (kW),13-01-2024 01:00",
    "10000000001,000000000001,0.250,Active Import Interval (kW),13-01-2024 00:30",
  ], [
    ["2024-01-13T00:00:00Z", { power_kw: 0.25, energy_kwh: 0.125 }],
    ["2024-01-13T00:30:00Z", { power_kw: 0.5, energy_kwh: 0.25 }],
  ]),
  one("enedis", [
    "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;" +
    "Etape metier;Unite;Pas en minutes",
    "00000000000000;Courbe de charge;01/02/2024;02/02/2024;Energie active;Consommation;" +
    "Comptage Brut;W;30",
    "",
    "Horodate;Valeur",
    "2024-02-01T00:30:00+01:00;270",
    "2024-02-01T01:00:00+01:00;1264",
    "2024-02-01T01:30:00+01:00;300",
  ], [
    ["2024-01-31T23:00:00Z", { power_kw: 0.27, energy_kwh: 0.135 }],
    ["2024-01-31T23:30:00Z", { power_kw: 1.264, energy_kwh: 0.632 }],
    ["2024-02-01T00:00:00Z", { power_kw: 0.3, energy_kwh: 0.15 }],
  ], { interval: "30m" }),
  one("datadis", [
    "CUPS;Fecha;Hora;Consumo_kWh;Metodo_obtencion",
    "ES0000000000000000AA0F;2024/02/10;23:00;0,150;Real",
    "ES0000000000000000AA0F;2024/02/10;24:00;0,140;Real",
    "ES0000000000000000AA0F;2024/02/11;01:00;0,130;Real",
  ], [
    kwh("2024-02-10T21:00:00Z", 0.15),
    kwh("2024-02-10T22:00:00Z", 0.14),
    kwh("2024-02-10T23:00:00Z", 0.13),
  ]),
  one("cnmc", [
    "CUPS;Fecha;Hora;AE_kWh;REAL/ESTIMADO",
    "ES0000000000000000AA0F;2024/07/10;01:00;0,150;R",
    "ES0000000000000000AA0F;2024/07/10;02:00;0,140;R",
    "ES0000000000000000AA0F;2024/07/10;24:00;0,130;E",
  ], [
    kwh("2024-07-09T22:00:00Z", 0.15),
    kwh("2024-07-09T23:00:00Z", 0.14),
    kwh("2024-07-10T21:00:00Z", 0.13),
  ]),
  one("i-de", [
    "CUPS;FECHA-HORA;INV / VER;CONSUMO Wh;GENERACION Wh;",
    "ES0000000000000000AA0F;2024/06/01 00:00;1;51;0;",
    "ES0000000000000000AA0F;2024/06/01 01:00;1;62;0;",
    "ES0000000000000000AA0F;2024/06/01 02:00;1;120;0;",
    "ES0000000000000000AA0F;2024/06/01 03:00;1;96;0;",
  ], [
    kwh("2024-05-31T22:00:00Z", 0.051),
    kwh("2024-05-31T23:00:00Z", 0.062),
    kwh("2024-06-01T00:00:00Z", 0.12),
    kwh("2024-06-01T01:00:00Z", 0.096),
  ]),
  one("fluvius", [
    "\ufeffVan (datum);Van (tijdstip);Tot (datum);Tot (tijdstip);EAN-code;Meter;Metertype;Register;" +
    "Volume;Eenheid;Validatiestatus;Omschrijving",
    '02-09-2024;00:00:00;02-09-2024;00:15:00;="541400000000000001";1SAG1;Digitale meter;' +
    "Afname Nacht;0,065;kWh;Uitgelezen;",
    '02-09-2024;00:15:00;02-09-2024;00:30:00;="541400000000000001";1SAG1;Digitale meter;' +
    "Afname Nacht;;kWh;Geen verbruik;",
    '02-09-2024;00:30:00;02-09-2024;00:45:00;="541400000000000001";1SAG1;Digitale meter;' +
    "Afname Nacht;0,052;kWh;Uitgelezen;",
  ], [
    kwh("2024-09-01T22:00:00Z", 0.065),
    ["2024-09-01T22:15:00Z", {}],
    kwh("2024-09-01T22:30:00Z", 0.052),
  ]),
  one("fluvius-older", [
    "Van datum;Van tijdstip;Tot datum;Tot tijdstip;EAN;Meter;Metertype;Register;Volume;Eenheid;" +
    "Validatiestatus",
    '12-10-2021;00:00:00;12-10-2021;00:15:00;="541400000000000001";1SAG1;Digitale Meter;' +
    "Injectie Dag;0,065;kWh;Gevalideerd",
    '12-10-2021;00:15:00;12-10-2021;00:30:00;="541400000000000001";1SAG1;Digitale Meter;' +
    "Injectie Dag;0,075;kWh;Gevalideerd",
  ], [kwh("2021-10-11T22:00:00Z", 0.065), kwh("2021-10-11T22:15:00Z", 0.075)]),
  one("fluvius-en", [
    "From (date);From (time);Until (date);Until (time);EAN code;Meter;Meter type;Register;Volume;" +
    "Unit;Validation status;Description",
    '22/10/2024;23:30:00;22/10/2024;23:45:00;="541400000000000001";1SAG1;Digital meter;' +
    "Offtake Night;0,173;kWh;Read;",
    '22/10/2024;23:45:00;23/10/2024;00:00:00;="541400000000000001";1SAG1;Digital meter;' +
    "Offtake Night;0,170;kWh;Read;",
  ], [kwh("2024-10-22T21:30:00Z", 0.173), kwh("2024-10-22T21:45:00Z", 0.17)]),
  one("netz-noe", [
    "Messzeitpunkt;Verbrauch (kWh);Qualität;Restnetzbezug (kWh);Qualität EG;Eigendeckung (kWh);",
    "31.01.2024 23:45;0,063000;L1;;;;",
    "01.02.2024 00:00;0,083000;L1;;;;",
    "01.02.2024 00:15;0,092000;L1;;;;",
  ], [
    kwh("2024-01-31T22:30:00Z", 0.063),
    kwh("2024-01-31T22:45:00Z", 0.083),
    kwh("2024-01-31T23:00:00Z", 0.092),
  ]),
  one("wiener-netze", [
    "Datum;Zeit von;Zeit bis;Verbrauch [kWh]",
    "31.12.2024;23:30:00;23:45:00;0,5",
    "31.12.2024;23:45:00;00:00:00;0,625",
    "01.01.2025;00:00:00;00:15:00;0,75",
  ], [
    kwh("2024-12-31T22:30:00Z", 0.5),
    kwh("2024-12-31T22:45:00Z", 0.625),
    kwh("2024-12-31T23:00:00Z", 0.75),
  ]),
  one("linz-netz", [
    "Datum von;Datum bis;Energiemenge in kWh",
    "15.06.2024 00:00;15.06.2024 00:15;0,010",
    "15.06.2024 00:15;15.06.2024 00:30;0,017",
  ], [kwh("2024-06-14T22:00:00Z", 0.01), kwh("2024-06-14T22:15:00Z", 0.017)]),
  one("elhub", [
    "Fra,Til,KWH 60 Forbruk,Kvalitet",
    '30.11.2024 22:00,30.11.2024 23:00,"1,381",Målt',
    '30.11.2024 23:00,01.12.2024 00:00,"2,5",Målt',
  ], [kwh("2024-11-30T21:00:00Z", 1.381), kwh("2024-11-30T22:00:00Z", 2.5)]),
  one(
    "e-distribuzione",
    [
      `Giorno;${QUARTERS.join(";")}`,
      `"15/06/2024";${QUARTERS.map((_, index) => `"0,${index + 100}"`).join(";")}`,
    ],
    QUARTERS.map((_, index) =>
      kwh(new Date(Date.UTC(2024, 5, 14, 22, index * 15)).toISOString(), (index + 100) / 1000)
    ),
  ),
  one("homewizard", [
    "time,Import kWh,Export kWh",
    "2024-10-20 05:15,6199.529,0.015",
    "2024-10-20 05:30,6199.557,0.015",
    "2024-10-20 05:45,6199.565,0.015",
    "2024-10-20 06:00,6199.573,0.015",
  ], [
    kwh("2024-10-20T03:15:00Z", 0.028),
    kwh("2024-10-20T03:30:00Z", 0.008),
    kwh("2024-10-20T03:45:00Z", 0.008),
  ], { timezone: "Europe/Amsterdam" }),
  one(
    "opower",
    [
      ...OPOWER_LINES,
      "TYPE,DATE,START TIME,END TIME,USAGE (kWh),NOTES",
      "Electric usage,2024-07-04,00:00,00:59,0.29,",
      "Electric usage,2024-07-04,01:00,01:59,0.34,",
    ],
    [kwh("2024-07-04T04:00:00Z", 0.29), kwh("2024-07-04T05:00:00Z", 0.34)],
    {
      timezone: "America/New_York",
    },
  ),
  one("pge", [
    ...OPOWER_LINES,
    "TYPE,DATE,START TIME,END TIME,USAGE (kWh),COST,NOTES",
    "Electric usage,2024-07-04,00:00,00:14,0.29,$0.10,",
    "Electric usage,2024-07-04,00:15,00:29,0.34,$0.12,",
  ], [kwh("2024-07-04T07:00:00Z", 0.29), kwh("2024-07-04T07:15:00Z", 0.34)]),
  one("coned", [
    ...OPOWER_LINES,
    "TYPE,DATE,START TIME,END TIME,USAGE (kWh),NOTES",
    "Electric usage,2024-01-04,00:00,00:14,0.29,",
    "Electric usage,2024-01-04,00:15,00:29,0.34,",
  ], [kwh("2024-01-04T05:00:00Z", 0.29), kwh("2024-01-04T05:15:00Z", 0.34)]),
  one(
    "opower-units",
    [
      ...OPOWER_LINES,
      "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES",
      "Electric usage,2024-01-04,00:00,00:29,0.16,kWh,$0.02,",
      "Electric usage,2024-01-04,00:30,00:59,0.18,kWh,$0.02,",
    ],
    [kwh("2024-01-04T06:00:00Z", 0.16), kwh("2024-01-04T06:30:00Z", 0.18)],
    {
      timezone: "America/Chicago",
    },
  ),
  one(
    "opower-net",
    [
      ...OPOWER_LINES,
      "TYPE,DATE,START TIME,END TIME,IMPORT (kWh),EXPORT (kWh),COST,NOTES",
      "Electric usage,2024-03-20,00:00,00:59,2.94,0.00,$1.02,",
      "Electric usage,2024-03-20,01:00,01:59,1.50,0.25,$0.52,",
    ],
    [kwh("2024-03-20T07:00:00Z", 2.94), kwh("2024-03-20T08:00:00Z", 1.5)],
    {
      timezone: "America/Los_Angeles",
    },
  ),
  one("smart-meter-texas", [
    "ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,ESTIMATED_ACTUAL," +
    "CONSUMPTION_SURPLUSGENERATION",
    "'1000000000000000000001,06/15/2024,06/16/2024 11:18:06,00:00,00:15,0.131,A,Consumption",
    "'1000000000000000000001,06/15/2024,06/16/2024 11:18:06, 00:15, 00:30,.142,A,Consumption",
    "'1000000000000000000001,06/15/2024,06/16/2024 11:18:06,00:30,00:45,0.1,E,Consumption",
  ], [
    kwh("2024-06-15T05:00:00Z", 0.131),
    kwh("2024-06-15T05:15:00Z", 0.142),
    kwh("2024-06-15T05:30:00Z", 0.1),
  ]),
  one("bc-hydro", [
    '"Account Holder","Account Number","Meter Number","Interval Start Date/Time",' +
    '"Net Consumption (kWh)","Demand (kW)","Estimated Usage"',
    '"A B","1","2","2024-01-01 00:00","0.61","N/A",""',
    '"A B","1","2","2024-01-01 01:00","N/A","N/A",""',
    '"A B","1","2","2024-01-01 02:00","0.58","N/A",""',
  ], [
    kwh("2024-01-01T08:00:00Z", 0.61),
    ["2024-01-01T09:00:00Z", {}],
    kwh("2024-01-01T10:00:00Z", 0.58),
  ]),
  one("enphase", [
    "Date/Time,Energy Produced (Wh)",
    "06/14/2024 23:00,0",
    "06/15/2024 12:00,1250",
    "06/15/2024 13:00,1325",
  ], [
    kwh("2024-06-15T06:00:00Z", 0),
    kwh("2024-06-15T19:00:00Z", 1.25),
    kwh("2024-06-15T20:00:00Z", 1.325),
  ], { timezone: "America/Los_Angeles" }),
  one("sma", [
    "sep=;",
    "Version CSV1|Tool SBFspot|Linebreaks CR/LF|Delimiter semicolon|Decimalpoint comma|Precision 3",
    "",
    ";SB 3000;SB 3000",
    ";SB 3000TL;SB 3000TL",
    ";2000000001;2000000001",
    ";Total yield;Power",
    ";Counter;Analog",
    "dd/MM/yyyy HH:mm:ss;kWh;kW",
    "15/06/2024 12:00:00;1475,000;1,200",
    "15/06/2024 12:05:00;1475,100;1,250",
    "15/06/2024 12:10:00;1475,204;1,300",
  ], [
    ["2024-06-15T10:00:00Z", { energy_kwh: 0.1, power_kw: 1.2 }],
    ["2024-06-15T10:05:00Z", { energy_kwh: 0.104, power_kw: 1.25 }],
    ["2024-06-15T10:10:00Z", { power_kw: 1.3 }],
  ], { timezone: "Europe/Brussels" }),
  one("sma-de", [
    "sep=;",
    "Version CSV1|Tool SE|Linebreaks CR/LF|Delimiter semicolon|Decimalpoint comma|Precision 3",
    "",
    ";SB 240;SB 240",
    ";SB 240-10;SB 240-10",
    ";1900000001;1900000001",
    ";Gesamtertrag;Leistung",
    ";Counter;Analog",
    "dd.MM.yyyy HH:mm:ss;kWh;kW",
    "28.08.2024 12:00:00;11,475;0,120",
    "28.08.2024 12:05:00;11,485;0,118",
    "28.08.2024 12:10:00;11,494;0,121",
  ], [
    ["2024-08-28T10:00:00Z", { energy_kwh: 0.01, power_kw: 0.12 }],
    ["2024-08-28T10:05:00Z", { energy_kwh: 0.009, power_kw: 0.118 }],
    ["2024-08-28T10:10:00Z", { power_kw: 0.121 }],
  ], { timezone: "Europe/Berlin" }),
  one("shelly-3em", [
    "Date/time UTC,Active energy Wh (A),Returned energy Wh (A)",
    "2024-01-11 00:00,30.70,0.00",
    "2024-01-11 00:10,33.70,0.00",
    "2024-01-11 00:20,33.00,0.00",
  ], [
    kwh("2024-01-11T00:00:00Z", 0.0307),
    kwh("2024-01-11T00:10:00Z", 0.0337),
    kwh("2024-01-11T00:20:00Z", 0.033),
  ]),
  one("shelly-pro-em", [
    "timestamp,total_act_energy,total_act_ret_energy,lag_react_energy,lead_react_energy," +
    "max_act_power,min_act_power,max_aprt_power,min_aprt_power,max_voltage,min_voltage," +
    "avg_voltage,max_current,min_current,avg_current",
    // 1,717,200,000 s are 2024-06-01T00:00:00Z.
    "1717200000,5.25,0.00,0.1,0.2,320,310,330,315,231.0,229.5,230.1,1.5,1.3,1.4",
    "1717200060,5.30,0.00,0.1,0.2,322,312,331,316,231.2,229.7,230.3,1.5,1.3,1.4",
  ], [
    ["2024-06-01T00:00:00Z", { energy_kwh: 0.00525, voltage_v: 230.1, current_a: 1.4 }],
    ["2024-06-01T00:01:00Z", { energy_kwh: 0.0053, voltage_v: 230.3, current_a: 1.4 }],
  ]),
  {
    preset: "home-assistant",
    text: [
      "entity_id,state,last_changed",
      "sensor.house_energy,1523.4,2024-06-01T00:00:00.000Z",
      "sensor.house_energy,1523.9,2024-06-01T01:00:00.000Z",
      "sensor.house_energy,unavailable,2024-06-01T02:00:00.000Z",
      "sensor.house_energy,1524.5,2024-06-01T03:00:00.000Z",
      "sensor.house_energy,1525.0,2024-06-01T04:00:00.000Z",
      "sensor.pump_energy,10.0,2024-06-01T00:00:00.000Z",
      "sensor.pump_energy,10.25,2024-06-01T01:00:00.000Z",
    ].join("\n"),
    more: {},
    readings: {
      "sensor.house_energy": [
        kwh("2024-06-01T00:00:00Z", 0.5),
        kwh("2024-06-01T03:00:00Z", 0.5),
      ],
      "sensor.pump_energy": [kwh("2024-06-01T00:00:00Z", 0.25)],
    },
  },
  {
    preset: "home-assistant-statistics",
    text: [
      "statistic_id,unit,start,delta",
      "sensor.house,kWh,26.01.2024 12:00,0.5",
      "sensor.house,kWh,26.01.2024 13:00,0.7",
      "sensor.pump,kWh,26.01.2024 12:00,0.25",
      "sensor.pump,kWh,26.01.2024 13:00,0.125",
    ].join("\n"),
    more: { timezone: "Europe/Vienna" },
    readings: {
      "sensor.house": [kwh("2024-01-26T11:00:00Z", 0.5), kwh("2024-01-26T12:00:00Z", 0.7)],
      "sensor.pump": [kwh("2024-01-26T11:00:00Z", 0.25), kwh("2024-01-26T12:00:00Z", 0.125)],
    },
  },
  one("household-power", [
    "Date;Time;Global_active_power;Global_reactive_power;Voltage;Global_intensity;" +
    "Sub_metering_1;Sub_metering_2;Sub_metering_3",
    "16/12/2006;17:24:00;4.216;0.418;234.840;18.400;0.000;1.000;17.000",
    "16/12/2006;17:25:00;?;?;?;?;?;?;",
  ], [
    ["2006-12-16T17:24:00Z", {
      // 4.216 / 60, rounded to six decimals.
      energy_kwh: 0.070267,
      power_kw: 4.216,
      voltage_v: 234.84,
      current_a: 18.4,
    }],
    ["2006-12-16T17:25:00Z", {}],
  ]),
  one("ampds2", [
    "unix_ts,V,I,f,DPF,APF,P,Pt,Q,Qt,S,St",
    // 1,333,263,600 s are 2012-04-01T07:00:00Z.
    "1333263600,120.1,2.5,60.0,0.98,0.97,300,61000,10,1000,310,62000",
    "1333263660,120.2,2.6,60.0,0.98,0.97,310,61005,10,1001,320,62005",
    "+1333263720,120.3,2.7,60.0,0.98,0.97,320,61010,10,1002,330,62010",
  ], [
    ["2012-04-01T07:00:00Z", {
      energy_kwh: 0.005,
      power_kw: 0.3,
      voltage_v: 120.1,
      current_a: 2.5,
    }],
    ["2012-04-01T07:01:00Z", {
      energy_kwh: 0.005,
      power_kw: 0.31,
      voltage_v: 120.2,
      current_a: 2.6,
    }],
    ["2012-04-01T07:02:00Z", { power_kw: 0.32, voltage_v: 120.3, current_a: 2.7 }],
  ]),
];

/**
 * Presets: the options of an import for files of a known shape, so that nobody need describe them.
 *
 * @module
 */

/** Options of an import by their names in the query. A list is a parameter given several times. */
export type PresetOptions = Readonly<Record<string, string | readonly string[]>>;

/** Where the shape of a file is documented in public. */
export interface PresetSource {
  /** Its title. */
  readonly title: string;
  /** Its address. */
  readonly url: string;
}

/** A known shape of file. */
export interface Preset {
  /** Its name in the query. */
  readonly name: string;
  /** Whose files they are, and of what. */
  readonly title: string;
  /** Where the shape is documented. */
  readonly source: PresetSource;
  /** The format of the files. */
  readonly format: "csv" | "nem12" | "espi";
  /**
   * The columns by which a file is known, in any case and order, besides others; a `*` stands for any
   * text. None for a format that is known by itself.
   */
  readonly columns: readonly string[];
  /** A text that the values of a column have, by the column's name; a `*` stands for any text. */
  readonly cells: Readonly<Record<string, string>>;
  /** A text that the lines before the header have; null if they need not have any. */
  readonly preamble: string | null;
  /** The options. */
  readonly options: PresetOptions;
  /** The column with the ids of meters, for a file of many meters; null if there is none. */
  readonly meter: string | null;
  /**
   * Another preset that differs only in what a file does not show, such as the zone. The file is
   * reported as that one, and this one is named as what would settle it. Null for most.
   */
  readonly variantOf: string | null;
}

/** What a preset states; the rest is as for most of them. */
export type PresetFacts =
  & Pick<Preset, "name" | "title" | "source" | "options">
  & Partial<Preset>;

/** A preset from what it states: a table of one meter in CSV unless it says otherwise. */
export function presetOf(facts: PresetFacts): Preset {
  return {
    format: "csv",
    columns: [],
    cells: {},
    preamble: null,
    meter: null,
    variantOf: null,
    ...facts,
  };
}

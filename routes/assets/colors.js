/**
 * The colours of charts, in the theme of the page.
 *
 * @module
 */

/** Colours from low to high; their lightness changes in one direction only. */
const SCALES = {
  light: ["#fdf6d8", "#c5dfc0", "#74b6ae", "#36809d", "#2a4b86", "#1c1c50"],
  dark: ["#141d38", "#234a73", "#2f7a8c", "#5aa78e", "#a9cf8c", "#fbf3a9"],
};
/** How many colours a scale has. */
export const STEPS = 256;
/**
 * @typedef {object} Colors
 * @property {Uint32Array} table
 * @property {readonly string[]} css
 * @property {string} text
 * @property {string} muted
 * @property {string} line
 * @property {string} bad
 * @property {string} sunken
 * @property {string} focus
 * @property {string} font
 */

/**
 * The colours of the theme.
 *
 * @param {HTMLElement} element
 * @returns {Colors}
 */
export function colorsOf(element) {
  const style = getComputedStyle(element);
  const isDark = style.colorScheme.trim() === "dark";
  const stops = (isDark ? SCALES.dark : SCALES.light).map(rgbOf);
  const table = new Uint32Array(STEPS);
  const css = Array.from({ length: STEPS }, (_, step) => {
    const at = step / (STEPS - 1) * (stops.length - 1);
    const index = Math.min(stops.length - 2, Math.floor(at));
    const share = at - index;
    const [r, g, b] = [0, 1, 2].map((part) =>
      Math.round(stops[index][part] * (1 - share) + stops[index + 1][part] * share)
    );
    table[step] = (255 << 24 | b << 16 | g << 8 | r) >>> 0;
    return `rgb(${r} ${g} ${b})`;
  });
  /** @param {string} name */
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    table,
    css,
    text: of("--text"),
    muted: of("--muted"),
    line: of("--line-strong"),
    bad: of("--bad"),
    sunken: of("--sunken"),
    focus: of("--focus"),
    font: `12px ${of("--font")}`,
  };
}

/** @param {string} hex */
function rgbOf(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

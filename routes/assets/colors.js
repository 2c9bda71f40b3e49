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
 * @property {string} grid
 * @property {string} accent
 * @property {string} accentSoft
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
  // Variables of the style may stand for one colour of each theme; only a property has the one that counts.
  const probe = element.ownerDocument.createElement("span");
  probe.hidden = true;
  element.ownerDocument.body.append(probe);
  /** @param {string} color */
  const resolved = (color) => {
    probe.style.color = color;
    return getComputedStyle(probe).color;
  };
  const isDark = resolved("light-dark(white, black)") === "rgb(0, 0, 0)";
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
  const colors = {
    table,
    css,
    text: resolved("var(--text)"),
    muted: resolved("var(--muted)"),
    line: resolved("var(--line-strong)"),
    grid: resolved("var(--line)"),
    accent: resolved("var(--accent)"),
    accentSoft: resolved("color-mix(in srgb, var(--accent) 20%, transparent)"),
    bad: resolved("var(--bad)"),
    sunken: resolved("var(--sunken)"),
    focus: resolved("var(--focus)"),
    font: `12px ${style.getPropertyValue("--font").trim()}`,
  };
  probe.remove();
  return colors;
}

/** @param {string} hex */
function rgbOf(hex) {
  return [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
}

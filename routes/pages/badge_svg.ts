/**
 * Badges: small pictures of a state, for other sites. They load nothing and run nothing.
 *
 * @module
 */

/** The color of each level: dark enough for white letters. */
const COLORS = { good: "#1a7f46", bad: "#b3261e", unknown: "#5c6570" } as const;
/** About how wide a letter is, and the space around texts. */
const LETTER = 6.8, SPACE = 12;

/** What a badge says. */
export interface Badge {
  /** Left: what it is about. */
  readonly label: string;
  /** Right: how it is. */
  readonly text: string;
  /** Its color. */
  readonly level: keyof typeof COLORS;
}

/** The picture as SVG. */
export function badgeSvg({ label, text, level }: Badge): string {
  const left = widthOf(label), right = widthOf(text);
  const title = escaped(`${label}: ${text}`);
  const word = (at: number, width: number, words: string) =>
    `<text x="${at + width / 2}" y="14" textLength="${width - SPACE}">${escaped(words)}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + right}" height="20" role="img" ` +
    `aria-label="${title}"><title>${title}</title>` +
    `<rect width="${left + right}" height="20" rx="3" fill="#3a4149"/>` +
    `<path fill="${COLORS[level]}" d="M${left} 0h${
      right - 3
    }a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H${left}z"/>` +
    `<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">` +
    word(0, left, label) + word(left, right, text) + "</g></svg>";
}

function widthOf(text: string): number {
  return Math.round(text.length * LETTER + SPACE);
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

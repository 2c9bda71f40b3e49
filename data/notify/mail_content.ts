/**
 * Mails as plain text and as simple HTML. Pure. Everything in them is text: HTML escapes it, and a
 * subject is one line.
 *
 * @module
 */

/** The longest subject, characters: with its header it is one line of RFC 5322 §2.1.1 when folded. */
const SUBJECT_MAX = 200;
/** How many items a mail lists. It counts the rest. */
const ITEMS_MAX = 200;
/** The longest value of a fact, and the longest item, characters. */
const VALUE_MAX = 1_000;

/** What a mail says. */
export interface MailContent {
  /** What happened and when, in one line. */
  readonly subject: string;
  /** The same as a sentence or two. */
  readonly intro: string;
  /** Names and values, in their order. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** A list, such as the devices of an alert; none by default. */
  readonly items?: readonly string[];
  /** On whose clock its times are. */
  readonly zone: string;
}

/** A whole mail. */
export interface MailLetter extends MailContent {
  /** The address of the file and what to know about it; null if the mail has none. */
  readonly link: { readonly url: string; readonly note: string } | null;
  /** The name of the attached file; null for none. */
  readonly attached: string | null;
  /** The address that cancels these mails. */
  readonly stopUrl: string;
  /** What is cancelled, in words: "mails about this schedule". */
  readonly stops: string;
}

/** A subject as a header takes it: one line, without characters that show nothing. */
export function subjectLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim().slice(0, SUBJECT_MAX);
}

/** A value as one line. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ").slice(0, VALUE_MAX);
}

function itemsOf({ items = [] }: MailLetter): { shown: string[]; rest: string | null } {
  const left = items.length - ITEMS_MAX;
  return {
    shown: items.slice(0, ITEMS_MAX).map(oneLine),
    rest: left > 0 ? `and ${left} more` : null,
  };
}

/** The mail as plain text. */
export function letterText(letter: MailLetter): string {
  const { intro, facts, link, attached, stopUrl, stops } = letter;
  const { shown, rest } = itemsOf(letter);
  const parts = [
    oneLine(intro),
    facts.map(([name, value]) => `${oneLine(name)}: ${oneLine(value)}`).join("\n"),
    [...shown, ...rest === null ? [] : [rest]].map((item) => `- ${item}`).join("\n"),
    attached === null ? "" : `Attached: ${oneLine(attached)}`,
    link === null ? "" : `${link.url}\n${oneLine(link.note)}`,
    `-- \nTo cancel ${oneLine(stops)}: ${stopUrl}`,
  ];
  return parts.filter((part) => part !== "").join("\n\n") + "\n";
}

/** The mail as HTML without styles, images or anything that is fetched. */
export function letterHtml(letter: MailLetter): string {
  const { subject, intro, facts, link, attached, stopUrl, stops } = letter;
  const { shown, rest } = itemsOf(letter);
  const rows = facts.map(([name, value]) =>
    `<tr><th align="left">${escaped(oneLine(name))}</th><td>${escaped(oneLine(value))}</td></tr>`
  );
  const list = [...shown, ...rest === null ? [] : [rest]]
    .map((item) => `<li>${escaped(item)}</li>`);
  const parts = [
    `<p>${escaped(oneLine(intro))}</p>`,
    rows.length === 0 ? "" : `<table>${rows.join("")}</table>`,
    list.length === 0 ? "" : `<ul>${list.join("")}</ul>`,
    attached === null ? "" : `<p>Attached: ${escaped(oneLine(attached))}</p>`,
    link === null
      ? ""
      : `<p><a href="${escaped(link.url)}">Download the file</a><br>${escaped(link.note)}</p>`,
    `<hr><p><a href="${escaped(stopUrl)}">Cancel ${escaped(oneLine(stops))}</a></p>`,
  ].filter((part) => part !== "");
  return `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>${
    escaped(subjectLine(subject))
  }</title></head><body>\n${parts.join("\n")}\n</body></html>\n`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text inside of an element or a quoted attribute of HTML. */
export function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character]);
}

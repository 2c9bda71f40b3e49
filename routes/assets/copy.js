/**
 * Buttons that copy a text: `<button data-copy="ID OF THE ELEMENT">`.
 *
 * @module
 */

import { context } from "./context.js";

/** How long a button says that it copied, milliseconds. */
const SAID_MS = 1_500;

/** Listens for all such buttons of the page, also those that come later. */
export function startCopying() {
  document.addEventListener("click", async (event) => {
    const button = event.target instanceof Element
      ? event.target.closest("button[data-copy]")
      : null;
    if (!(button instanceof HTMLButtonElement)) return;
    const source = document.getElementById(button.dataset.copy ?? "");
    if (source === null) return;
    await copyText(source);
    const label = button.querySelector("span") ?? button;
    const before = label.textContent;
    label.textContent = context().say("call.copied");
    setTimeout(() => label.textContent = before, SAID_MS);
  });
}

/** @param {Element} source */
async function copyText(source) {
  const text = source instanceof HTMLTextAreaElement ? source.value : source.textContent ?? "";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Over plain HTTP there is no clipboard; a selection can still be copied.
    const range = document.createRange();
    range.selectNodeContents(source);
    const selection = getSelection();
    selection?.removeAllRanges();
    selection?.addRange(range);
    document.execCommand("copy");
  }
}

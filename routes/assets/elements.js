/**
 * Makes elements. Texts are set as texts, so nothing in them is markup.
 *
 * @module
 */

/**
 * An element with attributes and children. A text is a child too; null is none.
 *
 * @param {string} tag
 * @param {Readonly<Record<string, string | number | boolean | null | undefined>>} attributes
 * @param {...(Node | string | null)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/**
 * An element of the page that must be there.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function need(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element ${id}`);
  return element;
}

// SPDX-License-Identifier: Apache-2.0
/* Small help for the add-in's pages. Text is set as text, never as HTML. */

/** @param {string} id @returns {any} the element, which is there */
export const get = (id) => document.getElementById(id);

/** @param {string} id @param {boolean} isShown */
export function show(id, isShown) {
  get(id).hidden = !isShown;
}

/** Say something in a place, or nothing there. @param {string} id @param {string} text */
export function say(id, text) {
  get(id).textContent = text;
  show(id, text !== "");
}

/**
 * @param {string} tag @param {{class?: string, text?: string, label?: string}} [about] @param {(Node | string)[]} children
 * @returns {HTMLElement}
 */
export function element(tag, about = {}, ...children) {
  const made = document.createElement(tag);
  if (about.class) made.className = about.class;
  if (about.label) made.setAttribute("aria-label", about.label);
  made.append(...(about.text === undefined ? [] : [about.text]), ...children);
  return made;
}

/** Put the words of a language into the page. @param {Record<string, any>} words @param {string} language */
export function translate(words, language) {
  document.documentElement.lang = language;
  for (const one of document.querySelectorAll("[data-words]")) {
    one.textContent = words[one.getAttribute("data-words") ?? ""];
  }
}

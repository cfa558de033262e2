// SPDX-License-Identifier: Apache-2.0
// Words of the extension in the language of Thunderbird.

const rules = new Intl.PluralRules(messenger.i18n.getMessage("lang") || "en");
const numbers = new Intl.NumberFormat(messenger.i18n.getMessage("lang") || "en");

/**
 * A sentence.
 * @param {string} name
 * @param {...(string|number)} parts what stands for $1, $2, …
 * @returns {string}
 */
export function word(name, ...parts) {
  return messenger.i18n.getMessage(name, parts.map((part) => (typeof part === "number" ? numbers.format(part) : part)));
}

/**
 * A sentence that depends on a number, which is its $1.
 * @param {string} name of the pair `name_one`, `name_other`
 * @param {number} count
 * @param {...(string|number)} parts
 * @returns {string}
 */
export function counted(name, count, ...parts) {
  return word(`${name}_${rules.select(count) === "one" ? "one" : "other"}`, count, ...parts);
}

/**
 * A size for people.
 * @param {number} bytes
 * @returns {string}
 */
export function size(bytes) {
  const [value, unit] = bytes < 1024 ** 2 ? [bytes / 1024, "kilobyte"] : bytes < 1024 ** 3 ? [bytes / 1024 ** 2, "megabyte"] : [bytes / 1024 ** 3, "gigabyte"];
  return new Intl.NumberFormat(messenger.i18n.getMessage("lang"), { style: "unit", unit, maximumFractionDigits: 1 }).format(value);
}

/**
 * Fill a page's `data-word` and `data-label` elements, and name its language.
 * @param {Document} page
 */
export function fill(page) {
  page.documentElement.lang = messenger.i18n.getMessage("lang");
  for (const element of page.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
  for (const element of page.querySelectorAll("[data-label]")) element.setAttribute("aria-label", word(element.dataset.label));
}

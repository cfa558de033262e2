// SPDX-License-Identifier: Apache-2.0
/* Where the device's tokens are kept: the pane's own storage, apart for each site that frames it where the browser says so. */

/** @typedef {import("./server.js").Tokens} Tokens */

const NAME = "sealroom.tokens";

/** @typedef {import("./server.js").Keeper & {isLasting: boolean}} PaneKeeper */

/**
 * Browsers that block what others' frames store deny it with an error. Then the tokens live as long as the pane.
 * @returns {PaneKeeper}
 */
export function browserKeeper() {
  const name = `${Office.context.partitionKey ?? ""}${NAME}`;
  /** @type {Tokens | null} */
  let held = null;
  let isLasting = true;
  try {
    localStorage.getItem(name);
  } catch {
    isLasting = false;
  }
  return {
    isLasting,
    load() {
      if (!isLasting) return held;
      try {
        const found = JSON.parse(localStorage.getItem(name) ?? "null");
        return found?.access && found?.refresh ? found : null;
      } catch {
        return null;
      }
    },
    save(tokens) {
      held = tokens;
      if (!isLasting) return;
      if (tokens) localStorage.setItem(name, JSON.stringify(tokens));
      else localStorage.removeItem(name);
    },
  };
}

/** The language of Outlook, of those we have. @returns {"en" | "fr"} */
export function language() {
  const wanted = globalThis.Office?.context?.displayLanguage ?? navigator.language;
  return /^fr/i.test(wanted) ? "fr" : "en";
}

/** The version the manifest names in the pane's address. */
export const version = new URLSearchParams(globalThis.location?.search ?? "").get("v") ?? "";

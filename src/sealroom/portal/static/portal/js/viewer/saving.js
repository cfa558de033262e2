// SPDX-License-Identifier: Apache-2.0
// Sparing with data: smaller pictures, nothing in advance. As the browser says, unless the reader chose.

const KEY = "sealroom.saving";

export function isSaving() {
  const chosen = read();
  return chosen === null ? navigator.connection?.saveData === true : chosen === "yes";
}

export function saveData(on) {
  try {
    localStorage.setItem(KEY, on ? "yes" : "no");
  } catch {
    // A browser that keeps nothing forgets this too.
  }
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

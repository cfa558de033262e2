// SPDX-License-Identifier: Apache-2.0
// What pages ask of the background page, which alone speaks to the server.

/** What the server, or the extension, said no to. */
export class Refused extends Error {
  constructor(sentence, code) {
    super(sentence);
    this.code = code;
  }
}

/** @param {string} deed @param {object} [words] @returns {Promise<any>} @throws {Refused} with a sentence to show */
export async function ask(deed, words = {}) {
  const answer = await messenger.runtime.sendMessage({ deed, ...words });
  if ("refused" in answer) throw new Refused(answer.refused, answer.code);
  return answer.done;
}

/** @param {string} id @returns {HTMLElement} */
export const at = (id) => document.getElementById(id);

/** Show a sentence in an element, or nothing. @param {string} id @param {string} sentence */
export function show(id, sentence) {
  at(id).hidden = !sentence;
  at(id).textContent = sentence;
}

/** The settings, in a tab. */
export function openSettings() {
  return messenger.runtime.openOptionsPage();
}

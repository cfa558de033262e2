// SPDX-License-Identifier: Apache-2.0
// What is known of the mails being written: one letter for each compose window, and, kept over a restart, what was committed and has not
// left yet.

const DAY = 86_400_000;

/**
 * @typedef {object} Letter
 * @property {string} uuid of its draft at the server
 * @property {boolean|null} isOn the user's choice; null: as the team's rules say
 * @property {boolean} words whether the text is protected too
 * @property {boolean} hasWords whether the draft at the server has words
 * @property {string|null} preset
 * @property {Map<string, {id: string, name: string}>} uploads documents by the key of their attachment
 * @property {Map<string, string>} pictures documents by the address of their picture in the words
 * @property {number} left how many pictures of the words lie elsewhere and are not shown
 * @property {"leave"|"protect"} small what becomes of small pictures an earlier mail left behind
 * @property {string} smallNames those that were asked about
 * @property {{id: string, name: string}[]} carried the files of the send before, which was called back
 * @property {Letter["committed"]} [earlier] that send: its link opens nothing
 * @property {{print: string, id: string, revision: number}|null} attempt a commit whose answer may have been lost
 * @property {{id: string, send: string, revision: number, link: string, text: string, to: string}|null} committed
 * @property {boolean} isBusy
 */

/** @type {Map<number, Letter>} */
const letters = new Map();

/** @param {number} tab @returns {Letter} */
export function letterOf(tab) {
  if (!letters.has(tab)) letters.set(tab, begun());
  return letters.get(tab);
}

function begun() {
  const kept = { uploads: new Map(), pictures: new Map(), carried: [], small: "leave", smallNames: "", left: 0 };
  return { isOn: null, words: false, preset: null, isBusy: false, ...kept, ...fresh() };
}

/** What a letter begins with, and begins anew with when its files change after it was committed. */
export function fresh() {
  return { uuid: crypto.randomUUID(), hasWords: false, attempt: null, committed: null };
}

/** @param {number} tab */
export function forgetLetter(tab) {
  letters.delete(tab);
}

/** What was committed and has not left, by the id of its send. @returns {Promise<Record<string, object>>} */
export async function waiting() {
  const { pending } = await messenger.storage.local.get({ pending: {} });
  return Object.fromEntries(Object.entries(pending).filter(([, one]) => one.at > Date.now() - DAY));
}

/** @param {string} send @param {object} facts {id, revision, link, text, documents: {key: id}} */
export async function noteWaiting(send, facts) {
  await messenger.storage.local.set({ pending: { ...(await waiting()), [send]: { ...facts, at: Date.now() } } });
}

/** @param {string} send */
export async function noteGone(send) {
  const pending = await waiting();
  delete pending[send];
  await messenger.storage.local.set({ pending });
}

/**
 * A committed letter that was closed and opened again: its link stands in the words.
 * @param {string} words
 * @returns {Promise<Letter["committed"]>}
 */
export async function foundAgain(words) {
  for (const [send, one] of Object.entries(await waiting())) {
    if (one.link && words.includes(one.link)) return { id: one.id, send, revision: one.revision, link: one.link, text: one.text, to: "" };
  }
  return null;
}

/** A document of a mail that was paid and never left, for the same file. @param {string} key @returns {Promise<string|undefined>} */
export async function paidFor(key) {
  return Object.values(await waiting()).map((one) => one.documents?.[key]).find(Boolean);
}

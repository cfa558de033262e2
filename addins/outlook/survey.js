// SPDX-License-Identifier: Apache-2.0
/* What a mail is at this moment: for whom, with which files, pictures and words. */

import { countLost, divide, isShown, isTiny } from "./letter.js";
import { look } from "./uploads.js";

/** @typedef {import("./mailbox.js").Mailbox} Mailbox */
/** @typedef {import("./mailbox.js").Addressee} Addressee */
/** @typedef {import("./mailbox.js").Attachment} Attachment */
/** @typedef {import("./letter.js").Letter} Letter */
/**
 * @typedef {object} Survey
 * @property {Addressee[]} recipients
 * @property {Attachment[]} files what would be uploaded
 * @property {Attachment[]} tiny small pictures as signatures leave them behind: uploaded only where the sender says so
 * @property {Attachment[]} clouds links to a cloud: left where they are
 * @property {Attachment[]} pictures shown within the text
 * @property {Letter} letter the text in its parts
 * @property {number} unsent pictures of the sender's own words that cannot go with them
 * @property {boolean} isPlain
 * @property {string} body
 */

/** @param {string} address */
export const plain = (address) => address.trim().toLowerCase();

/** @param {Addressee[]} people */
export const whom = (people) => people.map(({ email, name, kind }) => ({ email, kind, ...(name && name !== email ? { name } : {}) }));

/**
 * @param {Mailbox} mailbox
 * @param {Set<string>} taken the looks of small pictures that are to be protected
 * @param {boolean} isWhole what is quoted is the sender's too
 * @returns {Promise<Survey>}
 */
export async function surveyOf(mailbox, taken, isWhole) {
  const recipients = await mailbox.recipients();
  const all = await mailbox.attachments();
  const isPlain = await mailbox.isPlain();
  const body = await mailbox.body(isPlain);
  const text = body.toLowerCase();
  const parts = all.filter((one) => one.type !== "cloud");
  const pictures = parts.filter((one) => one.isInline || isShown(text, one));
  const files = parts.filter((one) => !pictures.includes(one));
  const tiny = files.filter(isTiny);
  const letter = divide(body, isPlain, isWhole);
  return {
    recipients, isPlain, body, letter, pictures, tiny,
    clouds: all.filter((one) => one.type === "cloud"),
    files: files.filter((one) => !tiny.includes(one) || taken.has(look(one))),
    unsent: isPlain ? 0 : countLost(letter.own, parts) + pictures.filter((one) => !isShown(text, one)).length,
  };
}

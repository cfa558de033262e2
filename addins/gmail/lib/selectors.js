// SPDX-License-Identifier: Apache-2.0
// A newer list of places in Gmail's page, from the server: data, taken only with a signature of the key this extension was made with.

import { keep, kept, settings } from "./store.js";

const MOST = 200_000;
const LONGEST = 300;
const LEAD = "sealroom gmail selectors\n";

/** @param {string} text */
const bytesOf = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** @param {Uint8Array} payload @param {Uint8Array} signature */
async function isOurs(payload, signature) {
  const own = chrome.runtime.getManifest().key;
  if (!own) return false;
  const how = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("spki", bytesOf(own), how, false, ["verify"]);
  const lead = new TextEncoder().encode(LEAD);
  const signed = new Uint8Array(lead.length + payload.length);
  signed.set(lead);
  signed.set(payload, lead.length);
  return crypto.subtle.verify(how, key, signature, signed);
}

/** @param {*} found */
function isList(found) {
  const lists = Object.values(found?.selectors ?? {});
  return Number.isInteger(found?.version) && lists.every((one) => Array.isArray(one) && one.every((css) => typeof css === "string" && css.length <= LONGEST));
}

/** The list kept here. */
export async function list() {
  const { server } = await settings();
  const have = await kept("selectors", null);
  return have && have.server === server ? have : { version: 0, selectors: {} };
}

/** Fetch the list when the server has a newer one. One that is not signed by our key, too large or of another shape is left.
 * @param {number} version the server's */
export async function renew(version) {
  const have = await list();
  if (!(version > have.version)) return;
  const { server } = await settings();
  try {
    const answer = await fetch(`${server}/integrations/gmail/selectors.json`, { credentials: "omit", cache: "no-store", redirect: "error" });
    const text = answer.ok ? await answer.text() : "";
    if (!text || text.length > MOST) return;
    const { payload, signature } = JSON.parse(text);
    const raw = bytesOf(payload);
    if (!(await isOurs(raw, bytesOf(signature)))) return;
    const found = JSON.parse(new TextDecoder().decode(raw));
    if (isList(found) && found.version > have.version) await keep("selectors", { ...found, server });
  } catch {
    // the list that is there stays
  }
}

// SPDX-License-Identifier: Apache-2.0
// Files the user gives to FileLink. Whom the mail goes to is not final then, so a file is only kept; its place holder in the words becomes the
// link when the mail is sent.

import { account, call, me, Refusal } from "./server.js";
import { forget, upload } from "./upload.js";
import { addressesOf } from "./people.js";
import { word } from "./words.js";

const PLACE = "/integrations/thunderbird/file/";

/** @typedef {{tab: number, upload: number, document: string, name: string, size: number, changed: number, url: string, isSpent?: boolean}} Kept */

/** @returns {Promise<Record<string, Kept>>} by address of the place holder */
async function kept() {
  return (await messenger.storage.local.get({ filelinks: {} })).filelinks;
}

/** The files that FileLink holds for a mail. @param {number} tab @param {string} words @returns {Promise<Kept[]>} */
export async function linkedFiles(tab, words) {
  const isHere = (one) => words.includes(one.url) || (one.tab === tab && one.session === session);
  return Object.values(await kept()).filter((one) => isHere(one) && !one.isSpent);
}

/**
 * The attachments that are no place holders of FileLink. Thunderbird names no upload with an attachment, so a file is known by name, size
 * and time, and one that was changed since by its name where only one has it; otherwise it is taken for another file, and none is lost.
 * @param {{id: number, name: string}[]} attachments
 * @param {Kept[]} linked
 */
export async function apartFromLinked(attachments, linked) {
  let rest = attachments;
  const changed = [];
  for (const one of linked) {
    const found = await firstLike(one, rest);
    if (found) rest = rest.filter((other) => other !== found);
    else changed.push(one.name);
  }
  const count = (names, name) => names.filter((other) => other === name).length;
  const there = rest.map((one) => one.name);
  return rest.filter(({ name }) => count(there, name) > count(changed, name));
}

async function firstLike(linked, attachments) {
  for (const one of attachments) {
    if (one.name !== linked.name) continue;
    try {
      const file = await messenger.compose.getAttachmentFile(one.id);
      if (file.size === linked.size && file.lastModified === linked.changed) return one;
    } catch {
      // a file that lies in another mail, such as the draft that was opened again
    }
  }
  return null;
}

/** They went out: what Thunderbird removes from now on stays at the server. @param {Kept[]} files */
export async function spend(files) {
  const all = await kept();
  for (const one of files) all[one.url] = { ...one, isSpent: true };
  await messenger.storage.local.set({ filelinks: all });
}

/** @param {Kept[]} files */
export async function drop(files) {
  const all = await kept();
  for (const one of files) delete all[one.url];
  await messenger.storage.local.set({ filelinks: all });
}

const session = crypto.randomUUID(); // numbers of tabs and uploads begin anew with each start
const aborted = new Set();

async function keepFile(id, name, data, tab) {
  if (!(await me())) throw new Refusal("signed_out");
  const document = await upload(data, name, () => {
    if (aborted.has(id)) throw new Refusal("aborted");
  });
  try {
    if (tab) await refuseWithoutCredits(document, tab.id);
  } catch (error) {
    await forget(document);
    throw error;
  }
  const { server } = await account();
  const url = `${server}${PLACE}${crypto.randomUUID()}`;
  const found = { tab: tab?.id ?? -1, session, upload: id, document, name, size: data.size, changed: data.lastModified, url };
  await messenger.storage.local.set({ filelinks: { ...(await kept()), [url]: found } });
  return url;
}

/** Say at once when the credits do not reach for this file and those the mail goes to now. */
async function refuseWithoutCredits(document, tab) {
  const { addresses, faults } = await addressesOf(await messenger.compose.getComposeDetails(tab));
  if (!addresses.length || faults.length) return;
  const quote = await call("POST", "/sends/quote", { documents: [document], recipients: addresses });
  if (!quote.enough) throw new Refusal("insufficient_credits", { needed: quote.cost, available: quote.available });
}

/** Take part in Thunderbird's FileLink. */
export function listen() {
  messenger.cloudFile.onFileUpload.addListener(async (_account, { id, name, data }, tab) => {
    try {
      return { url: await keepFile(id, name, data, tab), templateInfo: { service_name: "Sealroom" } };
    } catch (error) {
      if (error.code === "aborted") return { aborted: true };
      return { error: error.sentence ?? word("refused_unknown") };
    } finally {
      aborted.delete(id);
    }
  });
  messenger.cloudFile.onFileUploadAbort.addListener((_account, id) => {
    aborted.add(id);
  });
  messenger.cloudFile.onFileRename.addListener(() => ({ error: word("renameNotPossible") }));
  messenger.cloudFile.onFileDeleted.addListener(async (_account, id) => {
    const found = Object.values(await kept()).find((one) => one.upload === id && one.session === session);
    if (!found) return;
    await drop([found]);
    if (!found.isSpent) await forget(found.document);
  });
  messenger.cloudFile.onAccountAdded.addListener(configure);
}

/** FileLink accounts are ready while somebody is signed in. */
export async function configure() {
  const isReady = Boolean((await account()).refresh);
  for (const one of await messenger.cloudFile.getAllAccounts()) {
    await messenger.cloudFile.updateAccount(one.id, { configured: isReady, managementUrl: messenger.runtime.getURL("pages/filelink.html") });
  }
}

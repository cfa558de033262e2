// SPDX-License-Identifier: Apache-2.0
// The worker: the only part that speaks to the server. It listens to our own pages and to our content script in Gmail, and answers
// each with no more than it needs; a token is in no answer.

import { confirmed, isSignedIn, me, signIn, signOut, steady } from "./lib/api.js";
import { list, renew } from "./lib/selectors.js";
import * as sends from "./lib/sends.js";
import { forget, keep, kept, managed, Problem, sendRecord, serverAddress, settings } from "./lib/store.js";
import { serve } from "./lib/uploads.js";

const MAIL = "https://mail.google.com";
const locked = chrome.storage.local.setAccessLevel({ accessLevel: "TRUSTED_CONTEXTS" });

/** What a page must know to decide. `fresh` asks the server (at most each ten minutes; with `now` in any case), else nothing is asked. */
async function state({ fresh = false, now = false } = {}) {
  const own = await settings();
  const [ruled, signedIn] = await Promise.all([managed(), isSignedIn()]);
  let known = await me({ any: true });
  let problem = null;
  if (fresh && signedIn && (own.enabled || now)) {
    try {
      known = await me({ now });
      if (known) await renew(known.selectors_version);
    } catch (error) {
      problem = error instanceof Problem ? error.plain() : { code: "error" };
    }
  }
  const policy = known?.policy ?? {};
  return {
    enabled: own.enabled,
    startOn: own.startOn,
    server: own.server,
    serverIsManaged: own.serverIsManaged,
    signedIn: await isSignedIn(),
    mode: ruled.mode ?? policy.mode ?? "off",
    minBytes: ruled.minBytes ?? policy.min_bytes ?? 0,
    internalDomains: ruled.internalDomains ?? policy.internal_domains ?? [],
    limits: known?.limits ?? null,
    user: known?.user?.email ?? "",
    team: known?.team?.name ?? "",
    available: known?.credits?.available ?? null,
    selectors: (await list()).selectors,
    problem,
  };
}

/** Calls of a page in Gmail and of our own pages. */
const FOR_ALL = {
  state,
  price: ({ wish }) => sends.price(wish),
  commit: async ({ wish }) => {
    const answer = await sends.commit(wish);
    await forget("me");
    return answer;
  },
  markSent: ({ id }) => sends.markSent(id),
  takeBack: ({ id }) => sends.takeBack(id),
  discard: ({ documents }) => sends.discard(documents),
  find: ({ by }) => sends.find(by),
  openPanel: ({ at = "" }) => chrome.tabs.create({ url: chrome.runtime.getURL(`panel.html${/^#\w+$/.test(at) ? at : ""}`) }),
};

/** Calls of our own pages alone. */
const FOR_PANEL = {
  signIn,
  confirmed,
  signOut,
  setServer: async ({ server }) => {
    const address = serverAddress(server);
    if (!address) throw new Problem("bad_server");
    const own = await kept("settings", {});
    if (own.server !== address) await signOut();
    await keep("settings", { ...own, server: address });
  },
  setSettings: async ({ change }) => {
    const own = await kept("settings", {});
    for (const name of ["enabled", "startOn"]) if (name in change) own[name] = Boolean(change[name]);
    await keep("settings", own);
    await tellPages();
  },
  history: () => sends.history(),
  revoke: ({ send }) => steady("POST", `/sends/${encodeURIComponent(send)}/revoke`),
  restore: ({ send }) => steady("POST", `/sends/${encodeURIComponent(send)}/restore`),
  record: ({ id }) => sendRecord(id),
  diagnose: async () => {
    const tabs = await chrome.tabs.query({ url: `${MAIL}/*` });
    for (const tab of tabs) {
      const found = await chrome.tabs.sendMessage(tab.id, { type: "skeleton" }).catch(() => null);
      if (found) return found;
    }
    throw new Problem("no_gmail");
  },
};

/** Open pages of Gmail learn of a switch at once. */
async function tellPages() {
  for (const tab of await chrome.tabs.query({ url: `${MAIL}/*` })) chrome.tabs.sendMessage(tab.id, { type: "settings" }).catch(() => null);
}

/** Our own pages, or our content script in the top frame of Gmail; nobody else. @param {chrome.runtime.MessageSender} sender */
function callsOf(sender) {
  if (sender.id !== chrome.runtime.id) return null;
  if (sender.url?.startsWith(chrome.runtime.getURL(""))) return { ...FOR_ALL, ...FOR_PANEL };
  return sender.url?.startsWith(`${MAIL}/`) ? FOR_ALL : null;
}

chrome.runtime.onMessage.addListener((message, sender, answer) => {
  const deed = Object.hasOwn(callsOf(sender) ?? {}, message?.type) ? callsOf(sender)[message.type] : null;
  if (!deed) return false;
  locked
    .then(() => deed(message))
    .then((value) => answer({ value: value ?? null }))
    .catch((error) => answer({ problem: error instanceof Problem ? error.plain() : { code: "error" } }));
  return true;
});

chrome.runtime.onConnect.addListener((port) => {
  if (port.name === "upload" && port.sender && callsOf(port.sender)) serve(port);
  else port.disconnect();
});

// Rules of a browser's administrator come some seconds after a first installation, and may change at any time.
chrome.storage.onChanged.addListener((_change, area) => {
  if (area === "managed") tellPages();
});

chrome.action.onClicked.addListener(() => FOR_ALL.openPanel({}));

chrome.runtime.onInstalled.addListener(({ reason }) => {
  if (reason === "install") settings().then((own) => own.serverIsManaged || FOR_ALL.openPanel({}));
});

// SPDX-License-Identifier: Apache-2.0
// What Thunderbird tells this extension, and what its own pages ask of it.

import { account, call, given, giveUp, me, Refusal, serverAddress, signIn, signOut } from "./server.js";
import { answersProtected, beforeSend, priceOf, wishes } from "./protect.js";
import { forgetLetter, letterOf, noteGone, waiting } from "./letters.js";
import * as dialog from "./dialog.js";
import * as filelink from "./filelink.js";

dialog.listen();
filelink.listen();
filelink.configure();

messenger.compose.onBeforeSend.addListener(beforeSend);

messenger.compose.onAfterSend.addListener(async (tab, info) => {
  const { committed } = letterOf(tab.id);
  // The error may be an empty sentence; and a mail that failed is told of as sent, without an id, when it is sent once more.
  if (!committed || "error" in info || (info.mode === "sendNow" && !info.headerMessageId)) return;
  forgetLetter(tab.id);
  await call("POST", `/drafts/${committed.id}/mark-sent`);
  await noteGone(committed.send);
});

messenger.tabs.onRemoved.addListener((tab) => forgetLetter(tab));
messenger.storage.onChanged.addListener((changes, area) => {
  if (area === "local" && changes.account) filelink.configure();
});
messenger.browserAction.onClicked.addListener(() => messenger.tabs.create({ url: "pages/history.html" }));

const DEEDS = {
  async status() {
    const { serverUrl, isFixed } = await given();
    const { server, refresh } = await account();
    const { signIn: waits } = await messenger.storage.local.get("signIn");
    const isSignedIn = Boolean(refresh);
    return { server: (isFixed ? serverUrl : server) || serverUrl, isFixed, isSignedIn, waits: waits ?? null, wishes: await wishes() };
  },
  me: ({ anew }) => me(anew),
  signIn: ({ server }) => signIn(server),
  giveUp,
  signOut,
  wish: ({ change }) => wishes().then((kept) => messenger.storage.local.set({ wishes: { ...kept, ...change } })),
  async letter({ tab }) {
    const { isOn, words, preset, committed } = letterOf(tab);
    const isReply = await answersProtected(await messenger.compose.getComposeDetails(tab));
    return { isOn, words, preset, isReply, isCommitted: Boolean(committed) };
  },
  choose({ tab, change }) {
    const letter = letterOf(tab);
    for (const name of ["isOn", "words", "preset"]) if (name in change) letter[name] = change[name];
  },
  price: ({ tab }) => priceOf(tab),
  async history() {
    const { server } = await account();
    return { items: (await call("GET", "/sends?limit=50")).items, waiting: Object.keys(await waiting()), server };
  },
  end: ({ send, act }) => call("POST", `/sends/${encodeURIComponent(send)}/${act}`, act === "cancel" ? undefined : {}),
  address: ({ text }) => serverAddress(text),
};

messenger.runtime.onMessage.addListener(async ({ deed, ...words }) => {
  try {
    return { done: (await DEEDS[deed](words)) ?? null };
  } catch (error) {
    console.warn(error);
    return { refused: error.sentence ?? new Refusal("unknown").sentence, code: error.code ?? "" };
  }
});

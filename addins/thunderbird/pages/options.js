// SPDX-License-Identifier: Apache-2.0
// Settings: which server, who is signed in, and whether the price is shown before each mail.

import { counted, fill, word } from "../words.js";
import { ask, at, show } from "./ask.js";

fill(document);

/** Do a deed and say what went wrong with it. */
async function tried(deed, words) {
  show("refused", "");
  try {
    await ask(deed, words);
  } catch (error) {
    show("refused", error.message);
  }
  await draw();
}

at("outside").addEventListener("submit", (event) => {
  event.preventDefault();
  tried("signIn", { server: at("server").value });
});
at("give-up").addEventListener("click", () => tried("giveUp"));
at("sign-out").addEventListener("click", () => tried("signOut"));
at("show-price").addEventListener("change", () => ask("wish", { change: { showPrice: at("show-price").checked } }));
at("page").addEventListener("click", (event) => {
  event.preventDefault();
  messenger.windows.openDefaultBrowser(at("page").href);
});
messenger.storage.onChanged.addListener((changes, area) => {
  const isOther = Boolean(changes.account?.oldValue?.refresh) !== Boolean(changes.account?.newValue?.refresh);
  if (area === "local" && (changes.signIn || (changes.account && isOther))) draw();
});

async function draw() {
  const status = await ask("status");
  const isWaiting = status.waits?.state === "waiting";
  at("inside").hidden = !status.isSignedIn;
  at("waits").hidden = status.isSignedIn || !isWaiting;
  at("outside").hidden = status.isSignedIn || isWaiting;
  if (document.activeElement !== at("server")) at("server").value = status.server ?? "";
  at("server").readOnly = status.isFixed;
  at("server-note").textContent = word(status.isFixed ? "serverFixed" : "serverNote");
  at("show-price").checked = status.wishes.showPrice;
  if (isWaiting) {
    at("code").textContent = status.waits.code;
    at("page").href = status.waits.page;
  }
  if (status.waits?.state === "refused") show("refused", status.waits.sentence);
  at("policy").textContent = "";
  if (!status.isSignedIn) return;
  at("who").textContent = word("signedInText", "…", status.server);
  at("left").textContent = "";
  try {
    const who = await ask("me", { anew: true });
    if (!who) return;
    at("who").textContent = word("signedInText", `${who.user.email} (${who.team.name})`, status.server);
    at("left").textContent = counted("creditsLeft", who.credits.available);
    at("policy").textContent = word(`policy_${who.policy.mode}`);
  } catch (error) {
    show("refused", error.message);
  }
}

await draw();

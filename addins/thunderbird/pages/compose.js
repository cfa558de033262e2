// SPDX-License-Identifier: Apache-2.0
// The button of a compose window: what is protected in this mail, and what it would cost.

import { counted, fill, word } from "../words.js";
import { ask, at, openSettings, show } from "./ask.js";

fill(document);

async function tabHere() {
  const asked = Number(new URL(location.href).searchParams.get("tab"));
  if (asked) return asked;
  const [found] = await messenger.tabs.query({ active: true, currentWindow: true });
  return found.id;
}

const tab = await tabHere();
const choose = (change) => ask("choose", { tab, change });

at("sign-in").addEventListener("click", leaveTo(openSettings));
at("settings").addEventListener("click", leaveTo(openSettings));
at("history").addEventListener("click", leaveTo(() => messenger.tabs.create({ url: messenger.runtime.getURL("pages/history.html") })));
at("on").addEventListener("change", async () => {
  await choose({ isOn: at("on").checked, ...(at("on").checked ? {} : { words: false }) });
  await draw();
});
at("words").addEventListener("change", async () => {
  await choose({ words: at("words").checked, ...(at("words").checked ? { isOn: true } : {}) });
  await draw();
});
at("preset").addEventListener("change", () => choose({ preset: at("preset").value }));
at("ask-price").addEventListener("click", price);

function leaveTo(open) {
  return async (event) => {
    event.preventDefault();
    await open();
    window.close();
  };
}

async function draw() {
  const who = await ask("me").catch((error) => {
    show("refused", error.message);
    return null;
  });
  at("outside").hidden = Boolean(who);
  if (!who) return;
  const letter = await ask("letter", { tab });
  const { mode } = who.policy;
  at("on").checked = letter.isOn ?? (mode === "force" || letter.isReply);
  at("on").disabled = mode === "force" || letter.isCommitted;
  at("why").textContent = letter.isCommitted ? word("isCommitted") : letter.isOn === null || mode === "force" ? word(`mode_${letter.isReply && mode !== "force" ? "reply" : mode}`) : "";
  at("words").checked = letter.words;
  at("words").disabled = letter.isCommitted;
  at("preset-field").hidden = !who.presets.length;
  at("preset").disabled = letter.isCommitted;
  at("preset").replaceChildren(...who.presets.map((one) => new Option(one.name, one.id, one.is_default, one.is_default)));
  if (!who.presets.some((one) => one.is_default)) at("preset").prepend(new Option(word("noPreset"), "", true, true));
  if (letter.preset !== null) at("preset").value = letter.preset;
  at("inside").hidden = false; // not before everything stands as it is
}

async function price() {
  at("ask-price").disabled = true;
  for (const id of ["price", "after", "refused"]) show(id, "");
  try {
    const quote = await ask("price", { tab });
    show("price", `${counted("credits", quote.cost)} · ${counted("files", quote.files)} · ${counted("recipients", quote.people)}`);
    if (quote.enough) show("after", counted("creditsAfter", quote.after));
    else show("refused", `${counted("needsCredits", quote.cost)} ${counted("creditsLeft", quote.available)}`);
  } catch (error) {
    show("refused", error.message);
  }
  at("ask-price").disabled = false;
}

await draw();

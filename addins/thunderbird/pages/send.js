// SPDX-License-Identifier: Apache-2.0
// The window that says what happens to a mail while it is sent. It decides nothing: each button answers the background page.

import { counted, fill, word } from "../words.js";
import { at, openSettings, show } from "./ask.js";

fill(document);
const tab = new URL(location.href).searchParams.get("tab");
const port = messenger.runtime.connect({ name: `send:${tab}` });

const PHASES = {
  ask: (state) => ({
    title: word("askTitle"),
    text: counted("askText", state.files),
    buttons: [["protect", "protectButton", "primary"], ["plain", "plainButton"], ["back", "backButton"]],
  }),
  ended: () => ({
    title: word("endedTitle"),
    text: word("endedText"),
    buttons: [["settings", "signInButton", "primary"], ["plain", "plainButton"], ["back", "backButton"]],
  }),
  small: ({ names }) => ({
    title: word("smallTitle"),
    text: counted("smallText", names.length, names.join(", ")),
    buttons: [["leave", "leaveButton", "primary"], ["protect", "protectTooButton"], ["back", "backButton"]],
  }),
  uploading: (state) => ({
    title: word("workingTitle"),
    text: word("uploadingText", state.name, state.index, state.count),
    progress: state.share,
    buttons: [["back", "stopButton"]],
  }),
  inspecting: () => ({ title: word("workingTitle"), text: word("inspectingText"), buttons: [["back", "stopButton"]] }),
  price: (state) => ({
    title: word("priceTitle"),
    text: [state.files ? counted("files", state.files) : word(state.words ? "theText" : "theMail"), counted("recipients", state.people)].join(" · "),
    price: counted("credits", state.cost),
    after: counted("creditsAfter", state.after),
    note: [state.words ? word("wordsNote") : "", state.left ? counted("picturesLeft", state.left) : ""].filter(Boolean).join(" "),
    buttons: [["send", "sendButton", "primary"], ["back", "backButton"]],
  }),
  refused: (state) => ({
    title: word("refusedTitle"),
    text: state.sentence,
    note: word(state.note),
    isRefusal: true,
    buttons: state.isSignedOut ? [["settings", "signInButton", "primary"], ["back", "closeButton"]] : [["back", "closeButton", "primary"]],
  }),
};

let shown = "";

port.onMessage.addListener((state) => {
  if (!state) return;
  const said = PHASES[state.phase](state);
  at("title").textContent = said.title;
  at("text").textContent = said.text;
  at("text").classList.toggle("refused", Boolean(said.isRefusal));
  at("text").setAttribute("role", said.isRefusal ? "alert" : "status");
  show("price", said.price ?? "");
  show("after", said.after ?? "");
  show("note", said.note ?? "");
  at("progress").hidden = said.progress === undefined;
  at("progress").value = said.progress ?? 0;
  document.title = `${said.title} – Sealroom`;
  if (shown === state.phase) return; // the buttons stay, and with them the focus
  shown = state.phase;
  at("buttons").replaceChildren(...said.buttons.map(buttonOf));
  at("buttons").firstElementChild?.focus();
  document.body.dataset.phase = state.phase;
});

function buttonOf([choice, name, kind]) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = word(name);
  button.dataset.choice = choice;
  if (kind) button.className = kind;
  button.addEventListener("click", () => answer(choice));
  return button;
}

async function answer(choice) {
  for (const button of document.querySelectorAll("button")) button.disabled = true;
  if (choice === "settings") await openSettings();
  if (["back", "settings"].includes(choice)) window.close();
  port.postMessage(choice);
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape") answer("back");
});

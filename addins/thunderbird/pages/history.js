// SPDX-License-Identifier: Apache-2.0
// What was sent, what became of it, and its end.

import { fill, word } from "../words.js";
import { ask, at, show } from "./ask.js";

const CANCEL_MS = 15 * 60_000; // the server has the last word
const when = new Intl.DateTimeFormat(word("lang"), { dateStyle: "medium", timeStyle: "short" });

fill(document);
document.title = `${word("historyTitle")} – Sealroom`;

/** A cell; `name` is put before it where there is no room for a head above it, and `isBrief` keeps it in one line where there is. */
function cell(content, { name = "", isBrief = false } = {}) {
  const made = document.createElement("td");
  made.append(content);
  made.classList.toggle("brief", isBrief);
  if (name) made.dataset.name = word("headed", word(name));
  return made;
}

function button(name, one, deed) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = word(name);
  made.dataset.deed = deed;
  made.dataset.send = one.id;
  made.setAttribute("aria-label", `${word(name)}: ${titleOf(one)}`);
  made.addEventListener("click", async () => {
    made.disabled = true;
    show("refused", "");
    try {
      await ask("end", { send: one.id, act: deed });
      show("done", word(`done_${deed}`, titleOf(one)));
    } catch (error) {
      show("refused", error.message);
    }
    await draw();
  });
  return made;
}

const titleOf = (one) => one.subject || one.title || word("noSubject");

function row(one, isWaiting, server) {
  const made = document.createElement("tr");
  const link = document.createElement("a");
  link.href = `${server}/sends/${encodeURIComponent(one.id)}/`;
  link.textContent = titleOf(one);
  link.addEventListener("click", (event) => {
    event.preventDefault();
    messenger.windows.openDefaultBrowser(link.href);
  });
  const deeds = document.createElement("div");
  deeds.className = "row";
  const sent = new Date(one.sent_at ?? one.created_at);
  if (one.state === "active") {
    deeds.append(button("revokeButton", one, "revoke"));
    if (Date.now() - sent < CANCEL_MS) deeds.append(button("callBackButton", one, "cancel"));
  }
  if (one.state === "revoked") deeds.append(button("restoreButton", one, "restore"));
  const state = isWaiting && one.state === "active" ? word("state_waiting") : word(`state_${one.state}`) || one.state;
  const opened = cell(word("openedOf", one.opened, one.recipients), { name: "colOpened", isBrief: true });
  made.append(cell(link), cell(when.format(sent), { isBrief: true }), opened, cell(state), cell(deeds));
  return made;
}

async function draw() {
  try {
    const { items: found, waiting, server } = await ask("history");
    const items = found.filter((one) => one.state !== "draft");
    at("rows").replaceChildren(...items.map((one) => row(one, waiting.includes(one.id), server)));
    at("table").hidden = !items.length;
    at("none").hidden = Boolean(items.length);
  } catch (error) {
    show("refused", error.message);
  }
}

await draw();

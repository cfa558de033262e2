// SPDX-License-Identifier: Apache-2.0
// Puts the viewer together. It receives pictures of pages, each stamped for this reader and checked live by the server; the moment
// the server refuses one, nothing of the document stays on screen.

import { Book } from "./viewer/book.js";
import { Controls } from "./viewer/controls.js";
import { Desk } from "./viewer/desk.js";
import { Expiry } from "./viewer/expiry.js";
import { Loader } from "./viewer/loader.js";
import { Pulse } from "./viewer/pulse.js";
import { Thumbs } from "./viewer/thumbs.js";

function start(root) {
  const facts = JSON.parse(document.getElementById("viewer-facts").textContent);
  const words = facts.words;
  const book = new Book(facts.sizes);
  const address = (page, width) => `${facts.address}p/${page}.jpg?w=${width}`;
  const parts = {};

  let over = false;
  const end = (problem) => {
    if (over) return;
    over = true;
    for (const part of [parts.desk, parts.thumbs]) part?.clear();
    for (const part of [parts.loader, parts.pulse, parts.expiry]) part?.stop();
    showEnd(root, problem, facts);
  };

  parts.loader = new Loader({
    address,
    hooks: {
      loaded: (page) => parts.desk.show(page),
      failed: (page, fault) => parts.desk.fault(page, fault),
      ended: end,
      contact: () => parts.pulse?.contact(),
    },
  });
  parts.desk = new Desk({
    root: root.querySelector("[data-desk]"),
    book,
    loader: parts.loader,
    ladder: facts.ladder,
    words,
    hooks: {
      turned: (page) => {
        parts.thumbs?.mark(page);
        parts.controls?.show();
        showPill(root);
      },
      laid: () => parts.controls?.show(),
    },
  });
  parts.desk.layout();
  parts.controls = new Controls({ root, desk: parts.desk, book });
  parts.thumbs = new Thumbs({
    root: root.querySelector("[data-thumbs]"),
    book,
    address,
    words,
    hooks: {
      ended: end,
      contact: () => parts.pulse?.contact(),
      quiet: () => !parts.loader.isBusy(),
      chosen: (page) => {
        parts.desk.goTo(page);
        parts.controls.togglePages(false);
      },
    },
  });
  parts.thumbs.mark(parts.desk.current || 1);
  parts.controls.show();
  parts.pulse = new Pulse({
    address: `${facts.address}seen/`,
    token: root.querySelector("[name=csrfmiddlewaretoken]").value,
    onScreen: () => parts.desk.visible().filter(({ page, share }) => share >= 0.5 && parts.loader.pictures.has(page)).map(({ page }) => page),
    hooks: {
      ended: end,
      state: (state) => learn(root, state, facts, parts),
      unsure: (on) => root.classList.toggle("is-unsure", on),
    },
  });
  parts.expiry = new Expiry({
    places: [...root.querySelectorAll("[data-expiry]")],
    words,
    due: async () => {
      await parts.pulse.beat();
      // Unreachable at the very moment: the end holds all the same.
      if (!over && parts.expiry.told) setTimeout(() => parts.expiry.told && end({ status: 410, ...words.expired }), 1500);
    },
  });
  parts.expiry.learn(facts);
}

/** What the sender changed meanwhile. */
function learn(root, state, facts, parts) {
  parts.expiry.learn(state);
  for (const place of root.querySelectorAll("[data-may-download]")) place.hidden = !state.may_download;
  for (const place of root.querySelectorAll("[data-view-only]")) place.hidden = state.may_download;
  if (state.version !== facts.version) root.querySelector("[data-replaced]").hidden = false;
}

function showEnd(root, problem, facts) {
  root.classList.add("is-ended");
  root.classList.remove("shows-pages", "is-unsure");
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  const card = root.querySelector("[data-ended]");
  card.querySelector("[data-ended-title]").textContent = problem.title || facts.words.ended.title;
  card.querySelector("[data-ended-advice]").textContent = problem.detail || facts.words.ended.detail;
  card.querySelector("[data-ended-again]").hidden = problem.status !== 401;
  card.hidden = false;
  card.querySelector("[data-ended-title]").focus();
}

let fading;
function showPill(root) {
  const pill = root.querySelector("[data-pill]");
  pill.classList.add("is-shown");
  clearTimeout(fading);
  fading = setTimeout(() => pill.classList.remove("is-shown"), 1800);
}

const root = document.querySelector("[data-viewer]");
if (root) {
  start(root);
  document.querySelector("[data-needs-script]")?.remove();
}

// SPDX-License-Identifier: Apache-2.0
// Puts the viewer together. It receives pictures of pages, each stamped for this reader and checked live by the server; the moment
// the server refuses one, nothing of the document stays on screen.

import { Away } from "./viewer/away.js";
import { Book } from "./viewer/book.js";
import { Controls } from "./viewer/controls.js";
import { Desk } from "./viewer/desk.js";
import { Expiry } from "./viewer/expiry.js";
import { Find } from "./viewer/find.js";
import { Layers } from "./viewer/layers.js";
import { Loader, ask } from "./viewer/loader.js";
import { Outline } from "./viewer/outline.js";
import { Paper } from "./viewer/paper.js";
import { Pulse } from "./viewer/pulse.js";
import { isSaving, saveData } from "./viewer/saving.js";
import { Shield } from "./viewer/shield.js";
import { Thumbs } from "./viewer/thumbs.js";

class Viewer {
  constructor(root) {
    this.root = root;
    this.facts = JSON.parse(document.getElementById("viewer-facts").textContent);
    this.state = this.facts;
    this.words = this.facts.words;
    this.book = new Book(this.facts.sizes);
    this.address = (page, width) => `${this.facts.address}p/${page}.jpg?w=${width}`;
    this.token = root.querySelector("[name=csrfmiddlewaretoken]").value;
    this.ended = this.ended.bind(this);
    this.contact = () => this.pulse?.contact();
    this.makeDesk();
    this.makeHands();
    this.makeSide();
    this.makePulse();
    this.learnStructure();
  }

  makeDesk() {
    this.loader = new Loader({
      address: this.address,
      hooks: {
        loaded: (page) => this.desk.show(page),
        failed: (page, fault) => this.desk.fault(page, fault),
        ended: this.ended,
        contact: this.contact,
      },
    });
    this.layers = new Layers({
      book: this.book,
      words: this.words,
      textAddress: (page) => `${this.facts.address}text/${page}.json`,
      hooks: {
        goTo: (page) => this.desk.goTo(page),
        away: (uri) => this.away.offer(uri),
        mayCopy: () => this.state.may_copy,
        quiet: () => !this.loader.isBusy(),
      },
    });
    const sheets = this.root.querySelector("[data-sheets]");
    this.desk = new Desk({
      root: this.root.querySelector("[data-desk]"),
      book: this.book,
      loader: this.loader,
      ladder: this.facts.ladder,
      words: this.words,
      foot: sheets ? sheets.offsetHeight : 0,
      hooks: {
        turned: (page) => this.turned(page),
        laid: () => this.controls?.show(),
        added: (page, layer) => this.layers.add(page, layer),
        removed: (page) => this.layers.remove(page),
        sparing: () => Boolean(this.state.shield),
      },
    });
    this.shield = new Shield({
      root: this.root,
      desk: this.desk.root,
      element: this.root.querySelector("[data-shield]"),
      hooks: { mayPrint: () => this.state.may_print },
    });
    this.shield.set(this.state.shield);
    this.desk.layout();
  }

  makeHands() {
    this.away = new Away({ dialog: document.getElementById("away-sheet") });
    this.find = new Find({
      root: this.root.querySelector("[data-find-box]"),
      address: `${this.facts.address}search/`,
      words: this.words,
      hooks: {
        mayCopy: () => this.state.may_copy,
        show: (hits, now) => this.layers.show(hits, now),
        reveal: (page, box) => this.desk.reveal(page, box),
      },
    });
    this.paper = new Paper({
      dialog: document.getElementById("print-sheet"),
      place: document.querySelector("[data-print-pages]"),
      address: this.facts.address,
      token: this.token,
      count: this.book.count,
      words: this.words,
      hooks: { current: () => this.desk.current, ended: this.ended, left: (left) => this.learn({ ...this.state, prints_left: left }) },
    });
    this.controls = new Controls({
      root: this.root,
      desk: this.desk,
      book: this.book,
      deeds: {
        find: () => this.openFind(),
        unfind: () => this.find.root.hidden || this.find.close(),
        print: () => this.openPrint(),
      },
    });
    const saving = document.querySelector("[data-saving]");
    saving.checked = isSaving();
    saving.addEventListener("change", () => {
      saveData(saving.checked);
      this.desk.draw();
      this.thumbs.draw();
    });
    for (const sheet of document.querySelectorAll("dialog")) {
      sheet.addEventListener("click", (event) => {
        const name = event.target.closest("[data-do]")?.dataset.do;
        if (!name) return;
        if (event.target.closest("[data-then-close]")) sheet.close();
        this.controls.deeds[name]?.();
      });
    }
  }

  makeSide() {
    const chosen = (page) => {
      this.desk.goTo(page);
      this.controls.togglePages(false);
    };
    this.thumbs = new Thumbs({
      root: this.root.querySelector("[data-thumbs]"),
      book: this.book,
      address: this.address,
      words: this.words,
      hooks: {
        ended: this.ended,
        contact: this.contact,
        quiet: () => !this.loader.isBusy(),
        sparing: () => isSaving() || Boolean(this.state.shield),
        shielded: () => Boolean(this.state.shield),
        chosen,
      },
    });
    this.outline = new Outline({
      root: this.root,
      side: this.root.querySelector("[data-side]"),
      sheets: this.root.querySelector("[data-sheets]"),
      hooks: { chosen, turned: () => this.thumbs.layout() },
    });
    this.turned(this.desk.current || 1);
  }

  makePulse() {
    this.pulse = new Pulse({
      address: `${this.facts.address}seen/`,
      token: this.token,
      onScreen: () => this.onScreen(),
      hooks: {
        ended: this.ended,
        state: (state) => this.learn(state),
        unsure: (on) => this.root.classList.toggle("is-unsure", on),
      },
    });
    this.expiry = new Expiry({
      places: [...this.root.querySelectorAll("[data-expiry]")],
      words: this.words,
      due: async () => {
        await this.pulse.beat();
        // Unreachable at the very moment: the end holds all the same.
        if (!this.over && this.expiry.told) setTimeout(() => this.expiry.told && this.ended({ status: 410, ...this.words.expired }), 1500);
      },
    });
    this.learn(this.state);
  }

  onScreen() {
    if (this.root.classList.contains("is-covered")) return [];
    return this.desk.visible().filter(({ page, share }) => share >= 0.5 && this.loader.pictures.has(page)).map(({ page }) => page);
  }

  /** Outline, links and sheets come when the first pictures are there. */
  async learnStructure() {
    if (this.over) return;
    if (this.loader.isBusy()) {
      setTimeout(() => this.learnStructure(), 200);
      return;
    }
    try {
      const answer = await ask(`${this.facts.address}structure.json`);
      if (!answer.ok || this.over) return;
      const structure = await answer.json();
      this.layers.learnLinks(structure.links);
      this.outline.learn(structure);
    } catch {
      // The pages are there without it.
    }
  }

  turned(page) {
    this.thumbs?.mark(page);
    this.outline?.mark(page);
    this.controls?.show();
    this.showPill();
  }

  openFind() {
    this.find.open();
    return this.state.may_copy;
  }

  openPrint() {
    if (!this.state.may_print || this.state.prints_left === 0) return false;
    this.paper.open();
    return true;
  }

  /** What the sender changed meanwhile. */
  learn(state) {
    const before = this.state;
    this.state = { ...before, ...state };
    this.expiry.learn(this.state);
    for (const name of ["may_download", "may_download_original", "may_print", "may_copy"]) {
      for (const place of document.querySelectorAll(`[data-if="${name}"]`)) place.hidden = !this.state[name];
      for (const place of document.querySelectorAll(`[data-unless="${name}"]`)) place.hidden = this.state[name];
    }
    for (const place of document.querySelectorAll("[data-prints-left]")) {
      place.hidden = this.state.prints_left === null;
      place.querySelector("span").textContent = this.state.prints_left;
    }
    if (before.shield !== this.state.shield) this.shield.set(this.state.shield);
    if (before.may_copy !== this.state.may_copy) this.layers.allow(this.state.may_copy);
    if (!this.state.may_copy && !this.find.root.hidden) this.find.close();
    if (this.state.version !== this.facts.version) this.root.querySelector("[data-replaced]").hidden = false;
  }

  /** Access is over, or a gate must be passed again: nothing of the document stays. */
  ended(problem) {
    if (this.over) return;
    this.over = true;
    for (const part of [this.desk, this.thumbs, this.layers, this.outline, this.paper]) part?.clear();
    for (const part of [this.loader, this.pulse, this.expiry]) part?.stop();
    const { root, words } = this;
    root.classList.add("is-ended");
    root.classList.remove("shows-pages", "is-unsure", "is-covered", "has-shield");
    for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
    const card = root.querySelector("[data-ended]");
    card.querySelector("[data-ended-title]").textContent = problem.title || words.ended.title;
    card.querySelector("[data-ended-advice]").textContent = problem.detail || words.ended.detail;
    for (const way of card.querySelectorAll("[data-gate]")) way.hidden = !way.dataset.gate.split(" ").includes(problem.gate);
    card.hidden = false;
    card.querySelector("[data-ended-title]").focus();
  }

  showPill() {
    const pill = this.root.querySelector("[data-pill]");
    pill.classList.add("is-shown");
    clearTimeout(this.fading);
    this.fading = setTimeout(() => pill.classList.remove("is-shown"), 1800);
  }
}

const root = document.querySelector("[data-viewer]");
if (root) {
  new Viewer(root);
  document.querySelector("[data-needs-script]")?.remove();
}

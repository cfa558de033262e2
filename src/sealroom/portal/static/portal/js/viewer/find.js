// SPDX-License-Identifier: Apache-2.0
// The find box, where words may leave the pictures. The server looks; here is only where it found something.

import { ask } from "./loader.js";

const PAUSE = 250; // ms of quiet in the field before the server is asked

export class Find {
  /** `hooks`: mayCopy(), show(hits, now), reveal(page, box). */
  constructor({ root, address, words, hooks }) {
    Object.assign(this, { root, address, words, hooks });
    this.field = root.querySelector("input");
    this.count = root.querySelector("[data-find-count]");
    this.places = [];
    this.field.addEventListener("input", () => {
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.look(), PAUSE);
    });
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.step(1);
    });
    root.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
      else if (event.key === "Enter" && event.shiftKey) this.step(-1);
      else return;
      event.preventDefault();
    });
    for (const button of root.querySelectorAll("[data-find]")) {
      button.addEventListener("click", () => (button.dataset.find === "close" ? this.close() : this.step(Number(button.dataset.find))));
    }
  }

  open() {
    if (!this.hooks.mayCopy()) return;
    this.before ??= document.activeElement;
    this.root.hidden = false;
    this.field.select();
    this.field.focus();
  }

  close() {
    this.root.hidden = true;
    this.places = [];
    this.asked = "";
    this.count.textContent = "";
    this.hooks.show(new Map(), null);
    this.before?.focus?.();
    this.before = null;
  }

  async look() {
    const query = this.field.value.trim();
    this.asked = query;
    if (!query) {
      this.learn([]);
      this.count.textContent = "";
      return;
    }
    try {
      const answer = await ask(`${this.address}?q=${encodeURIComponent(query)}`);
      if (answer.ok && this.asked === query) this.learn((await answer.json()).hits);
    } catch {
      this.count.textContent = this.words.offline;
    }
  }

  learn(hits) {
    this.marks = new Map(hits.map(({ page, boxes }) => [page, boxes]));
    // A find of several words has a box for each of them and counts once, at its first.
    const words = this.asked ? this.asked.split(/\s+/u).length : 1;
    this.places = hits.flatMap(({ page, boxes }) => boxes.map((box, index) => ({ page, index, box })).filter(({ index }) => index % words === 0));
    this.at = -1;
    if (this.places.length) this.step(1);
    else {
      this.hooks.show(this.marks, null);
      this.count.textContent = this.asked ? this.words.no_hits : "";
    }
  }

  step(by) {
    if (this.field.value.trim() !== this.asked) {
      this.look();
      return;
    }
    if (!this.places.length) return;
    this.at = (this.at + by + this.places.length) % this.places.length;
    const place = this.places[this.at];
    this.hooks.show(this.marks, place);
    this.hooks.reveal(place.page, place.box);
    this.count.textContent = this.words.hits.replace("{now}", this.at + 1).replace("{total}", this.places.length);
  }
}

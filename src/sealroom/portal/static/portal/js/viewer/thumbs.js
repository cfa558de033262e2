// SPDX-License-Identifier: Apache-2.0
// The column of thumbnails: buttons near the window only, pictures when scrolling rests.

import { Loader } from "./loader.js";

const WIDTH = 84;
const PICTURE = 160; // pixels across
const LABEL = 36;
const REST = 140; // ms

export class Thumbs {
  constructor({ root, book, address, words, hooks }) {
    Object.assign(this, { root, book, words, hooks });
    this.buttons = new Map();
    this.loader = new Loader({
      address: (page) => address(page, PICTURE),
      parallel: 2,
      keep: 160,
      hooks: { loaded: (page) => this.show(page), failed: () => {}, ended: hooks.ended, contact: hooks.contact },
    });
    this.ground = document.createElement("div");
    this.ground.className = "thumb-ground";
    root.append(this.ground);
    root.addEventListener("scroll", () => this.soon(), { passive: true });
    new ResizeObserver(() => this.layout()).observe(root);
    this.layout();
  }

  layout() {
    if (!this.root.clientWidth || this.ended) return;
    this.columns = Math.max(1, Math.floor((this.root.clientWidth - 16) / (WIDTH + 24)));
    this.rowTops = [16];
    this.heights = [];
    for (let index = 0; index < this.book.count; index += 1) {
      const ratio = this.book.naturalHeights[index] / this.book.naturalWidths[index];
      this.heights.push(Math.round(WIDTH * Math.min(1.8, Math.max(0.4, ratio))));
    }
    for (let index = 0; index < this.book.count; index += this.columns) {
      const tallest = Math.max(...this.heights.slice(index, index + this.columns));
      this.rowTops.push(this.rowTops.at(-1) + tallest + LABEL);
    }
    this.ground.style.height = `${this.rowTops.at(-1)}px`;
    for (const page of this.buttons.keys()) this.place(page);
    this.draw();
    if (this.current) this.mark(this.current);
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  rowAt(y) {
    let low = 0;
    let high = this.rowTops.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.rowTops[middle] <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  draw() {
    if (!this.root.clientWidth || this.ended) return;
    const top = this.root.scrollTop;
    const screen = this.root.clientHeight;
    const first = this.rowAt(top - screen / 2) * this.columns + 1;
    const last = Math.min(this.book.count, (this.rowAt(top + 1.5 * screen) + 1) * this.columns);
    for (const page of [...this.buttons.keys()]) if (page < first || page > last) this.remove(page);
    for (let page = first; page <= last; page += 1) if (!this.buttons.has(page)) this.add(page);
    this.wishes = range(first, last).map((page) => ({ page, width: PICTURE }));
    this.rest();
  }

  /** Ask when scrolling rests and the desk has what it wants: a thumbnail may cost the server as much as a page. */
  rest() {
    clearTimeout(this.resting);
    if (this.hooks.sparing()) return;
    this.resting = setTimeout(() => (this.hooks.quiet() ? this.loader.want(this.wishes) : this.rest()), REST);
  }

  /** Where data are spared, a thumbnail comes when the reader points at it. */
  glance(page) {
    if (this.hooks.sparing() && !this.hooks.shielded()) this.loader.want([{ page, width: PICTURE }]);
  }

  add(page) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "thumb";
    button.setAttribute("aria-label", this.words.go_to_page.replace("{page}", page));
    const frame = document.createElement("span");
    frame.className = "thumb-frame";
    const number = document.createElement("span");
    number.className = "thumb-number";
    number.textContent = page;
    button.append(frame, number);
    button.addEventListener("click", () => this.hooks.chosen(page));
    for (const name of ["pointerenter", "focus"]) button.addEventListener(name, () => this.glance(page));
    this.buttons.set(page, button);
    this.place(page);
    const after = [...this.buttons.keys()].filter((other) => other > page).sort((a, b) => a - b)[0];
    this.ground.insertBefore(button, after ? this.buttons.get(after) : null);
    if (page === this.current) button.setAttribute("aria-current", "page");
    if (this.loader.pictures.has(page)) this.show(page);
  }

  place(page) {
    const button = this.buttons.get(page);
    const index = page - 1;
    const cell = this.root.clientWidth / this.columns;
    const x = (index % this.columns) * cell + (cell - WIDTH - 8) / 2;
    button.style.transform = `translate(${Math.round(x)}px, ${this.rowTops[Math.floor(index / this.columns)]}px)`;
    button.firstChild.style.height = `${this.heights[index]}px`;
  }

  remove(page) {
    this.buttons.get(page).remove();
    this.buttons.delete(page);
  }

  show(page) {
    const frame = this.buttons.get(page)?.firstChild;
    const held = this.loader.pictures.get(page);
    if (!frame || !held) return;
    const picture = document.createElement("img");
    picture.alt = "";
    picture.draggable = false;
    picture.src = held.url;
    frame.replaceChildren(picture);
  }

  /** Point at the current page and bring it into view. */
  mark(page) {
    this.buttons.get(this.current)?.removeAttribute("aria-current");
    this.current = page;
    this.buttons.get(page)?.setAttribute("aria-current", "page");
    if (!this.root.clientWidth || this.ended) return;
    const row = Math.floor((page - 1) / this.columns);
    const [top, bottom] = [this.rowTops[row], this.rowTops[row + 1]];
    if (top < this.root.scrollTop + 8) this.root.scrollTop = top - 16;
    else if (bottom > this.root.scrollTop + this.root.clientHeight) this.root.scrollTop = bottom - this.root.clientHeight;
  }

  clear() {
    this.ended = true;
    clearTimeout(this.resting);
    this.loader.stop();
    this.ground.remove();
  }
}

function range(first, last) {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

// SPDX-License-Identifier: Apache-2.0
// The pages on the desk. Only pages near the window exist as elements; each has its box before its picture, so nothing jumps.

import { PIXELS_PER_POINT } from "./book.js";
import { pictureWidth, prefetching } from "./loader.js";

const SHARPEN_AFTER = 180; // ms of quiet before sharper pictures are asked for

export class Desk {
  /** `hooks`: turned(page) when another page is the current one, laid() after each layout, added(page, layer), removed(page),
   * sparing() where nothing more than needed may be fetched. `foot`: pixels that something covers at the desk's lower edge. */
  constructor({ root, book, loader, ladder, words, hooks, foot = 0 }) {
    Object.assign(this, { root, book, loader, ladder, words, hooks, foot });
    this.sheets = new Map();
    this.current = 0;
    this.ground = document.createElement("div");
    this.ground.className = "ground";
    const first = root.querySelector("[data-first]");
    if (first) loader.adopt(1, first);
    root.append(this.ground);
    root.addEventListener("scroll", () => this.soon(), { passive: true });
    root.addEventListener("contextmenu", (event) => event.target.closest(".sheet") && !event.target.closest(".sheet-text, a") && event.preventDefault());
    root.addEventListener("dragstart", (event) => event.preventDefault());
    new ResizeObserver(() => this.layout()).observe(root);
  }

  /** Lay out again, keeping the point of the document under `point` (desk coordinates; default: near the top) where it is. */
  layout(change = () => {}, point = null) {
    if (!this.root.clientWidth) return;
    const at = point ?? { x: this.root.clientWidth / 2, y: Math.min(80, this.root.clientHeight / 4) };
    const anchor = this.laid ? this.anchorAt(at) : null;
    change();
    this.book.layout(this.root.clientWidth, this.root.clientHeight, { slim: innerWidth < 768, foot: this.foot });
    this.laid = true;
    this.ground.style.width = `${this.book.width}px`;
    this.ground.style.height = `${this.book.height}px`;
    if (anchor) this.holdAnchor(anchor, at);
    for (const number of this.sheets.keys()) this.place(number);
    this.draw();
    this.hooks.laid();
  }

  anchorAt({ x, y }) {
    const page = this.book.pageAt(this.root.scrollTop + y);
    const box = this.book.box(page);
    return { page, across: (this.root.scrollLeft + x - box.x) / box.width, down: (this.root.scrollTop + y - box.y) / box.height };
  }

  holdAnchor({ page, across, down }, { x, y }) {
    const box = this.book.box(page);
    this.root.scrollTop = box.y + Math.min(1, down) * box.height - y;
    this.root.scrollLeft = box.x + across * box.width - x;
  }

  soon() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.draw();
    });
  }

  /** Make the elements that should exist, drop the others, ask for pictures. */
  draw() {
    if (!this.laid || this.ended) return;
    const top = this.root.scrollTop;
    const screen = this.root.clientHeight;
    const [first, last] = this.book.range(top - screen, top + 2 * screen);
    for (const number of [...this.sheets.keys()]) if (number < first || number > last) this.remove(number);
    for (let number = first; number <= last; number += 1) if (!this.sheets.has(number)) this.add(number);
    this.turn(this.pageInView());
    this.ask();
  }

  /** The page that covers the upper middle of the window. At the very end it is the last page. */
  pageInView() {
    if (this.book.single) return this.book.single;
    const { scrollTop, clientHeight, scrollHeight } = this.root;
    if (scrollTop + clientHeight >= scrollHeight - 2 && scrollTop > 0) return this.visible().at(-1)?.page ?? this.book.count;
    return this.book.pageAt(scrollTop + clientHeight * 0.38);
  }

  turn(page) {
    if (page === this.current) return;
    this.current = page;
    this.hooks.turned(page);
  }

  /** Pages that are on screen, with the share of the window or of themselves that shows. */
  visible() {
    const top = this.root.scrollTop;
    const bottom = top + this.root.clientHeight;
    const [first, last] = this.book.range(top, bottom);
    const pages = [];
    for (let page = first; page <= last; page += 1) {
      const box = this.book.box(page);
      const shown = Math.min(bottom, box.y + box.height) - Math.max(top, box.y);
      if (shown > 0) pages.push({ page, share: shown / Math.min(box.height, this.root.clientHeight) });
    }
    return pages;
  }

  ask() {
    const seen = this.visible().map(({ page }) => page);
    const [next, before] = [seen.at(-1) + 1, seen[0] - 1];
    let ahead = prefetching() ? [next, next + 1, before] : [];
    if (this.hooks.sparing()) ahead = [];
    const pages = [this.current, ...seen, ...ahead].filter((page, index, all) => page >= 1 && page <= this.book.count && all.indexOf(page) === index);
    const wishes = pages.map((page) => ({ page, width: pictureWidth(this.book.box(page).pictureWidth, this.ladder) }));
    const key = JSON.stringify(wishes);
    if (key === this.asked) return;
    clearTimeout(this.asking);
    // A page without any picture is asked for at once, a sharper one when the hand rests.
    const bare = pages.some((page) => !this.loader.pictures.has(page));
    this.asking = setTimeout(() => {
      this.asked = key;
      this.loader.want(wishes);
    }, bare ? 30 : SHARPEN_AFTER);
  }

  add(number) {
    const sheet = document.createElement("div");
    sheet.className = "sheet";
    sheet.dataset.page = number;
    const picture = this.loader.takeFirst(number) ?? document.createElement("img");
    const isFirst = picture.hasAttribute("data-first");
    picture.className = "";
    picture.alt = this.words.page_of.replace("{page}", number).replace("{pages}", this.book.count);
    picture.draggable = false;
    picture.decoding = "async";
    picture.hidden = !isFirst;
    const layer = document.createElement("div");
    layer.className = "sheet-layer";
    sheet.append(picture, layer);
    this.sheets.set(number, sheet);
    this.place(number);
    const after = [...this.sheets.keys()].filter((other) => other > number).sort((a, b) => a - b)[0];
    this.ground.insertBefore(sheet, after ? this.sheets.get(after) : null);
    this.hooks.added(number, layer);
    if (this.loader.pictures.has(number)) this.show(number);
    else if (this.loader.broken.has(number)) this.fault(number, this.loader.broken.get(number));
  }

  remove(number) {
    const sheet = this.sheets.get(number);
    sheet.firstChild.removeAttribute("srcset");
    sheet.firstChild.removeAttribute("src");
    sheet.remove();
    this.loader.release(number);
    this.hooks.removed(number);
    this.sheets.delete(number);
  }

  place(number) {
    const sheet = this.sheets.get(number);
    const box = this.book.box(number);
    sheet.style.transform = `translate(${Math.round(box.x)}px, ${Math.round(box.y)}px)`;
    sheet.style.width = `${box.width}px`;
    sheet.style.height = `${box.height}px`;
    const picture = sheet.firstChild;
    picture.style.width = `${box.pictureWidth}px`;
    picture.style.height = `${box.pictureHeight}px`;
    picture.style.transform = `translate(-50%, -50%) rotate(${this.book.rotation}deg)`;
    const points = this.book.scales[number - 1] * PIXELS_PER_POINT;
    sheet.querySelector(".sheet-layer").style.transform = `translate(-50%, -50%) rotate(${this.book.rotation}deg) scale(${points})`;
  }

  /** Show the picture the loader holds; the old one stays until the new one can be drawn. */
  async show(number) {
    const held = this.loader.pictures.get(number);
    const sheet = this.sheets.get(number);
    if (!held || !sheet) return;
    const picture = sheet.firstChild;
    if (held.url) {
      picture.removeAttribute("srcset");
      picture.src = held.url;
    }
    sheet.querySelector(".sheet-fault")?.remove();
    try {
      await picture.decode();
    } catch {
      return;
    }
    picture.hidden = false;
    sheet.classList.add("is-shown");
  }

  fault(number, { kind, title }) {
    const sheet = this.sheets.get(number);
    if (!sheet || this.loader.pictures.has(number)) return;
    sheet.querySelector(".sheet-fault")?.remove();
    const note = document.createElement("div");
    note.className = "sheet-fault";
    note.setAttribute("role", "status");
    const sentence = document.createElement("p");
    sentence.textContent = kind === "offline" ? this.words.offline : title || this.words.page_failed;
    const retry = document.createElement("button");
    retry.type = "button";
    retry.className = "btn btn-secondary btn-sm";
    retry.textContent = this.words.retry;
    retry.addEventListener("click", () => {
      note.remove();
      this.loader.retry(number);
    });
    note.append(sentence, retry);
    sheet.append(note);
  }

  goTo(page, { smooth = false } = {}) {
    const number = Math.min(this.book.count, Math.max(1, Math.round(page) || 1));
    if (this.book.single) {
      this.turnLeaf(number);
      return;
    }
    const box = this.book.box(number);
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches || Math.abs(number - this.current) > 2;
    this.root.scrollTo({ top: number === 1 ? 0 : box.y - 8, behavior: smooth && !calm ? "smooth" : "instant" });
    if (!smooth || calm) this.turn(number);
    this.soon();
  }

  turnLeaf(number) {
    if (number === this.book.single) return;
    this.book.single = number;
    this.laid = false;
    this.layout();
    this.root.scrollTop = 0;
  }

  /** One page at a time, or all of them under each other. */
  setSingle(single) {
    const page = this.current || 1;
    this.book.single = single ? page : 0;
    this.laid = false;
    this.layout();
    this.goTo(page);
  }

  /** Bring a box of a page (points from its upper left corner) into view. */
  reveal(number, [x, y, width, height]) {
    this.goTo(number);
    const box = this.book.box(number);
    const scale = this.book.scales[number - 1] * PIXELS_PER_POINT;
    const turned = this.book.rotation !== 0;
    const top = box.y + (turned ? box.height / 2 : (y + height / 2) * scale) - this.root.clientHeight / 2;
    const left = box.x + (turned ? box.width / 2 : (x + width / 2) * scale) - this.root.clientWidth / 2;
    this.root.scrollTo({ top, left, behavior: "instant" });
    this.soon();
  }

  /** Take every page off the desk, for good. */
  clear() {
    this.ended = true;
    clearTimeout(this.asking);
    for (const number of [...this.sheets.keys()]) this.remove(number);
    this.ground.remove();
  }
}

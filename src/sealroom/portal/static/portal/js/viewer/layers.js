// SPDX-License-Identifier: Apache-2.0
// What lies over the pictures: links, words to be selected and read aloud, places that were found. All in points of the page; one
// transform brings a whole layer to size, so zooming moves nothing else.

import { PIXELS_PER_POINT } from "./book.js";
import { ask } from "./loader.js";

const KEPT = 60; // pages whose words stay in memory
const QUIET = 250; // ms after which words are asked for: pictures go first

export class Layers {
  /** `hooks`: goTo(page), away(uri), mayCopy(), quiet(). `textAddress(page)` gives the words' URL. */
  constructor({ book, words, textAddress, hooks }) {
    Object.assign(this, { book, words, textAddress, hooks });
    this.layers = new Map(); // page -> element
    this.links = new Map(); // page -> [[x, y, width, height, target, uri], ...]
    this.texts = new Map(); // page -> [[text, x, y, width, height], ...]
    this.hits = new Map(); // page -> [[x, y, width, height], ...]
    this.asking = new Set();
    this.pen = document.createElement("canvas").getContext("2d");
  }

  /** A page came onto the desk. */
  add(page, layer) {
    this.layers.set(page, layer);
    layer.style.width = `${this.book.naturalWidths[page - 1] / PIXELS_PER_POINT}px`;
    layer.style.height = `${this.book.naturalHeights[page - 1] / PIXELS_PER_POINT}px`;
    this.draw(page);
    setTimeout(() => this.read(page), QUIET);
  }

  remove(page) {
    this.layers.delete(page);
  }

  /** The document's links, from its structure. */
  learnLinks(links) {
    for (const [page, ...rest] of links) this.links.set(page, [...(this.links.get(page) ?? []), rest]);
    for (const page of this.layers.keys()) this.draw(page);
  }

  show(hits, now = null) {
    this.hits = hits;
    this.now = now;
    for (const page of this.layers.keys()) this.drawHits(page);
  }

  draw(page) {
    const layer = this.layers.get(page);
    layer.replaceChildren();
    if (this.texts.has(page)) layer.append(this.textOf(page));
    for (const link of this.links.get(page) ?? []) layer.append(this.linkOf(link));
    this.drawHits(page);
  }

  drawHits(page) {
    const layer = this.layers.get(page);
    for (const old of layer.querySelectorAll(".sheet-hit")) old.remove();
    (this.hits.get(page) ?? []).forEach((box, index) => {
      const mark = document.createElement("span");
      mark.className = "sheet-hit";
      if (this.now?.page === page && this.now.index === index) mark.classList.add("is-now");
      put(mark, box);
      layer.prepend(mark);
    });
  }

  linkOf([x, y, width, height, target, uri]) {
    const link = document.createElement("a");
    link.className = "sheet-link";
    link.href = target ? `#page-${target}` : uri;
    link.rel = "noopener noreferrer";
    link.setAttribute("aria-label", target ? this.words.link_to.replace("{page}", target) : uri);
    put(link, [x, y, width, height]);
    link.addEventListener("click", (event) => {
      event.preventDefault();
      if (target) this.hooks.goTo(target);
      else this.hooks.away(uri);
    });
    return link;
  }

  textOf(page) {
    const block = document.createElement("div");
    block.className = "sheet-text";
    block.dir = "auto";
    for (const [text, x, y, width, height] of this.texts.get(page)) {
      const word = document.createElement("span");
      word.textContent = `${text} `;
      put(word, [x, y, null, null]);
      word.style.fontSize = `${height}px`;
      this.pen.font = `${height}px sans-serif`;
      const drawn = this.pen.measureText(text).width;
      if (drawn > 0) word.style.transform = `scaleX(${(width / drawn).toFixed(4)})`;
      block.append(word);
    }
    return block;
  }

  /** Ask for a page's words once, when its picture is there and nothing more urgent is on its way. */
  async read(page) {
    if (!this.hooks.mayCopy() || this.texts.has(page) || this.asking.has(page) || !this.layers.has(page) || this.ended) return;
    if (!this.hooks.quiet()) {
      setTimeout(() => this.read(page), QUIET);
      return;
    }
    this.asking.add(page);
    try {
      const answer = await ask(this.textAddress(page));
      if (answer.ok && !this.ended) {
        this.texts.set(page, (await answer.json()).words);
        if (this.texts.size > KEPT) this.texts.delete(this.texts.keys().next().value);
        if (this.layers.has(page)) this.draw(page);
      }
    } catch {
      // Without words the picture is still there.
    } finally {
      this.asking.delete(page);
    }
  }

  /** The right to copy came or went. */
  allow(mayCopy) {
    if (!mayCopy) {
      this.texts.clear();
      this.hits = new Map();
    }
    for (const page of this.layers.keys()) {
      this.draw(page);
      if (mayCopy) this.read(page);
    }
  }

  clear() {
    this.ended = true;
    for (const kept of [this.layers, this.links, this.texts, this.hits]) kept.clear();
  }
}

function put(element, [x, y, width, height]) {
  element.style.left = `${x}px`;
  element.style.top = `${y}px`;
  if (width !== null) element.style.width = `${width}px`;
  if (height !== null) element.style.height = `${height}px`;
}

// SPDX-License-Identifier: Apache-2.0
// The block a server gives for the mail, rebuilt element by element: a page with Trusted Types takes no HTML, and we would not give it
// any. What is not on the list becomes its text.
"use strict";
globalThis.sealroom ??= {};

(() => {
  const TAGS = new Set(["p", "a", "br", "strong", "ul", "li"]);
  const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };
  const TOKEN = /<(\/?)([a-zA-Z0-9]+)([^<>]*)>|[^<]+|</g;

  /** @param {string} text */
  function decoded(text) {
    return text.replace(/&(?:#x([0-9a-fA-F]{1,6})|#(\d{1,7})|(\w{1,8}));/g, (whole, hex, number, name) => {
      const code = hex ? parseInt(hex, 16) : Number(number);
      if (name) return ENTITIES[name] ?? whole;
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    });
  }

  /** @param {string} attributes @param {string} server @returns {string} the address, if it leads to the server */
  function hrefIn(attributes, server) {
    const found = /\bhref\s*=\s*"([^"]*)"/.exec(attributes);
    const href = found ? decoded(found[1]) : "";
    return href.startsWith(`${server}/`) ? href : "";
  }

  /** Build the block. @param {string} html @param {string} server the only place its links may lead to @returns {HTMLElement} */
  function built(html, server) {
    const block = document.createElement("div");
    const open = [block];
    for (const [whole, closing, tag, attributes] of html.matchAll(TOKEN)) {
      const name = tag?.toLowerCase();
      if (!name) {
        if (whole.trim() || open.length > 1) open.at(-1).append(decoded(whole));
      } else if (!TAGS.has(name)) continue;
      else if (closing) {
        const depth = open.findLastIndex((one) => one.localName === name);
        if (depth > 0) open.length = depth;
      } else {
        const made = document.createElement(name);
        const href = name === "a" ? hrefIn(attributes, server) : "";
        if (href) made.setAttribute("href", href);
        open.at(-1).append(made);
        if (name !== "br") open.push(made);
      }
    }
    return block;
  }

  globalThis.sealroom.built = built;
})();

// SPDX-License-Identifier: Apache-2.0
// The block with the link in the words of a mail. Everything is built by DOM calls; what the server sends as HTML is built anew from the few
// elements it may have, with links to the server alone.

const ALLOWED = new Set(["P", "A", "BR", "STRONG", "UL", "LI"]);
const MARK = "sealroom-send";
const ENDS = ".moz-signature, .moz-cite-prefix, .moz-forward-container, blockquote[type=cite]";

/** @param {string} html @returns {Document} a document that loads and runs nothing */
export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html");
}

function rebuilt(node, page, server) {
  if (node.nodeType === Node.TEXT_NODE) return page.createTextNode(node.data);
  const copy = ALLOWED.has(node.nodeName) ? page.createElement(node.nodeName.toLowerCase()) : page.createDocumentFragment();
  if (node.nodeName === "A") {
    const address = node.getAttribute("href") ?? "";
    if (address.startsWith(`${server}/`)) copy.setAttribute("href", address);
  }
  for (const child of node.childNodes) {
    if ([Node.TEXT_NODE, Node.ELEMENT_NODE].includes(child.nodeType)) copy.append(rebuilt(child, page, server));
  }
  return copy;
}

/**
 * HTML of a mail with the block in it: before signature and quotation, in the place of an earlier block, or in the place of all words.
 * @param {string} html
 * @param {{html: string, text: string}} insert
 * @param {string} server
 * @param {boolean} all
 * @returns {string}
 */
export function withBlock(html, insert, server, all) {
  const page = parse(html);
  const block = page.createElement("div");
  block.className = MARK;
  block.append(rebuilt(parse(insert.html).body, page, server));
  for (const old of page.querySelectorAll(`.${MARK}`)) old.remove();
  if (all) page.body.replaceChildren(block);
  else {
    const end = page.body.querySelector(ENDS);
    let place = end;
    while (place && place.parentNode !== page.body) place = place.parentNode;
    page.body.insertBefore(block, place);
  }
  return `<!DOCTYPE html>${page.documentElement.outerHTML}`;
}

/**
 * The same for a mail of plain text. `earlier` is the block it may have already.
 * @param {string} text
 * @param {{html: string, text: string}} insert
 * @param {string} earlier
 * @param {boolean} all
 * @returns {string}
 */
export function withTextBlock(text, insert, earlier, all) {
  const block = insert.text.trim();
  if (all) return `${block}\n`;
  if (earlier && text.includes(earlier.trim())) return text.replace(earlier.trim(), () => block);
  const lines = text.split("\n");
  let end = lines.findIndex((line) => line === "-- " || line === "--");
  const quote = lines.findIndex((line) => line.startsWith(">"));
  if (quote > 0 && (end < 0 || quote < end) && lines.slice(0, quote - 1).some((line) => line.trim())) end = quote - 1;
  if (end < 0) end = lines.length;
  const before = lines.slice(0, end).join("\n").trimEnd();
  const after = lines.slice(end).join("\n");
  return `${before ? `${before}\n\n` : ""}${block}\n${after ? `\n${after}` : ""}`;
}

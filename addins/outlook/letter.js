// SPDX-License-Identifier: Apache-2.0
/* The text of a mail: which of it the sender wrote, which is quoted or his signature, and the pictures it shows. Outlook hands the text
   over as a string, so it is read as one: tag by tag, never by making a page of it. */

/** @typedef {import("./mailbox.js").Attachment} Attachment */
/**
 * @typedef {object} Letter a text in its parts; `head`, new words, `rest` and `tail` make a whole text again
 * @property {string} head what stands before: the head of the page
 * @property {string} own what the sender wrote
 * @property {string} rest what is quoted, and the signature
 * @property {string} tail the end of the page
 */

const TAG = /<!--[^]*?(?:-->|$)|<(style|script|title)\b[^>]*>[^]*?<\/\1\s*>|<(\/?)([a-z][\w:-]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/gi;
const IMAGE = /<img\b(?:[^>"']|"[^"]*"|'[^']*')*>/gi;
const SOURCE = /(\ssrc\s*=\s*)(?:"([^"]*)"|'([^']*)'|([^\s>"']+))/i;
const ALONE = new Set(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "p", "li"]);
// Outlook on the web, new Outlook and Mac mark what is quoted by ids; classic Outlook draws a line of its own above it.
const QUOTED = /\bid\s*=\s*["']?(?:appendonsend|divRplyFwdMsg)\b|\bname\s*=\s*["']?_MailOriginal\b/i;
const LINE = /border:\s*none;\s*border-top:\s*solid\s+#(?:e1e1e1|b5c4df)\b/i;
const APART = /\bid\s*=\s*["']?(?:Signature|mail-editor-reference-message-container)["'\s>]/i;
const RULE = /<hr\b[^>]*>\s*$/i;
const PLAIN_QUOTE = /^(?:_{20,}|-{3,}[^-\n]{3,60}-{3,})[ \t]*\r?\n/m;
const TINY = /^image\d{3}\.\w{3,4}$/i;
const TINY_BYTES = 20 * 1024;

/** @param {string} text of an attribute */
const unescaped = (text) => text.replaceAll("&amp;", "&").replaceAll("&#43;", "+").replaceAll("&quot;", '"');

/** @param {string} text */
function unquoted(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a name with a percent sign
  }
}

/**
 * What the sender wrote, apart from what is quoted below it and from the signature, where Outlook marks them. Where it does not, or where
 * nothing else is written (a forwarded mail), everything is his.
 * @param {string} text @param {boolean} isPlain @param {boolean} [isWhole] take what is quoted with it
 * @returns {Letter}
 */
export function divide(text, isPlain, isWhole = false) {
  const parts = isPlain ? dividePlain(text) : divideHtml(text);
  const { all, ...divided } = parts;
  return isWhole || !saysSomething(parts.own) ? all : divided;
}

/** @param {string} html */
const saysSomething = (html) => /<img\b/i.test(html) || html.replace(TAG, "").replace(/&nbsp;|&#160;|[\s\u00a0\u200b]/gi, "") !== "";

/** @param {string} text @returns {Letter & {all: Letter}} */
function dividePlain(text) {
  const place = text.search(PLAIN_QUOTE);
  const all = { head: "", own: text, rest: "", tail: "" };
  return place < 0 ? { ...all, all } : { head: "", own: text.slice(0, place), rest: text.slice(place), tail: "", all };
}

/** @param {string} html @returns {Letter & {all: Letter}} */
function divideHtml(html) {
  const cutter = new Cutter(html);
  for (const found of html.matchAll(TAG)) if (found[3] && !cutter.read(found)) break;
  return cutter.parts();
}

/** Reads an HTML text tag by tag. What is quoted is cut out with the elements around it, so that it looks as it did. */
class Cutter {
  /** Elements around the place. @type {{name: string, text: string}[]} */ #open = [];
  /** What is cut out: from where, and until how many elements are open (-1: to the end). @type {{from: number, depth: number} | null} */ #cut = null;
  #own = "";
  #rest = "";
  #start = 0;
  #end;
  /** Up to here it is known whose it is. */ #done = 0;

  /** @param {string} html */
  constructor(html) {
    this.html = html;
    this.#end = html.length;
  }

  /** @param {RegExpMatchArray & {index?: number}} found a tag @returns {boolean} whether to go on */
  read(found) {
    const [text, , close, name, attributes] = found;
    const [tag, place] = [name.toLowerCase(), found.index ?? 0];
    if (tag === "body") return this.#body(Boolean(close), place, place + text.length);
    if (close) this.#close(tag, place + text.length);
    else {
      if (!this.#cut) this.#look(attributes, place);
      if (!ALONE.has(tag) && !attributes.endsWith("/")) this.#open.push({ name: tag, text });
    }
    return true;
  }

  /** @param {boolean} isEnd @param {number} before @param {number} behind */
  #body(isEnd, before, behind) {
    if (isEnd) this.#end = before;
    else [this.#open, this.#own, this.#rest, this.#start, this.#done] = [[], "", "", behind, behind];
    return !isEnd;
  }

  /** @param {string} attributes @param {number} place */
  #look(attributes, place) {
    if (QUOTED.test(attributes) || LINE.test(attributes)) {
      const rule = RULE.exec(this.html.slice(this.#done, place))?.[0] ?? "";
      this.#begin(place - rule.length, -1);
    } else if (APART.test(`${attributes} `)) {
      this.#begin(place, this.#open.length);
    }
  }

  /** @param {number} from @param {number} depth */
  #begin(from, depth) {
    this.#own += this.html.slice(this.#done, from);
    this.#rest += this.#open.map((one) => one.text).join("");
    this.#cut = { from, depth };
  }

  /** @param {string} tag @param {number} behind */
  #close(tag, behind) {
    const place = this.#open.findLastIndex((one) => one.name === tag);
    if (place >= 0) this.#open.length = place;
    if (!this.#cut || this.#open.length > this.#cut.depth) return;
    this.#rest += this.html.slice(this.#cut.from, behind) + this.#open.map((one) => `</${one.name}>`).reverse().join("");
    [this.#cut, this.#done] = [null, behind];
  }

  /** @returns {Letter & {all: Letter}} */
  parts() {
    const { html } = this;
    if (this.#cut) this.#rest += html.slice(this.#cut.from, this.#end);
    else this.#own += html.slice(this.#done, this.#end);
    const [head, tail] = [html.slice(0, this.#start), html.slice(this.#end)];
    return { head, own: this.#own, rest: this.#rest, tail, all: { head, own: html.slice(this.#start, this.#end), rest: "", tail } };
  }
}

/** The sources of the pictures an HTML text shows, each once. @param {string} html */
export function sourcesIn(html) {
  const found = (html.match(IMAGE) ?? []).map((tag) => SOURCE.exec(tag)).filter((one) => one !== null);
  return [...new Set(found.map((one) => unescaped(one[2] ?? one[3] ?? one[4] ?? "").trim()).filter(Boolean))];
}

/** The text with other sources for its pictures. @param {string} html @param {Map<string, string>} names by the source they have */
export function renamed(html, names) {
  return html.replace(IMAGE, (tag) => tag.replace(SOURCE, (all, before, ...values) => {
    const name = names.get(unescaped(values.slice(0, 3).find((one) => one !== undefined) ?? "").trim());
    return name === undefined ? `${before}""` : `${before}"${name}"`; // one that cannot go along is no reason for a long text
  }));
}

/** The attachment a source names. @param {string} source @param {Attachment[]} attachments */
export function attachmentOf(source, attachments) {
  if (!/^cid:/i.test(source)) return undefined;
  const name = unquoted(source.slice(4)).toLowerCase();
  return attachments.find((one) => one.contentId.replace(/^<|>$/g, "").toLowerCase() === name)
    ?? attachments.find((one) => one.name.toLowerCase() === name);
}

/** A picture that lies within its own source. @param {string} source @returns {{kind: string, base64: string} | null} */
export function drawnIn(source) {
  const found = /^data:image\/([\w.+-]+)(?:;[\w=-]+)*;base64,([\w+/=\s]+)$/i.exec(source);
  return found && { kind: found[1].toLowerCase().replace("jpeg", "jpg"), base64: found[2].replace(/\s/g, "") };
}

/** Whether a text shows an attachment, in any way. @param {string} html in small letters @param {Attachment} one */
export function isShown(html, one) {
  const names = [one.contentId.replace(/^<|>$/g, ""), one.name].filter(Boolean);
  return names.flatMap((name) => [name, encodeURIComponent(name)]).some((name) => html.includes(`cid:${name.toLowerCase()}`));
}

/** Signatures of other mails leave pictures like this behind as files. @param {Attachment} one */
export const isTiny = (one) => one.type === "file" && TINY.test(one.name) && one.size < TINY_BYTES;

/** How many pictures of a text cannot go along with it. @param {string} html @param {Attachment[]} attachments */
export const countLost = (html, attachments) => sourcesIn(html).filter((one) => !attachmentOf(one, attachments) && !drawnIn(one)).length;

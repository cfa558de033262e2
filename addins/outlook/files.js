// SPDX-License-Identifier: Apache-2.0
/* The files of a mail as the pane lists them: those in the mail, those chosen here, and small pictures one must decide about. */

import { element, get, show } from "./page.js";
import { look } from "./uploads.js";

/** @typedef {import("./survey.js").Survey} Survey */
/** @typedef {import("./mailbox.js").Attachment} Attachment */
/** @typedef {import("./core.js").Protection} Protection */
/** @typedef {import("./words.js").Words} Words */

/** @param {string} name @param {string} about @param {HTMLElement} [deed] */
export function row(name, about, deed) {
  const text = element("span", {}, element("span", { class: "name", text: name }), element("span", { class: "quiet", text: about }));
  return element("li", {}, text, ...(deed ? [deed] : []));
}

/** A row with a box to tick. @param {string} name @param {string} about @param {boolean} isTicked @param {(isTicked: boolean) => unknown} heard */
export function tickRow(name, about, isTicked, heard) {
  const box = /** @type {HTMLInputElement} */ (element("input"));
  [box.type, box.checked] = ["checkbox", isTicked];
  box.addEventListener("change", () => heard(box.checked));
  const text = element("span", {}, element("span", { class: "name", text: name }), element("span", { class: "quiet", text: about }));
  return element("li", {}, element("label", { class: "check" }, box, text));
}

export class Files {
  /** @param {Protection} protection @param {Words} words @param {(deed: () => Promise<unknown>) => unknown} changed what changes the price goes through it */
  constructor(protection, words, changed) {
    this.protection = protection;
    this.words = words;
    this.changed = changed;
  }

  /** @param {Survey} seen */
  draw(seen) {
    const { words, protection } = this;
    const mail = seen.files.filter((one) => !seen.tiny.includes(one)).map((one) => row(one.name, words.fromMail(words.size(one.size))));
    const own = protection.chosen.map((one) => row(one.name, one.file ? words.fromPane(words.size(one.size)) : words.fromServer(words.size(one.size)), this.#remove(one)));
    get("files").replaceChildren(...mail, ...own);
    show("no-files", !mail.length && !own.length);
    this.#tiny(seen.tiny);
  }

  /** @param {Attachment[]} tiny */
  #tiny(tiny) {
    const { words, protection } = this;
    const at = [...get("tiny").querySelectorAll("input")].indexOf(document.activeElement);
    get("tiny").replaceChildren(...tiny.map((one) => tickRow(
      one.name, words.size(one.size), protection.taken.has(look(one)), (isTicked) => this.changed(async () => protection.take(one, isTicked)),
    )));
    show("tiny-box", tiny.length > 0 && !protection.isUnfinished);
    if (at >= 0) get("tiny").querySelectorAll("input")[at]?.focus(); // the list is drawn anew below the fingers
  }

  /** @param {import("./uploads.js").Chosen} one */
  #remove(one) {
    const button = element("button", { class: "remove", text: "×", label: this.words.takeOut(one.name) });
    button.setAttribute("type", "button");
    button.addEventListener("click", () => this.changed(() => this.protection.unchoose(one)));
    return button;
  }
}

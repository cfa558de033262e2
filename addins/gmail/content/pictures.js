// SPDX-License-Identifier: Apache-2.0
// Pictures among words that are protected. They are read where they are ours to read, go to the server as files do, and the words name
// them. One that is pasted while the text is protected stays in the text, and Gmail never has it as a file: we put it there.
"use strict";
globalThis.sealroom ??= {};

(() => {
  const { adapter, Refusal, page, t, upload } = globalThis.sealroom;
  const NO_PICTURE = ["corrupt", "type_refused", "unviewable"]; // what the server says of a file that is none
  /** @type {Map<string, File>} what was pasted, by the address the editor shows it at */
  const pasted = new Map();

  /** Whether it is ours to read: in this page, or Gmail's own. @param {HTMLImageElement} picture */
  function isOurs(picture) {
    const { protocol, origin } = new URL(picture.src, location.href);
    return Boolean(picture.src) && (protocol === "data:" || origin === location.origin);
  }

  /** Pictures of the words to protect: none where the text is not protected, or was before. @param {Object} mail */
  const found = (mail) => (mail.on && mail.words && !mail.kept && adapter.bodyEl(mail.c) ? adapter.pictures(mail.c) : []);

  /** How many of them are left out, because they lie at somebody else's. @param {Object} mail */
  const leftOut = (mail) => found(mail).filter((one) => !isOurs(one)).length;

  /** @param {HTMLImageElement} picture @returns {Promise<File>} */
  async function read(picture) {
    const held = pasted.get(picture.src);
    if (held) return held;
    let bytes = null;
    try {
      const answer = await fetch(picture.src, { credentials: "same-origin" });
      bytes = answer.ok ? await answer.blob() : null;
    } catch {
      // an address that was of another page's life, or a session that is over
    }
    if (!bytes?.size) throw new Refusal({ code: "picture_unreadable" });
    const ending = /^image\/(\w+)/.exec(bytes.type)?.[1] ?? "png";
    return new File([bytes], `${t("picture")}.${ending}`, { type: bytes.type });
  }

  /** Bring to the server what is not there yet. @param {Object} mail @param {(place: number, count: number) => void} told */
  async function bring(mail, told) {
    const wanted = new Map(found(mail).filter((one) => isOurs(one) && !mail.pictures.has(one.src)).map((one) => [one.src, one]));
    let place = 0;
    for (const [address, picture] of wanted) {
      told(++place, wanted.size);
      const file = await read(picture);
      const most = page.state.limits?.file_bytes;
      if (most && file.size > most) throw new Refusal({ code: "too_large", facts: { limit: most } });
      const id = await upload(file, () => {}, new AbortController().signal).catch((problem) => {
        throw NO_PICTURE.includes(problem.code) ? new Refusal({ code: "picture_refused" }) : problem;
      });
      mail.pictures.set(address, id);
    }
  }

  /** Own words for the server, with the pictures they name by their documents; emoji become letters, other pictures are left out.
   * @param {Object} mail @returns {{html: string, inline: {cid: string, document_id: string}[]}} */
  function wordsOf(mail) {
    const apart = document.implementation.createHTMLDocument(""); // nothing is loaded in it
    const holder = apart.createElement("div");
    for (const node of adapter.ownNodes(mail.c)) holder.append(apart.importNode(node, true));
    const copies = [...holder.querySelectorAll("img")];
    const inline = new Set();
    for (const [place, picture] of adapter.pictures(mail.c, true).entries()) {
      const copy = copies[place];
      const letters = adapter.emojiOf(picture);
      const id = mail.pictures.get(picture.src);
      if (letters) copy.replaceWith(letters);
      else if (id) {
        copy.setAttribute("src", `cid:${id}`);
        inline.add(id);
      } else if (isOurs(picture)) throw new Refusal({ code: "picture_unreadable" });
      else copy.remove();
    }
    const isSomething = holder.textContent.trim() || inline.size;
    return { html: isSomething ? holder.innerHTML : "", inline: [...inline].map((one) => ({ cid: one, document_id: one })) };
  }

  /** Put pasted pictures where the cursor is; false when that is not for us to do. @param {Object} mail @param {File[]} files */
  function place(mail, files) {
    const takes = mail?.on && mail.words && !mail.kept && !mail.busy && files.every((one) => one.type.startsWith("image/"));
    if (!takes || !adapter.isInBody(mail.c)) return false;
    for (const file of files) {
      const address = URL.createObjectURL(file);
      pasted.set(address, file);
      document.execCommand("insertImage", false, address);
    }
    return true;
  }

  /** Pictures we put among words that are no longer protected: taken out, to be files. @param {Object} mail @returns {File[]} */
  function takeOut(mail) {
    const ours = adapter.bodyEl(mail.c) ? adapter.pictures(mail.c).filter((one) => pasted.has(one.src)) : [];
    for (const one of ours) one.remove();
    if (ours.length) adapter.noteChange(mail.c);
    return [...new Set(ours.map((one) => pasted.get(one.src)))];
  }

  globalThis.sealroom.pictures = { leftOut, bring, wordsOf, place, takeOut };
})();

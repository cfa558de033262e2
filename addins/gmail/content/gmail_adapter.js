// SPDX-License-Identifier: Apache-2.0
// All that is known of Gmail's page, and nothing else: which element is what. Candidates are tried in their order; a signed list of
// the server's may put others before them. What is not found is said by `selfTest`, never guessed.
"use strict";
globalThis.sealroom ??= {};

(() => {
  /** @type {Object<string, string[]>} */
  const OWN = {
    compose: ["[role=dialog]", ".AD", "[role=region]"],
    marks: ["[g_editable=true]", "input[name=subjectbox]", "input[name=draft]", "[name=to]"],
    body: [".Ap [g_editable=true]", "[role=textbox][g_editable]", ".Am.Al.editable"],
    recipients: ["tr.bzf", ".GS", "[name=to]"],
    chips: ["[role=option][data-hovercard-id]", "[data-hovercard-id][email]"],
    typed: ["input[role=combobox]", "textarea.vO", "input[peoplekit-id]"],
    from: ["input[name=from]"],
    subject: ["input[name=subjectbox]", "input[name=subject]"],
    draft: ["input[name=draft]"],
    send: [".IZ .Up div > div[role=button]:not(.Uo):not([aria-haspopup=true])", ".T-I.aoO"],
    archive: [".IZ .Up div > div[role=button].Uo", ".Uo"],
    schedule: ["[selector=scheduledSend]"],
    scheduleChosen: ["[selector=scheduledSend].J-N-JT", "[selector=scheduledSend][aria-selected=true]"],
    toolbar: ["tr.btC", ".btC", ".IZ"],
    drop: ["body > .aC7", ".aC7"],
    chip: [".dL", "[role=listitem].dQ"],
    chipLink: ["a.dO[href]", "a[href*=attid]"],
    chipName: [".vI", "a.dO"],
    chipRemove: [".vq", "[role=button][aria-label]"],
    drive: [".gmail_drive_chip a[href]", "a[href^='https://drive.google.com/']", "a[href^='https://docs.google.com/']"],
    quote: [".gmail_quote_container", ".gmail_quote", "blockquote[type=cite]"],
    signature: [".gmail_signature"],
    picker: ["input[type=file]"],
    emoji: ["img[goomoji]", "img[data-emoji]"],
  };
  const NEEDED = ["body", "recipients", "send", "toolbar", "subject"];
  const ADDRESS = /^[^\s@<>"]+@[^\s@<>"]+$/;
  const KINDS = ["to", "cc", "bcc"];

  /** @typedef {{root: Element, picker: ?HTMLInputElement}} Compose */

  let places = OWN;
  /** @type {Map<Element, Compose>} */
  const composes = new Map();
  let active = null;

  /** Put places of a signed list before our own; names we do not know are left. @param {Object<string, string[]>} more */
  function use(more) {
    const taken = Object.entries(more || {}).filter(([name]) => name in OWN);
    places = { ...OWN, ...Object.fromEntries(taken.map(([name, list]) => [name, [...list.filter(isSelector), ...OWN[name]]])) };
  }

  function isSelector(css) {
    try {
      document.createDocumentFragment().querySelector(css);
      return true;
    } catch {
      return false;
    }
  }

  /** @param {ParentNode} root @param {string} name @returns {?Element} the first place where something is */
  function first(root, name) {
    for (const css of places[name]) {
      const found = root.querySelector(css);
      if (found) return found;
    }
    return null;
  }

  /** @param {ParentNode} root @param {string} name @returns {Element[]} all at the first place where something is */
  function all(root, name) {
    for (const css of places[name]) {
      const found = [...root.querySelectorAll(css)];
      if (found.length) return found;
    }
    return [];
  }

  const anyOf = (name) => places[name].join(",");

  /** @param {Node} node @param {string} name @returns {?Element} */
  const around = (node, name) => (node instanceof Element ? node : node?.parentElement)?.closest(anyOf(name)) ?? null;

  /** The window or reply an editor stands in: the outermost element that can be one. */
  function rootOf(body) {
    let found = null;
    for (let at = around(body, "compose"); at; at = at.parentElement?.closest(anyOf("compose")) ?? null) {
      if (at.querySelector("form") && all(at, "marks").length) found ??= at;
    }
    return found ?? body.closest("form")?.parentElement ?? null;
  }

  /** Tell of each compose once, when it is there. @param {(c: Compose) => void} told @param {(c: Compose) => void} gone */
  function onCompose(told, gone) {
    const look = () => {
      for (const c of [...composes.values()]) {
        if (c.root.isConnected) continue;
        composes.delete(c.root);
        if (active === c) active = null;
        gone(c);
      }
      const roots = [...document.querySelectorAll(anyOf("compose"))].filter((one) => one.querySelector("form") && all(one, "marks").length);
      const bodies = [...document.querySelectorAll(anyOf("body"))].map(rootOf).filter(Boolean);
      const found = [...new Set([...roots, ...bodies])];
      for (const root of found) {
        if (found.some((one) => one !== root && root.contains(one))) continue; // the innermost is the mail, not what lies around it
        if (composes.has(root) || [...composes.keys()].some((one) => one.contains(root) || root.contains(one))) continue;
        const c = { root, picker: null };
        composes.set(root, c);
        active = c;
        told(c);
      }
    };
    let waiting = false;
    const watch = new MutationObserver(() => {
      if (waiting) return;
      waiting = true;
      queueMicrotask(() => {
        waiting = false;
        look();
      });
    });
    watch.observe(document, { childList: true, subtree: true });
    look();
    return () => {
      watch.disconnect();
      composes.clear();
      active = null;
    };
  }

  /** The compose an event is about: the one it happens in, else the one last used. @param {Event} event */
  function composeOf(event) {
    const path = event.composedPath();
    const inside = [...composes.values()].find((c) => path.includes(c.root));
    if (inside) active = inside;
    return inside ?? null;
  }

  const lastUsed = () => (active?.root.isConnected ? active : [...composes.values()].at(-1)) ?? null;

  /** @param {string} text e.g. `"A. Person" <a@example.com>, b@example.com` */
  function parsed(text) {
    return text.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((one) => one.trim()).filter(Boolean).map((one) => {
      const [, name, address] = /^(.*?)\s*<([^<>]*)>$/.exec(one) ?? [null, "", one];
      return { email: address.trim(), name: name.replace(/^"|"$/g, "") };
    });
  }

  /** Who the mail goes to. What is no address is in `bad`. @param {Compose} c */
  function recipients(c) {
    const found = { to: [], cc: [], bcc: [], bad: [] };
    const known = new Set();
    for (const kind of KINDS) {
      const fields = [...c.root.querySelectorAll(`[name=${kind}]`)];
      const holders = fields.filter((one) => !(one instanceof HTMLInputElement));
      const chips = holders.flatMap((one) => all(one, "chips"));
      for (const one of chips) known.add(one);
      const listed = chips.length
        ? chips.map((one) => ({ email: one.getAttribute("data-hovercard-id") || "", name: one.getAttribute("data-name") || "" }))
        : fields.filter((one) => one instanceof HTMLInputElement).flatMap((one) => parsed(one.value));
      const typed = holders.flatMap((one) => [...one.querySelectorAll(anyOf("typed"))]).flatMap((one) => parsed(one.value || ""));
      for (const one of [...listed, ...typed]) {
        if (ADDRESS.test(one.email)) found[kind].push(one);
        else found.bad.push(one.email || one.name);
      }
    }
    // A person beside To, Cc and Bcc: we would not know whom the mail goes to.
    const seen = all(c.root, "recipients").flatMap((row) => [...row.querySelectorAll(anyOf("chips"))]);
    const strays = seen.filter((one) => !known.has(one)).map((one) => one.getAttribute("data-hovercard-id") || "?");
    found.bad.push(...strays.filter((one) => one !== from(c)));
    return found;
  }

  /** @param {Compose} c @returns {string} */
  const from = (c) => parsed(first(c.root, "from")?.value ?? "").map((one) => one.email).find((one) => ADDRESS.test(one)) ?? "";

  /** @param {Compose} c @returns {string} */
  const subject = (c) => first(c.root, "subject")?.value ?? "";

  /** Gmail's own name for the draft, or "" while it has none. @param {Compose} c */
  function draftId(c) {
    const found = first(c.root, "draft")?.value ?? "";
    return ["", "undefined", "null"].includes(found) ? "" : found;
  }

  /** @param {Compose} c */
  const bodyEl = (c) => first(c.root, "body");

  /** @param {Compose} c @returns {{how: string, element: Element}[]} */
  function sendControls(c) {
    const found = ["send", "archive"].map((how) => ({ how, element: first(c.root, how) }));
    return found.filter((one) => one.element);
  }

  /** Which way of sending an event is, of whom; null for any other event. @param {Event} event */
  function sending(event) {
    const target = event.composedPath()[0];
    const c = composeOf(event);
    const isKey = event instanceof KeyboardEvent;
    const presses = !isKey || event.key === "Enter" || event.key === " ";
    const control = c && presses && sendControls(c).find((one) => event.composedPath().includes(one.element));
    if (control) return { c, ...control };
    const item = presses && (around(target, "schedule") ?? (isKey && !c ? first(document, "scheduleChosen") : null));
    if (item && lastUsed()) return { c: lastUsed(), how: "schedule", element: item };
    if (isKey && c && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return { c, how: "send", element: null };
    return null;
  }

  /** Whether an event presses anything of Gmail's in a compose: all that is stopped while we do not know its page. */
  function isPress(event, c) {
    const path = event.composedPath();
    if (event instanceof KeyboardEvent && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return path.includes(c.root);
    if (event instanceof KeyboardEvent && event.key !== "Enter" && event.key !== " ") return false;
    const isIn = path.includes(c.root);
    return path.some((one) => one instanceof Element && one.matches(isIn ? "[role=button],[role=menuitem],button" : "[role=menuitem]"));
  }

  /** Files that are at Google already. @param {Compose} c */
  function nativeAttachments(c) {
    return all(c.root, "chip").map((element) => ({
      element,
      name: first(element, "chipName")?.textContent?.trim() ?? "",
      href: first(element, "chipLink")?.href ?? "",
    }));
  }

  /** The bytes of such a file, with the session the member has in this page. Raises an error when they cannot be had. */
  async function fetchNative(attachment) {
    const url = new URL(attachment.href, location.href);
    if (url.origin !== location.origin) throw new Error("elsewhere");
    const answer = await fetch(url, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    const blob = await answer.blob();
    if (!blob.size) throw new Error("empty");
    return new File([blob], attachment.name || "file", { type: blob.type });
  }

  /** Take a file out of the mail; false when it is still there. */
  function removeNative(c, attachment) {
    const button = first(attachment.element, "chipRemove");
    if (button) press(button);
    return !attachment.element.isConnected;
  }

  /** @param {Compose} c @returns {Element[]} links to files on Drive, which stay as they are */
  const driveLinks = (c) => (bodyEl(c) ? all(bodyEl(c), "drive") : []);

  /** Put our bar over the row of the send button. @param {Compose} c @param {Element} host */
  function mountBar(c, host) {
    const row = first(c.root, "toolbar");
    const table = row?.closest("table");
    const place = row instanceof HTMLTableRowElement && table && c.root.contains(table) ? table : row;
    if (place) place.before(host);
    else (c.root.querySelector("form") ?? c.root).append(host);
  }

  /** Press as a mouse does; Gmail hears the buttons of its own by these events. @param {Element} element */
  function press(element) {
    for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click"]) {
      const kind = type.startsWith("pointer") ? PointerEvent : MouseEvent;
      element.dispatchEvent(new kind(type, { bubbles: true, cancelable: true, composed: true, button: 0, view: window }));
    }
  }

  /** @param {Compose} c @param {string} how send, archive or schedule @returns {boolean} whether there was something to press */
  function pressSend(c, how) {
    const element = how === "schedule" ? first(document, "schedule") : first(c.root, how);
    if (element) press(element);
    return Boolean(element);
  }

  /** Own words of the mail: the editor without what it quotes and without the signature. @param {Compose} c */
  function ownNodes(c) {
    const body = bodyEl(c);
    const theirs = [...body.querySelectorAll(`${anyOf("quote")},${anyOf("signature")}`)];
    return [...body.childNodes].filter((node) => !theirs.some((one) => node === one || node.contains(one)));
  }

  /** Pictures in own words, in their order; emoji, which Gmail draws as pictures, only `withEmoji`. @param {Compose} c */
  function pictures(c, withEmoji = false) {
    const found = ownNodes(c).flatMap((node) => (node instanceof HTMLImageElement ? [node] : [...(node.querySelectorAll?.("img") ?? [])]));
    return withEmoji ? found : found.filter((one) => !emojiOf(one));
  }

  /** The letters a picture stands for, or "". @param {HTMLImageElement} picture */
  const emojiOf = (picture) => (picture.matches(anyOf("emoji")) ? picture.alt || picture.dataset.emoji || " " : "");

  /** Whether the cursor is in the text of a mail. @param {Compose} c */
  const isInBody = (c) => Boolean(bodyEl(c)?.contains(getSelection()?.anchorNode ?? null));

  /** @param {Compose} c @param {Element} link whether a link stands in own words, not in a quotation */
  const isOwn = (link) => !around(link, "quote");

  /** Where a block goes: behind own words, before signature and quotation. @param {Compose} c */
  function placeFor(c) {
    const body = bodyEl(c);
    const theirs = body.querySelector(`${anyOf("signature")},${anyOf("quote")}`);
    let at = theirs;
    while (at && at.parentNode !== body) at = at.parentNode;
    return at;
  }

  /** Tell Gmail that its editor was changed. @param {Compose} c */
  const noteChange = (c) => bodyEl(c).dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));

  /** Whether an event drops files on a mail. @param {DragEvent} event */
  const isDropPlace = (event) => Boolean(composeOf(event)) || Boolean(around(event.composedPath()[0], "drop"));

  /** Hand files to Gmail as if they had been picked; false when its picker is not there. @param {Compose} c @param {File[]} files */
  function giveBack(c, files) {
    const picker = first(c.root, "picker") ?? (c.picker?.isConnected ? c.picker : null);
    if (!picker) return false;
    const held = new DataTransfer();
    for (const file of files) held.items.add(file);
    picker.files = held.files;
    picker.dispatchEvent(new Event("change", { bubbles: true }));
    return true;
  }

  /** What of Gmail is not where we know it. @param {Compose} c @returns {string[]} */
  function selfTest(c) {
    return NEEDED.filter((name) => !first(c.root, name));
  }

  /** The page without a word of it: tags, roles and short class names, for a report. */
  function skeleton() {
    const shown = ["role", "name", "type", "g_editable", "contenteditable", "selector", "aria-haspopup"];
    const lines = [];
    const walk = (node, depth) => {
      if (lines.length >= 4000 || depth > 60) return;
      const classes = [...node.classList].filter((one) => /^[A-Za-z][\w-]{0,30}$/.test(one)).slice(0, 8);
      const words = shown.filter((name) => /^[\w-]{1,30}$/.test(node.getAttribute(name) ?? "")).map((name) => `[${name}=${node.getAttribute(name)}]`);
      lines.push(`${" ".repeat(depth)}${node.localName}${classes.map((one) => `.${one}`).join("")}${words.join("")}`);
      const isText = node.matches(anyOf("body"));
      if (!isText) for (const child of node.children) walk(child, depth + 1);
    };
    for (const root of composes.size ? composes.keys() : [document.body]) walk(root, 0);
    return { missing: [...composes.values()].map(selfTest), lines };
  }

  globalThis.sealroom.adapter = {
    use, onCompose, composeOf, lastUsed, recipients, from, subject, draftId, bodyEl, sendControls, sending, isPress, nativeAttachments,
    fetchNative, removeNative, driveLinks, mountBar, pressSend, ownNodes, pictures, emojiOf, isInBody, isOwn, placeFor, noteChange, isDropPlace, giveBack, selfTest, skeleton,
  };
})();

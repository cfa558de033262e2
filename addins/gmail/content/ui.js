// SPDX-License-Identifier: Apache-2.0
// What members see in Gmail: a bar in each mail, and a notice where no mail is found. In a closed shadow root, so that neither side's
// styles reach the other; words go in as text, never as markup.
"use strict";
globalThis.sealroom ??= {};

(() => {
  const { sized, t } = globalThis.sealroom;
  const SVG = "http://www.w3.org/2000/svg";
  const SEAL = "M12 1.65A2.26 2.26 0 0 1 15.96 2.44A2.26 2.26 0 0 1 19.32 4.68A2.26 2.26 0 0 1 21.56 8.04A2.26 2.26 0 0 1 22.35 12A2.26 2.26 0 0 1 21.56 15.96A2.26 2.26 0 0 1 19.32 19.32A2.26 2.26 0 0 1 15.96 21.56A2.26 2.26 0 0 1 12 22.35A2.26 2.26 0 0 1 8.04 21.56A2.26 2.26 0 0 1 4.68 19.32A2.26 2.26 0 0 1 2.44 15.96A2.26 2.26 0 0 1 1.65 12A2.26 2.26 0 0 1 2.44 8.04A2.26 2.26 0 0 1 4.68 4.68A2.26 2.26 0 0 1 8.04 2.44A2.26 2.26 0 0 1 12 1.65Z";
  const KEYHOLE = "M12 7.6a2.75 2.75 0 0 0-1.45 5.09L9.9 16.4h4.2l-.65-3.71A2.75 2.75 0 0 0 12 7.6Z";
  const SHEET = `
    :host { all: initial; display: block; }
    .bar, .notice { --paper: #FBFAF7; --surface: #FFFFFF; --line: #E4E0D6; --control: #8B8779; --ink: #1B1C1A; --ink-2: #55564F;
      --accent: #1E5C4B; --on-accent: #FFFFFF; --accent-soft: #E5EFEA; --danger: #A8321F; --danger-soft: #F9E9E4; --warn: #8A5A00; --ok: #2C6B3F;
      box-sizing: border-box; font: 13px/1.45 Inter, system-ui, -apple-system, "Segoe UI", Roboto, Arial, sans-serif; color: var(--ink);
      background: var(--paper); border: 1px solid var(--line); border-radius: 8px; padding: 8px 12px; margin: 6px 12px; }
    .dark { --paper: #141513; --surface: #1B1D1A; --line: #2D302B; --control: #6E7369; --ink: #EFEDE6; --ink-2: #B6B5AB;
      --accent: #7FC4AD; --on-accent: #0D1F19; --accent-soft: #1F2E28; --danger: #F0917F; --danger-soft: #3A211C; --warn: #E4B860; --ok: #8CCB9A; }
    .notice { position: fixed; right: 16px; bottom: 16px; max-width: 360px; z-index: 2147483646; box-shadow: 0 10px 28px -10px rgb(40 36 24 / .4); }
    .on { border-color: var(--accent); background: var(--accent-soft); }
    .row { display: flex; align-items: center; flex-wrap: wrap; gap: 4px 10px; min-height: 28px; }
    .mark { width: 18px; height: 18px; flex: none; }
    .mark .seal { fill: var(--accent); } .mark .hole { fill: var(--on-accent); }
    .grow { flex: 1 1 120px; min-width: 0; color: var(--ink-2); font-size: 12.5px; }
    button { font: inherit; color: var(--ink); background: var(--surface); border: 1px solid var(--control); border-radius: 8px; padding: 3px 10px;
      min-height: 28px; cursor: pointer; }
    button.main { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
    button.plain { border-color: transparent; background: none; color: var(--accent); text-decoration: underline; padding: 3px 4px; }
    button:focus-visible, input:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
    button[aria-disabled=true] { opacity: .55; cursor: default; }
    .switch { display: inline-flex; align-items: center; gap: 8px; border: 0; background: none; padding: 3px 2px; font-weight: 600; }
    .knob { width: 32px; height: 18px; border-radius: 999px; background: var(--control); position: relative; flex: none; }
    .knob::after { content: ""; position: absolute; top: 2px; left: 2px; width: 14px; height: 14px; border-radius: 50%; background: var(--surface); }
    [aria-checked=true] .knob { background: var(--accent); }
    [aria-checked=true] .knob::after { left: 16px; background: var(--on-accent); }
    label { display: inline-flex; gap: 6px; align-items: center; cursor: pointer; }
    input { accent-color: var(--accent); width: 16px; height: 16px; margin: 0; flex: none; }
    .small { margin: 2px 0; }
    ul { list-style: none; margin: 4px 0; padding: 0; border-top: 1px solid var(--line); }
    li { display: flex; align-items: center; gap: 8px; padding: 3px 0; border-bottom: 1px solid var(--line); }
    .name { flex: 1 1 auto; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .state { color: var(--ink-2); font-variant-numeric: tabular-nums; white-space: nowrap; } .state.ok { color: var(--ok); }
    .bad { color: var(--danger); }
    .failed { flex-wrap: wrap; } .failed .state { order: 1; flex: 1 1 100%; white-space: normal; overflow-wrap: anywhere; }
    .box { margin: 6px 0 2px; padding: 8px 10px; border-radius: 8px; border: 1px solid var(--line); background: var(--surface); }
    .box.error { border-color: var(--danger); background: var(--danger-soft); }
    .box p { margin: 0 0 6px; } .box p:last-child { margin: 0; }
    .hint { margin: 2px 0; color: var(--ink-2); font-size: 12.5px; } .hint.warn { color: var(--warn); }
    [hidden] { display: none !important; }`;

  /** @param {string} tag @param {string} [name] @param {string} [text] @returns {HTMLElement} */
  function made(tag, name = "", text = "") {
    const element = document.createElement(tag);
    if (name) element.className = name;
    if (text) element.textContent = text;
    return element;
  }

  function seal() {
    const mark = document.createElementNS(SVG, "svg");
    mark.setAttribute("viewBox", "0 0 24 24");
    mark.setAttribute("class", "mark");
    mark.setAttribute("aria-hidden", "true");
    for (const [name, path] of [["seal", SEAL], ["hole", KEYHOLE]]) {
      const part = document.createElementNS(SVG, "path");
      part.setAttribute("class", name);
      part.setAttribute("d", path);
      mark.append(part);
    }
    return mark;
  }

  /** Whether what lies around is dark: Gmail has themes of its own. @param {Element} host */
  function isDark(host) {
    for (let at = host.parentElement; at; at = at.parentElement) {
      const [r, g, b, a = 1] = (getComputedStyle(at).backgroundColor.match(/[\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
      if (a > 0.5) return 0.299 * r + 0.587 * g + 0.114 * b < 110;
    }
    return false;
  }

  function shell() {
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "closed" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(SHEET);
    root.adoptedStyleSheets = [sheet];
    // What happens in the bar is none of Gmail's business: its keys (Ctrl+Enter, shortcuts) must not see it.
    for (const type of ["keydown", "keypress", "keyup", "click", "mousedown", "mouseup", "pointerdown", "pointerup", "input", "change"]) {
      root.addEventListener(type, (event) => event.stopPropagation());
    }
    return { host, root };
  }

  /** A box of words with buttons. @param {{text: string, actions: {label: string, main?: boolean, run: Function}[]}} what */
  function filled(box, what) {
    box.hidden = !what;
    box.replaceChildren();
    if (!what) return;
    box.append(made("p", "", what.text));
    const row = made("div", "row");
    for (const action of what.actions) {
      const button = made("button", action.main ? "main" : "", action.label);
      button.type = "button";
      button.dataset.part = `act-${action.name}`;
      button.addEventListener("click", (event) => event.isTrusted && action.run());
      row.append(button);
    }
    if (what.actions.length) box.append(row);
  }

  /** A box to tick, with its words. @returns {[HTMLElement, HTMLInputElement]} */
  function choice(part, text) {
    const label = made("label");
    const tick = made("input");
    tick.type = "checkbox";
    tick.dataset.part = part;
    label.append(tick, made("span", "", text));
    label.lastChild.dataset.part = `${part}-words`;
    return [label, tick];
  }

  /** @typedef {{on: boolean, busy: boolean, status: string, files: Object[], words: boolean, wordsLocked: boolean, small: string[], takeSmall: boolean,
   *   warning: string, problem: ?Object, ask: ?Object}} View */

  /** The bar of a mail. @param {Object<string, Function>} when what to do at a press: toggle, words, small, price, remove, panel */
  function bar(when) {
    const { host, root } = shell();
    const frame = made("section", "bar");
    frame.setAttribute("aria-label", "Sealroom");
    const row = made("div", "row");
    const toggle = made("button", "switch");
    toggle.type = "button";
    toggle.setAttribute("role", "switch");
    toggle.dataset.part = "toggle";
    toggle.append(made("span", "knob"), made("span", "", t("protect")));
    const status = made("span", "grow");
    status.setAttribute("role", "status");
    status.dataset.part = "status";
    const price = made("button", "plain", t("price_ask"));
    price.type = "button";
    price.dataset.part = "price";
    row.append(seal(), toggle, status, price);
    const list = made("ul");
    list.setAttribute("aria-label", t("files"));
    const [words, tick] = choice("words", t("words"));
    const [small, smallTick] = choice("small", "");
    small.className = "small";
    const hint = made("p", "hint", t("words_hint"));
    const panel = made("button", "plain", t("act_panel"));
    panel.type = "button";
    panel.dataset.part = "panel";
    const below = made("div", "row");
    below.append(words, panel);
    const warning = made("p", "hint warn");
    warning.dataset.part = "warning";
    const ask = made("div", "box");
    ask.dataset.part = "ask";
    ask.setAttribute("role", "alert");
    const problem = made("div", "box error");
    problem.dataset.part = "problem";
    problem.setAttribute("role", "alert");
    frame.append(row, list, below, hint, small, warning, ask, problem);
    root.append(frame);

    const hear = (element, type, run) => element.addEventListener(type, (event) => event.isTrusted && run());
    hear(toggle, "click", () => when.toggle());
    hear(tick, "change", () => when.words(tick.checked));
    hear(smallTick, "change", () => when.small(smallTick.checked));
    hear(price, "click", () => when.price());
    hear(panel, "click", () => when.panel());

    function files(shown) {
      list.hidden = !shown.length;
      const keys = new Map([...list.children].map((one) => [one.dataset.key, one]));
      for (const file of shown) {
        let item = keys.get(file.key);
        keys.delete(file.key);
        if (!item) {
          item = made("li");
          item.dataset.key = file.key;
          item.dataset.part = "file";
          const remove = made("button", "plain", t("remove"));
          remove.type = "button";
          remove.dataset.part = "remove";
          remove.setAttribute("aria-label", t("remove_file", file.name));
          hear(remove, "click", () => when.remove(file.key));
          item.append(made("span", "name", file.name), made("span", "state"), remove);
          item.firstChild.title = file.name;
          list.append(item);
        }
        const state = item.children[1];
        item.className = file.state === "failed" ? "failed" : "";
        state.className = `state ${file.state === "done" ? "ok" : file.state === "failed" ? "bad" : ""}`;
        state.textContent = `${sized(file.size)} · ${file.text}`;
      }
      for (const item of keys.values()) item.remove();
    }

    /** @param {View} view */
    function render(view) {
      frame.className = `bar${view.on ? " on" : ""}${isDark(host) ? " dark" : ""}`;
      toggle.setAttribute("aria-checked", String(view.on));
      toggle.setAttribute("aria-disabled", String(view.busy));
      if (status.textContent !== view.status) status.textContent = view.status;
      price.hidden = !view.on || view.busy;
      files(view.files);
      below.hidden = !view.on;
      tick.checked = view.words;
      tick.disabled = view.busy || view.wordsLocked;
      hint.hidden = !(view.on && view.words);
      small.hidden = !(view.on && view.small.length);
      small.lastChild.textContent = t("small", view.small.join(", "));
      smallTick.checked = view.takeSmall;
      smallTick.disabled = view.busy;
      warning.hidden = !(view.on && view.warning);
      warning.textContent = view.warning;
      filled(ask, view.ask);
      filled(problem, view.problem);
    }

    return { host, render };
  }

  /** Say something where there is no mail to say it in; a second one takes the place of the first. */
  let shown = null;
  function notice(text, actions) {
    shown?.remove();
    const { host, root } = shell();
    const frame = made("section", `notice${matchMedia("(prefers-color-scheme: dark)").matches ? " dark" : ""}`);
    frame.setAttribute("aria-label", "Sealroom");
    const head = made("div", "row");
    head.append(seal(), made("strong", "", "Sealroom"));
    const box = made("div", "box error");
    box.setAttribute("role", "alert");
    box.dataset.part = "notice";
    filled(box, { text, actions: [...actions, { name: "close", label: t("close"), run: () => host.remove() }] });
    frame.append(head, box);
    root.append(frame);
    (document.body ?? document.documentElement).append(host);
    shown = host;
  }

  globalThis.sealroom.ui = { bar, notice };
})();

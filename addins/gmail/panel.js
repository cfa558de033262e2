// SPDX-License-Identifier: Apache-2.0
// The extension's own page: connection, settings, a mail that never touches Google, what was sent, and a report about Gmail's page.
"use strict";

(() => {
  const { ask, Refusal, said, t, upload } = globalThis.sealroom;
  const find = (id) => document.getElementById(id);
  const EVERYTHING = ["https:", "http:"];

  let state = null;
  let mailId = crypto.randomUUID();
  /** @type {{key: string, file: File, document: string}[]} */
  let files = [];

  /** Do something; a refusal is said at the top. @param {() => Promise<*>} deed */
  async function doing(deed) {
    const box = find("problem");
    box.hidden = true;
    try {
      return await deed();
    } catch (problem) {
      box.textContent = said(problem instanceof Refusal ? problem : new Refusal({ code: "error" }), state?.server ?? "");
      box.hidden = false;
      box.scrollIntoView({ block: "nearest" });
      return undefined;
    }
  }

  function made(tag, name, text) {
    const element = document.createElement(tag);
    if (name) element.className = name;
    element.textContent = text;
    return element;
  }

  // --- connection ----------------------------------------------------------------------------------------------------------------------

  async function show() {
    state = await ask({ type: "state", fresh: true, now: true });
    find("server").value = state.server;
    find("server").readOnly = state.serverIsManaged;
    find("save-server").hidden = state.serverIsManaged;
    find("managed").hidden = !state.serverIsManaged;
    find("sign-in").hidden = state.signedIn || !state.server;
    find("sign-out").hidden = !state.signedIn;
    find("compose").hidden = find("history").hidden = !state.signedIn;
    find("who").textContent = state.signedIn && state.user ? t("p_signed_in", state.user, state.team, state.available) : t("p_not_signed_in");
    find("enabled").checked = state.enabled;
    find("startOn").checked = state.startOn;
    find("mode").textContent = state.signedIn ? t(`p_mode_${state.mode}`) : "";
    if (state.problem) throw new Refusal(state.problem);
    if (state.signedIn) await showHistory();
  }

  /** The browser asks the member whether we may speak to this one server. */
  async function saveServer() {
    const text = find("server").value.trim();
    let url;
    try {
      url = new URL(text.includes("://") ? text : `https://${text}`);
    } catch {
      throw new Refusal({ code: "bad_server" });
    }
    if (!EVERYTHING.includes(url.protocol)) throw new Refusal({ code: "bad_server" });
    let allowed;
    try {
      allowed = await chrome.permissions.request({ origins: [`${url.protocol}//${url.hostname}/*`] });
    } catch {
      throw new Refusal({ code: "bad_server" });
    }
    if (!allowed) throw new Refusal({ code: "no_permission" });
    await ask({ type: "setServer", server: url.origin });
    await show();
  }

  let polling = 0;

  async function signIn() {
    const turn = ++polling;
    const asked = await ask({ type: "signIn" });
    find("code").textContent = asked.user_code;
    find("code-link").href = asked.address;
    find("code-box").hidden = false;
    await chrome.tabs.create({ url: asked.address });
    let wait = asked.interval;
    try {
      for (;;) {
        await new Promise((done) => setTimeout(done, wait * 1000));
        if (turn !== polling) return;
        const found = await ask({ type: "confirmed" });
        if (found.done) break;
        wait = found.interval;
      }
    } finally {
      if (turn === polling) find("code-box").hidden = true;
    }
    await show();
  }

  // --- a mail of our own ---------------------------------------------------------------------------------------------------------------

  function showFiles() {
    find("files").replaceChildren(
      ...files.map((one) => {
        const item = made("li", "", "");
        const remove = made("button", "", t("remove"));
        remove.type = "button";
        remove.setAttribute("aria-label", t("remove_file", one.file.name));
        remove.addEventListener("click", () => {
          files = files.filter((other) => other !== one);
          showFiles();
        });
        item.append(made("span", "name", one.file.name), made("span", "state", one.document ? t("ready") : ""), remove);
        return item;
      }),
    );
  }

  /** The mail as the worker takes it, with its files uploaded. */
  async function wish() {
    for (const [place, one] of files.entries()) {
      if (one.document) continue;
      find("compose-status").textContent = t("uploading", place + 1, files.length);
      one.document = await upload(one.file, () => {}, new AbortController().signal);
    }
    showFiles();
    const words = find("text").value.trim();
    if (!files.length && !words) throw new Refusal({ code: "nothing_to_protect" });
    const addresses = find("to").value.split(/[\s,;]+/).filter(Boolean);
    return {
      id: mailId, subject: find("subject").value, from: "", documents: files.map((one) => ({ id: one.document, name: one.file.name, size: one.file.size })),
      words: words || null, wordsAreText: true, recipients: addresses.map((email) => ({ email, kind: "to" })), delivery: "server",
    };
  }

  async function composing(deed) {
    const buttons = [find("send"), find("price")];
    for (const one of buttons) one.disabled = true;
    try {
      await doing(deed);
    } finally {
      for (const one of buttons) one.disabled = false;
      if (!find("problem").hidden) find("compose-status").textContent = "";
    }
  }

  const sendMail = () =>
    composing(async () => {
      const mail = await wish();
      find("compose-status").textContent = t("committing");
      const answer = await ask({ type: "commit", wish: mail });
      mailId = crypto.randomUUID();
      files = [];
      find("compose-form").reset();
      showFiles();
      find("compose-status").textContent = t("p_sent", answer.charged, answer.available);
      await show();
    });

  const showPrice = () =>
    composing(async () => {
      const mail = await wish();
      find("compose-status").textContent = t("checking");
      const quote = await ask({ type: "price", wish: mail });
      find("compose-status").textContent = t("price", quote.cost, quote.available);
    });

  // --- what was sent -------------------------------------------------------------------------------------------------------------------

  function button(item, key, deed) {
    const press = made("button", "", t(key));
    press.type = "button";
    press.setAttribute("aria-label", t("p_about", t(key), item.title));
    press.addEventListener("click", () => doing(() => deed().then(showHistory)));
    return press;
  }

  async function showHistory() {
    const { items, waiting } = await ask({ type: "history" });
    const sent = items.filter((item) => item.state !== "draft");
    find("none").hidden = sent.length > 0;
    find("sends").replaceChildren(
      ...sent.map((item) => {
        const row = made("li", "", "");
        row.append(
          made("span", "name", item.title),
          made("span", "state", t("p_recipients", item.recipients, item.opened)),
          made("span", "state", waiting[item.id] ? t("p_waiting") : t(`p_state_${item.state}`)),
        );
        if (waiting[item.id]) row.append(button(item, "act_take_back", () => ask({ type: "takeBack", id: waiting[item.id] })));
        else if (item.state === "active") row.append(button(item, "p_revoke", () => ask({ type: "revoke", send: item.id })));
        else if (item.state === "revoked") row.append(button(item, "p_restore", () => ask({ type: "restore", send: item.id })));
        return row;
      }),
    );
  }

  // --- Gmail's page --------------------------------------------------------------------------------------------------------------------

  async function diagnose() {
    const found = await ask({ type: "diagnose" });
    const missing = [...new Set(found.missing.flat())];
    find("missing").textContent = missing.length ? t("p_missing", missing.join(", ")) : t("p_complete");
    find("skeleton").value = found.lines.join("\n");
    find("skeleton").hidden = false;
  }

  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
  document.documentElement.lang = chrome.i18n.getUILanguage();
  document.title = t("name");
  const hear = (id, type, deed) =>
    find(id).addEventListener(type, (event) => {
      event.preventDefault();
      doing(deed);
    });
  hear("server-form", "submit", saveServer);
  hear("sign-in", "click", signIn);
  hear("sign-out", "click", () => ask({ type: "signOut" }).then(() => show()));
  hear("refresh", "click", showHistory);
  hear("show", "click", diagnose);
  find("compose-form").addEventListener("submit", (event) => {
    event.preventDefault();
    sendMail();
  });
  find("price").addEventListener("click", showPrice);
  find("picker").addEventListener("change", () => {
    files.push(...[...find("picker").files].map((file) => ({ key: crypto.randomUUID(), file, document: "" })));
    find("picker").value = "";
    showFiles();
  });
  for (const id of ["enabled", "startOn"]) {
    find(id).addEventListener("change", () => doing(() => ask({ type: "setSettings", change: { [id]: find(id).checked } })));
  }
  chrome.storage.onChanged.addListener((_change, area) => {
    if (area === "managed") doing(show);
  });
  doing(show).then(() => {
    if (location.hash) find(location.hash.slice(1))?.scrollIntoView();
  });
})();

// SPDX-License-Identifier: Apache-2.0
// RECONSTRUCTED: see page.html. No innerHTML here either, since the page demands Trusted Types and allows no policy.
"use strict";
const wish = new URLSearchParams(location.search);
let count = 0;

function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function recipients(kind, list, old) {
  if (old) {
    const field = el("input", { name: kind, type: "hidden", value: list.map((one) => (one.name ? `"${one.name}" <${one.email}>` : one.email)).join(", ") });
    return el("div", { class: "GS" }, field);
  }
  const chip = (one) => el("div", { role: "option", "data-hovercard-id": one.email, "data-name": one.name || one.email }, one.name || one.email);
  const typed = el("input", { role: "combobox", "aria-label": `${kind} recipients`, type: "text" });
  return el("div", { name: kind }, ...list.map(chip), typed);
}

/** @param {{to?: Object[], cc?: Object[], bcc?: Object[], subject?: string, body?: Node[], draft?: string, attached?: string[], reply?: boolean}} mail */
window.openCompose = function openCompose(mail = {}) {
  const old = wish.get("chips") === "old";
  const draft = mail.draft || `#msg-a:r-${Date.now()}${count++}`;
  const body = el("div", { g_editable: "true", role: "textbox", contenteditable: "true", class: "Am Al editable", "aria-label": "Message Body", "aria-multiline": "true" });
  if (wish.get("broken") === "body") for (const name of ["g_editable", "class", "role"]) body.removeAttribute(name);
  body.append(...(mail.body || []));
  const picker = el("input", { type: "file", name: "Filedata", multiple: "" });
  const chips = el("div", { class: "attachments" });
  const send = el("div", { role: "button", tabindex: "0", class: wish.get("broken") === "send" ? "T-I" : "T-I aoO", "data-tooltip": "Send" }, "Send");
  const archive = el("div", { role: "button", tabindex: "0", class: "Uo" }, "Send & archive");
  const more = el("div", { role: "button", tabindex: "0", "aria-haspopup": "true" }, "More");
  const close = el("div", { role: "button", tabindex: "0", class: "close" }, "Close");
  const row = el("tr", { class: wish.get("broken") === "send" ? "" : "btC" }, el("td", { class: "Up" }, el("div", {}, send, archive, more, close)));
  const form = el("form", {},
    el("input", { type: "hidden", name: "draft", value: draft }),
    el("input", { type: "hidden", name: "from", value: "" }),
    el("table", {}, el("tbody", {}, el("tr", { class: "bzf" }, el("td", {}, ...["to", "cc", "bcc"].map((kind) => recipients(kind, mail[kind] || [], old)))))),
    el("input", { name: "subjectbox", placeholder: "Subject", value: mail.subject || "" }),
    el("div", { class: "Ap" }, body), picker, chips,
    el("table", { class: wish.get("broken") === "send" ? "" : "IZ" }, el("tbody", {}, row)));
  const inner = el("div", { class: "AD" }, form);
  const outer = mail.reply ? el("div", { role: "region", class: "inline" }, inner) : el("div", { role: "dialog", class: "nH Hd" }, inner);
  if (wish.get("popout")) outer.removeAttribute("role");
  form.addEventListener("submit", (event) => event.preventDefault());

  async function attach(file) {
    const id = `${draft}-${file.name}`;
    await fetch(`/upload?name=${encodeURIComponent(file.name)}&attid=${encodeURIComponent(id)}`, { method: "POST", body: file });
    show(id, file.name);
  }
  function show(id, name) {
    const remove = el("div", { role: "button", class: "vq", "aria-label": "Remove attachment" }, "x");
    const chip = el("div", { class: "dL" }, el("a", { class: "dO", href: `/mail/u/0/?attid=${encodeURIComponent(id)}` }, el("div", { class: "vI" }, name)), remove);
    if (!wish.get("stubborn")) remove.addEventListener("click", () => chip.remove());
    chips.append(chip);
  }
  if (wish.get("eats")) body.addEventListener("input", () => body.querySelectorAll("a").forEach((one) => one.remove()));
  for (const name of mail.attached || []) show(name, name);
  picker.addEventListener("change", () => [...picker.files].forEach(attach));
  outer.addEventListener("dragover", (event) => event.preventDefault());
  outer.addEventListener("drop", (event) => {
    event.preventDefault();
    [...event.dataTransfer.files].forEach(attach);
  });
  body.addEventListener("paste", (event) => [...event.clipboardData.files].forEach(attach));

  async function leave(how) {
    const listed = (kind) => old
      ? outer.querySelector(`input[name=${kind}]`).value
      : [...outer.querySelectorAll(`[name=${kind}] [data-hovercard-id]`)].map((one) => one.dataset.hovercardId).join(", ");
    const left = {
      how, to: listed("to"), cc: listed("cc"), bcc: listed("bcc"), subject: outer.querySelector("[name=subjectbox]").value, body: body.innerHTML,
      attached: [...outer.querySelectorAll(".dL .vI")].map((one) => one.textContent),
    };
    await fetch("/send", { method: "POST", body: JSON.stringify(left) });
    if (wish.get("stuck")) return;
    outer.remove();
    const undo = el("div", { role: "button", tabindex: "0", id: "undo" }, "Undo");
    undo.addEventListener("click", () => {
      undo.remove();
      openCompose({ ...mail, draft, subject: left.subject, body: [...body.childNodes] });
    });
    document.getElementById("toast").replaceChildren(el("span", {}, "Message sent "), undo);
  }
  const press = (button, deed) => {
    button.addEventListener("click", deed);
    button.addEventListener("keydown", (event) => ["Enter", " "].includes(event.key) && !event.ctrlKey && deed());
  };
  press(send, () => leave("send"));
  press(archive, () => leave("archive"));
  press(close, () => outer.remove());
  press(more, () => {
    const item = el("div", { role: "menuitem", selector: "scheduledSend", tabindex: "-1" }, "Schedule send");
    const menu = el("div", { role: "menu" }, item);
    item.addEventListener("click", () => leave("schedule"));
    document.body.append(menu);
  });
  outer.addEventListener("keydown", (event) => event.ctrlKey && event.key === "Enter" && leave("send"));
  (mail.reply ? document.getElementById("main") : document.body).append(outer);
  body.focus();
  return draft;
};

document.getElementById("compose").addEventListener("click", () => openCompose());

// SPDX-License-Identifier: Apache-2.0
// data-toast: leaves after 8 s, waits while pointed at or focused; data-toast="stay" waits to be closed.
const LIFE = 8000;
const list = document.querySelector("[data-toasts]");
const model = document.querySelector("[data-toast-template]");

function dismiss(toast) {
  toast.classList.add("is-going");
  setTimeout(() => toast.remove(), 180);
}

function watch(toast) {
  if (toast.dataset.watched) return;
  toast.dataset.watched = "yes";
  if (toast.dataset.toast === "stay") return;
  let timer = setTimeout(() => dismiss(toast), LIFE);
  const hold = () => clearTimeout(timer);
  const go = () => { clearTimeout(timer); timer = setTimeout(() => dismiss(toast), LIFE); };
  toast.addEventListener("pointerenter", hold);
  toast.addEventListener("pointerleave", go);
  toast.addEventListener("focusin", hold);
  toast.addEventListener("focusout", go);
}

function show(text) {
  if (!list || !model) return;
  const toast = model.content.firstElementChild.cloneNode(true);
  toast.querySelector(".toast-text").textContent = text;
  list.append(toast);
}

if (list) {
  list.querySelectorAll("[data-toast]").forEach(watch);
  new MutationObserver(() => list.querySelectorAll("[data-toast]").forEach(watch)).observe(list, { childList: true });
  document.addEventListener("click", (event) => {
    const toast = event.target.closest("[data-toast-close]")?.closest("[data-toast]");
    if (toast) dismiss(toast);
  });
  // Any module may say something: document.dispatchEvent(new CustomEvent("kit:toast", { detail: "Saved" }))
  document.addEventListener("kit:toast", (event) => show(event.detail));
  document.addEventListener("htmx:sendError", () => show(list.dataset.offline));
  document.addEventListener("htmx:responseError", () => show(list.dataset.failed));
}

// SPDX-License-Identifier: Apache-2.0
// data-expand="id": a link to a page that, with htmx, opens that page's content below its row instead, and closes it again.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-expand]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const body = document.getElementById(link.dataset.expand);
  const open = link.getAttribute("aria-expanded") !== "true";
  link.setAttribute("aria-expanded", String(open));
  body.hidden = !open;
});

// data-undo: a form in a message; the message leaves when the deed was undone. Not before: an element that is no longer in the
// page could not show the answer.
document.addEventListener("htmx:afterRequest", (event) => {
  event.target.closest?.("[data-undo]")?.closest("[data-toast]")?.querySelector("[data-toast-close]")?.click();
});

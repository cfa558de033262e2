// SPDX-License-Identifier: Apache-2.0
// data-dialog-open="id" opens a <dialog>; data-dialog-close closes the one around it; a press on the veil closes it too.
// A <dialog data-dialog-now> that htmx brings is opened as it arrives.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog-open]");
  if (opener) {
    const dialog = document.getElementById(opener.dataset.dialogOpen);
    if (dialog instanceof HTMLDialogElement) {
      event.preventDefault();
      dialog.showModal();
    }
    return;
  }
  const closer = event.target.closest("[data-dialog-close]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog")?.close();
    return;
  }
  if (event.target instanceof HTMLDialogElement && outside(event.target, event)) event.target.close();
});

function outside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}

function openArrived(root) {
  for (const dialog of root.querySelectorAll?.("dialog[data-dialog-now]:not([open])") ?? []) dialog.showModal();
}

document.addEventListener("htmx:load", (event) => openArrived(event.target.parentElement ?? document));
openArrived(document);

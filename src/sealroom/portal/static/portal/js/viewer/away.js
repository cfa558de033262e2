// SPDX-License-Identifier: Apache-2.0
// A link that leads out of the document: its host is shown before anything is opened, in a tab that knows nothing of this one.

export class Away {
  constructor({ dialog }) {
    this.dialog = dialog;
    this.link = dialog.querySelector("[data-away-link]");
    this.link.addEventListener("click", () => dialog.close());
  }

  offer(uri) {
    let target;
    try {
      target = new URL(uri);
    } catch {
      return;
    }
    if (!["http:", "https:", "mailto:"].includes(target.protocol)) return;
    this.dialog.querySelector("[data-away-host]").textContent = target.host || target.pathname;
    this.dialog.querySelector("[data-away-full]").textContent = uri;
    this.link.href = target.href;
    this.dialog.showModal();
  }
}

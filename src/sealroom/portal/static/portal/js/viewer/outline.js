// SPDX-License-Identifier: Apache-2.0
// The side column's tabs, the document's outline in one of them, and the tabs of a spreadsheet's sheets at the foot.

export class Outline {
  /** `hooks`: chosen(page), turned() when another tab shows. */
  constructor({ root, side, sheets, hooks }) {
    Object.assign(this, { root, side, sheets, hooks });
    this.tabs = [...side.querySelectorAll("[role=tab]")];
    this.panels = this.tabs.map((tab) => document.getElementById(tab.getAttribute("aria-controls")));
    this.list = side.querySelector("[data-outline-list]");
    this.none = side.querySelector("[data-outline-none]");
    this.tabs.forEach((tab, index) => {
      tab.addEventListener("click", () => this.choose(index));
      tab.addEventListener("keydown", (event) => {
        if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
        event.preventDefault();
        event.stopPropagation();
        const other = (index + 1) % this.tabs.length;
        this.choose(other);
        this.tabs[other].focus();
      });
    });
  }

  choose(index) {
    this.tabs.forEach((tab, place) => {
      tab.setAttribute("aria-selected", String(place === index));
      tab.tabIndex = place === index ? 0 : -1;
      this.panels[place].hidden = place !== index;
    });
    this.root.classList.toggle("shows-outline", index === 1);
    this.hooks.turned();
  }

  /** `outline`: [[title, page, level], ...]; `sheets`: [[name, first page], ...]. */
  learn({ outline, sheets }) {
    this.items = outline.map(([title, page, level]) => this.item(title, page, level));
    this.list.replaceChildren(...this.items.map(({ row }) => row));
    this.none.hidden = outline.length > 0;
    this.leaves = sheets.map(([name, page]) => this.leaf(name, page));
    this.sheets?.replaceChildren(...this.leaves.map(({ row }) => row));
    this.mark(this.page ?? 1);
  }

  item(title, page, level) {
    const row = document.createElement("li");
    const button = buttonOf(title, "outline-item");
    button.style.paddingInlineStart = `${10 + 14 * Math.min(level, 6)}px`;
    button.addEventListener("click", () => this.hooks.chosen(page));
    row.append(button);
    return { row, button, page };
  }

  leaf(name, page) {
    const row = buttonOf(name, "sheet-tab");
    row.addEventListener("click", () => this.hooks.chosen(page));
    return { row, button: row, page };
  }

  /** Point at where the reader is: the last heading and sheet that begin on this page or before it. */
  mark(page) {
    this.page = page;
    for (const group of [this.items ?? [], this.leaves ?? []]) {
      const now = group.findLast((one) => one.page && one.page <= page);
      for (const one of group) {
        if (one === now) one.button.setAttribute("aria-current", "true");
        else one.button.removeAttribute("aria-current");
      }
    }
  }

  clear() {
    this.list.replaceChildren();
    this.sheets?.replaceChildren();
    this.items = this.leaves = [];
  }
}

function buttonOf(text, name) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = name;
  button.dir = "auto";
  button.textContent = text;
  return button;
}

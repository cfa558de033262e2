// SPDX-License-Identifier: Apache-2.0
// data-menu: a <details> that behaves as a menu: one open at a time, closed by Escape, by a press outside and by choosing.
const openMenus = () => document.querySelectorAll("details[data-menu][open]");

function close(menu, giveFocusBack) {
  menu.open = false;
  if (giveFocusBack) menu.querySelector("summary")?.focus();
}

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    const chosen = event.target.closest(".menu-item");
    if (!menu.contains(event.target) || (chosen && menu.contains(chosen))) close(menu, false);
  }
});

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.("details[data-menu]") || !menu.open) return;
  for (const other of openMenus()) if (other !== menu && !other.contains(menu)) close(other, false);
  keepInside(menu);
}, true);

// A panel that would leave the window opens towards the other side.
function keepInside(menu) {
  const panel = menu.querySelector(":scope > .menu-panel, :scope > .word-panel");
  if (!panel) return;
  const box = panel.getBoundingClientRect();
  const rtl = getComputedStyle(menu).direction === "rtl";
  if (rtl ? box.left < 8 : box.right > document.documentElement.clientWidth - 8) menu.classList.add("menu-end");
  if (box.bottom > window.innerHeight - 8 && box.height < menu.getBoundingClientRect().top - 8) menu.classList.add("menu-up");
}

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details[data-menu][open]");
  if (event.key === "Escape") {
    for (const open of openMenus()) close(open, open === menu);
    return;
  }
  if (!menu || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const items = [...menu.querySelectorAll(".menu-item")];
  if (!items.length) return;
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  const at = items.indexOf(document.activeElement);
  items[(at < 0 ? (step > 0 ? 0 : items.length - 1) : at + step + items.length) % items.length].focus();
});

// data-shortcut="/": the key puts the cursor into this field.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  const field = [...document.querySelectorAll("[data-shortcut]")].find((one) => one.dataset.shortcut === event.key && one.offsetParent);
  if (!field) return;
  event.preventDefault();
  field.focus();
});

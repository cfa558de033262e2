// SPDX-License-Identifier: Apache-2.0
// data-recipients: a textarea with one recipient a line becomes chips and one field. The textarea stays the truth that is sent;
// the server's answer (data-recipients-note with data-invalid) says which chips are no addresses.
const box = document.querySelector("[data-recipients]");
if (box) start(box);

function start(box) {
  const area = box.querySelector("textarea");
  const list = box.querySelector("[data-chips]");
  const field = box.querySelector("[data-chip-field]");
  const model = box.querySelector("template");
  let entries = split(area.value);

  const keep = () => {
    area.value = entries.join("\n");
    area.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const draw = () => {
    list.replaceChildren(...entries.map((entry) => {
      const chip = model.content.firstElementChild.cloneNode(true);
      chip.dataset.entry = entry;
      chip.querySelector(".chip-text").textContent = entry;
      const remove = chip.querySelector("[data-chip-remove]");
      remove.setAttribute("aria-label", `${box.dataset.remove} ${entry}`);
      return chip;
    }));
    mark(invalidNow());
  };

  const add = (text) => {
    const more = split(text).filter((entry) => !entries.includes(entry));
    if (!more.length) return;
    entries = entries.concat(more);
    draw();
    keep();
  };

  const take = () => { const text = field.value; field.value = ""; add(text); };
  const drop = (entry) => { entries = entries.filter((one) => one !== entry); draw(); keep(); };
  const mark = (invalid) => {
    for (const chip of list.children) {
      const wrong = invalid.includes(chip.dataset.entry);
      chip.classList.toggle("is-invalid", wrong);
      chip.querySelector("[data-chip-wrong]").hidden = !wrong;
    }
  };

  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter" || ((event.key === "," || event.key === ";") && field.value.trim())) {
      event.preventDefault();
      take();
    } else if (event.key === "Backspace" && !field.value && entries.length) {
      // The last one comes back to be corrected, instead of being lost.
      event.preventDefault();
      const last = entries.at(-1);
      drop(last);
      field.value = last;
    }
  });
  field.addEventListener("blur", take);
  field.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text") ?? "";
    if (!/[\n;,\t]|@.*\s.*@/.test(text)) return;
    event.preventDefault();
    add(field.value + text);
    field.value = "";
  });
  list.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-chip]");
    if (!chip) return;
    const entry = chip.dataset.entry;
    const wasLast = chip === list.lastElementChild;
    if (event.target.closest("[data-chip-remove]")) {
      event.preventDefault();
      const index = entries.indexOf(entry);
      drop(entry);
      (wasLast ? field : list.children[index]?.querySelector("[data-chip-remove]") ?? field).focus();
    } else if (chip.classList.contains("is-invalid")) {
      drop(entry);
      field.value = entry;
      field.focus();
    }
  });
  // data-pick-people: a form whose ticked people (name="person") become chips.
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("form[data-pick-people]");
    if (!form) return;
    event.preventDefault();
    add([...form.querySelectorAll("input[name=person]:checked")].map((one) => one.value).join("\n"));
    form.closest("dialog")?.close();
    field.focus();
  });
  box.addEventListener("click", (event) => { if (event.target === box || event.target === list) field.focus(); });
  document.addEventListener("htmx:oobAfterSwap", () => mark(invalidNow()));

  area.closest("[data-plain]").hidden = true;
  box.querySelector("[data-rich]").hidden = false;
  draw();
}

function invalidNow() {
  const note = document.querySelector("[data-recipients-note]");
  try { return JSON.parse(note?.dataset.invalid || "[]"); } catch { return []; }
}

function split(text) {
  const parts = text.match(/(?:"[^"]*"|<[^>]*>|[^,;\r\n\t<"]|[<"])+/g) ?? [];
  const entries = parts.flatMap((part) => {
    const words = part.trim().split(/\s+/);
    return words.length > 1 && words.every((word) => word.includes("@")) && !part.includes("<") ? words : [part.trim()];
  });
  return [...new Set(entries.filter(Boolean))];
}

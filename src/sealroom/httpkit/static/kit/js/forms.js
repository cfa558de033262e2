// SPDX-License-Identifier: Apache-2.0
// data-autosubmit on a form: a change of a field sends it (filters). data-copy="text": copies, says so in the button.
// data-code: mirrors one input into six drawn boxes. data-stepper: the − and + around a number. data-check-all="name":
// one box for all. data-once on a form: a second press while it is on its way does nothing.
document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-check-all]");
  if (all) {
    const scope = all.closest("form, table, section") ?? document;
    for (const box of scope.querySelectorAll(`input[type="checkbox"][name="${CSS.escape(all.dataset.checkAll)}"]`)) box.checked = all.checked;
  }
  // A date changes with every digit that is typed: it is sent by its button.
  if (event.target.type !== "date") event.target.closest("form[data-autosubmit]")?.requestSubmit();
});

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-once]");
  if (!form || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  addEventListener("pageshow", () => delete form.dataset.sent, { once: true });
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (button) await copy(button);
  const step = event.target.closest("[data-stepper] [data-step]");
  if (step) move(step);
});

async function copy(button) {
  const word = button.querySelector("[data-copy-word]") ?? button;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Not allowed or not served over https: select the text, so that one key copies it.
    button.parentElement.querySelector("input, textarea")?.select();
    return;
  }
  const before = word.textContent;
  word.textContent = button.dataset.copyDone || before;
  setTimeout(() => { word.textContent = before; }, 2000);
}

function move(button) {
  const field = button.closest("[data-stepper]").querySelector("input");
  if (button.dataset.step < 0) field.stepDown(); else field.stepUp();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function drawCode(code) {
  const field = code.querySelector("input");
  const boxes = [...code.querySelectorAll(".code-box")];
  const digits = field.value.replace(/\D/g, "").slice(0, boxes.length);
  if (field.value !== digits) field.value = digits;
  boxes.forEach((box, index) => {
    box.textContent = digits[index] ?? "";
    box.classList.toggle("is-next", index === Math.min(digits.length, boxes.length - 1));
  });
  field.setSelectionRange(digits.length, digits.length);
}

function startCodes(root) {
  for (const code of root.querySelectorAll?.("[data-code]:not(.is-live)") ?? []) {
    code.classList.add("is-live");
    code.addEventListener("input", () => drawCode(code));
    drawCode(code);
  }
}

startCodes(document);
document.addEventListener("htmx:load", (event) => startCodes(event.target.parentElement ?? document));

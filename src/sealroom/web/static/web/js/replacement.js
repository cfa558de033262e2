// SPDX-License-Identifier: Apache-2.0
// form[data-replacement="document"]: a large file that takes another's place goes in parts, survives a lost connection by itself and a
// closed tab when the same file is chosen again. Without this script, and for small files, the form sends it in one request.
import { Progress } from "../../kit/js/progress.js";
import { IN_PARTS_FROM, Resumable } from "../../kit/js/resumable.js";

const form = document.querySelector("form[data-replacement]");
if (form) start(form);

function start(form) {
  const input = form.querySelector('input[type="file"]');
  const row = form.querySelector("[data-row]");
  const step = row.querySelector("[data-step]");
  const pause = row.querySelector("[data-pause]");
  const send = form.querySelector('[type="submit"]');
  const token = form.querySelector('[name="csrfmiddlewaretoken"]').value;
  const words = new Progress(form.dataset);
  let parts = null;

  // Before the kit's own guard against a second click, which would take this for the form's way.
  form.addEventListener("submit", (event) => {
    const file = input.files[0];
    if (!file || file.size < IN_PARTS_FROM) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!parts) sendInParts(file);
  }, true);
  pause.addEventListener("click", () => (parts.halted ? go() : rest()));
  addEventListener("beforeunload", (event) => { if (parts && !parts.halted) event.preventDefault(); });

  function sendInParts(file) {
    let started = Date.now();
    let from = null;
    parts = new Resumable({
      file,
      token,
      address: form.dataset.resume,
      scope: "replacement",
      said: { document: form.dataset.replacement },
      hooks: {
        progress: (done) => {
          if (from === null) [from, started] = [done, Date.now()];
          row.querySelector("progress").value = (done / file.size) * 100;
          step.textContent = done < file.size ? words.line(done, file.size, started, from) : form.dataset.checking;
        },
        waiting: () => { from = null; step.textContent = form.dataset.waiting; },
        done: (_id, version) => { parts = null; location.assign(`${location.pathname}${version}/`); },
        refused: (answer) => { refuse(answer); settle(); },
      },
    });
    row.querySelector("[data-name]").textContent = file.name;
    row.querySelector(".glyph-ext").textContent = file.name.includes(".") ? file.name.split(".").pop().slice(0, 4) : "";
    form.querySelector("[data-refused]").replaceChildren();
    row.hidden = false;
    send.disabled = input.disabled = true;
    go();
  }

  function go() {
    pause.textContent = form.dataset.pause;
    parts.start();
  }

  function rest() {
    parts.halt();
    pause.textContent = form.dataset.continue;
    step.textContent = form.dataset.paused;
  }

  function refuse(answer) {
    const holder = document.createElement("template");
    holder.innerHTML = answer;
    holder.content.querySelector("[data-remove-file]")?.remove();
    form.querySelector("[data-refused]").replaceChildren(...holder.content.querySelectorAll("li"));
  }

  function settle() {
    parts = null;
    row.hidden = true;
    send.disabled = input.disabled = false;
    input.focus();
  }
}

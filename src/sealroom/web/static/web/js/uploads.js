// SPDX-License-Identifier: Apache-2.0
// data-uploads="address": files chosen or dropped anywhere on the page are sent there one by one, as they are, with progress.
// The answer is the file's row; while it is prepared the row asks for itself again (htmx). Large ones go in parts to data-resume:
// they survive a lost connection by themselves, and a closed tab when the same file is chosen again.
import { Turns, onDrop, sendWhole } from "../../kit/js/intake.js";
import { Progress } from "../../kit/js/progress.js";
import { IN_PARTS_FROM, Resumable, forget, giveUp, keyOf, stands, unfinished } from "../../kit/js/resumable.js";

const AT_ONCE = 3;

const zone = document.querySelector("[data-uploads]");
if (zone) start(zone);

function start(zone) {
  const input = zone.querySelector('input[type="file"]');
  const list = document.querySelector("[data-upload-list]");
  const model = document.querySelector("template[data-upload-row]");
  const drop = zone.querySelector("[data-dropzone]") ?? zone;
  const form = zone.closest("form");
  const token = form.querySelector('[name="csrfmiddlewaretoken"]').value;
  const words = new Progress(zone.dataset);
  const turns = new Turns(AT_ONCE, (job) => {
    if (job.gone) turns.left();
    else (job.file.size >= IN_PARTS_FROM ? sendInParts : send)(job);
  });

  input.addEventListener("change", (event) => {
    event.stopPropagation();
    take([...input.files]);
    input.value = "";
  });
  onDrop(drop, (found) => take(found.map(({ file }) => file)));
  form.addEventListener("submit", (event) => {
    if (turns.isIdle) return;
    // What is still on its way would be missing in the send.
    event.preventDefault();
    event.stopImmediatePropagation();
    delete form.dataset.sent;
    document.dispatchEvent(new CustomEvent("kit:toast", { detail: zone.dataset.wait }));
  }, true);
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-file]");
    if (!button) return;
    event.preventDefault();
    const row = button.closest("li");
    const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector("[data-remove-file]") ?? input;
    row.dispatchEvent(new CustomEvent("upload:abort", { detail: "removed" }));
    row.remove();
    settle();
    next.focus();
  });

  function take(files) {
    for (const file of files) {
      const row = model.content.firstElementChild.cloneNode(true);
      const say = (name, text) => { row.querySelector(`[data-${name}]`).textContent = text; };
      say("name", file.name);
      say("ext", (file.name.split(".").length > 1 ? file.name.split(".").pop() : "").slice(0, 4));
      say("step", zone.dataset.queued);
      row.querySelector("[data-remove-file]").setAttribute("aria-label", `${zone.dataset.remove} ${file.name}`);
      list.append(row);
      list.querySelector(`[data-left-over="${CSS.escape(keyOf(file))}"]`)?.remove();
      const job = { file, row, gone: false };
      row.addEventListener("upload:abort", () => {
        job.gone = true;
        job.request?.abort();
        if (job.parts?.halted) turns.left(); // one that is paused holds its turn
        job.parts?.abandon();
      });
      turns.add(job);
    }
    list.hidden = !list.children.length;
    turns.next();
  }

  function sendInParts(job) {
    const { file, row } = job;
    const bar = row.querySelector("progress");
    const step = row.querySelector("[data-step]");
    const pause = row.querySelector("[data-pause]");
    let started = Date.now();
    let from = null; // where this stretch began: the time left is worked out from what was sent since
    job.parts = new Resumable({
      file,
      address: zone.dataset.resume,
      token,
      hooks: {
        progress: (done) => {
          from ??= done;
          bar.value = (done / file.size) * 100;
          step.textContent = done < file.size ? words.line(done, file.size, started, from) : zone.dataset.checking;
        },
        waiting: () => { step.textContent = zone.dataset.waiting; },
        done: async (id) => {
          const answer = await fetch(`${zone.dataset.uploads}${id}/`, { headers: { "HX-Request": "true" } });
          settleRow(job, await answer.text(), true);
        },
        refused: (answer) => settleRow(job, answer, false),
      },
    });
    pause.hidden = false;
    pause.addEventListener("click", () => {
      if (job.parts.halted) {
        started = Date.now();
        from = null;
        pause.textContent = zone.dataset.pause;
        go();
      } else {
        job.parts.halt();
        pause.textContent = zone.dataset.continue;
        step.textContent = zone.dataset.paused;
      }
    });
    const go = () => job.parts.start().finally(() => {
      if (job.parts.halted && !job.gone) return; // paused: it keeps its turn
      turns.left();
    });
    go();
  }

  function settleRow(job, answer, taken) {
    if (job.gone) return;
    const holder = document.createElement("template");
    holder.innerHTML = answer;
    const fresh = holder.content.querySelector("li");
    job.row.replaceWith(fresh);
    globalThis.htmx?.process(fresh);
    if (taken) settle();
  }

  /** What was begun here and not ended: the browser may not read the file by itself, so it has to be chosen again. */
  async function showLeftOver() {
    for (const { key, name, size, place } of unfinished()) {
      const safe = await stands(place).catch(() => null);
      if (safe === null) continue;
      if (safe < 0) { forget(key); continue; }
      const row = model.content.firstElementChild.cloneNode(true);
      row.dataset.leftOver = key;
      row.querySelector("[data-name]").textContent = name;
      row.querySelector("[data-ext]").textContent = name.split(".").length > 1 ? name.split(".").pop().slice(0, 4) : "";
      row.querySelector("[data-step]").textContent = zone.dataset.leftOver.replace("{done}", words.amount(safe, size)).replace("{total}", words.whole(size));
      row.querySelector("progress").value = (safe / size) * 100;
      const button = row.querySelector("[data-pause]");
      button.hidden = false;
      button.textContent = zone.dataset.continue;
      button.addEventListener("click", () => input.click());
      row.querySelector("[data-remove-file]").setAttribute("aria-label", `${zone.dataset.remove} ${name}`);
      row.addEventListener("upload:abort", () => { forget(key); giveUp(place, token); });
      list.append(row);
    }
    list.hidden = !list.children.length;
  }
  showLeftOver();

  function send(job) {
    const { file, row } = job;
    const bar = row.querySelector("progress");
    const started = Date.now();
    job.request = sendWhole({
      file,
      address: `${zone.dataset.uploads}?name=${encodeURIComponent(file.name)}`,
      token,
      hooks: {
        progress: (sent) => {
          bar.value = (sent / file.size) * 100;
          row.querySelector("[data-step]").textContent = sent < file.size ? words.line(sent, file.size, started) : zone.dataset.checking;
        },
        end: (request) => {
          turns.left();
          if (!job.gone) finish(job, request);
        },
      },
    });
  }

  function finish({ file, row }, request) {
    const answer = request.getResponseHeader("X-File-Row") ? request.responseText : "";
    if (answer) {
      const holder = document.createElement("template");
      holder.innerHTML = answer;
      const fresh = holder.content.querySelector("li");
      row.replaceWith(fresh);
      globalThis.htmx?.process(fresh);
      if (request.status < 300) settle();
      return;
    }
    row.querySelector("[data-step]").textContent = zone.dataset.broken;
    row.classList.add("is-failed");
    const again = row.querySelector("[data-again]");
    again.hidden = false;
    again.addEventListener("click", () => { row.remove(); take([file]); }, { once: true });
  }

  function settle() {
    list.hidden = !list.children.length;
    list.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

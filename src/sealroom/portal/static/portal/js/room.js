// SPDX-License-Identifier: Apache-2.0
// Files and whole folders, chosen or dropped, go into the open folder one by one, as they are, with progress. Folders are made on the
// way by the server. Large ones go in parts, and what meets a lost connection goes on in parts: it survives a closed tab when the
// same file is chosen again. When all have arrived the page is loaded anew.
import { Turns, chosen, onDrop, sendWhole } from "../../kit/js/intake.js";
import { IN_PARTS_FROM, Resumable } from "../../kit/js/resumable.js";

const form = document.querySelector("[data-room-upload]");
if (form) start(form);

function start(form) {
  const input = form.querySelector('input[type="file"]');
  const drop = form.querySelector("[data-dropzone]") ?? form;
  const list = document.querySelector("[data-room-queue]");
  const model = document.querySelector("template[data-room-row]");
  const sum = document.querySelector("[data-room-sum]");
  const token = form.querySelector('[name="csrfmiddlewaretoken"]').value;
  // One at a time: files of one new folder would else try to make it side by side, each waiting for the other.
  const turns = new Turns(1, (job) => { (job.file.size >= IN_PARTS_FROM ? sendInParts : send)(job); });
  let done = 0, failed = 0;

  input.addEventListener("change", () => {
    take(chosen(input));
    input.value = "";
  });
  // What a hand drags, a key must be able to choose: a folder with all that is in it.
  const pick = form.querySelector("[data-room-pick]");
  // Kept for as long as the page: a field that nothing holds may be gone before its answer comes.
  const picker = Object.assign(document.createElement("input"), { type: "file", multiple: true, webkitdirectory: true });
  picker.addEventListener("change", () => {
    take(chosen(picker));
    picker.value = "";
  });
  pick.querySelector("button").addEventListener("click", () => picker.click());
  pick.hidden = false;
  onDrop(drop, take);

  function take(found) {
    for (const { file, path } of found) {
      const row = model.content.firstElementChild.cloneNode(true);
      row.querySelector("[data-name]").textContent = path ? `${path}/${file.name}` : file.name;
      row.querySelector("[data-step]").textContent = form.dataset.waiting;
      list.append(row);
      turns.add({ file, path, row });
    }
    list.hidden = !list.children.length;
    turns.next();
  }

  function show({ row }, share) {
    const percent = Math.floor(share * 100);
    row.querySelector("[data-bar]").value = percent;
    row.querySelector("[data-step]").textContent = percent < 100 ? form.dataset.sending.replace("{percent}", percent) : form.dataset.checking;
  }

  function send(job) {
    const query = new URLSearchParams({ folder: form.dataset.folder, path: job.path, name: job.file.name });
    sendWhole({
      file: job.file,
      address: `${form.dataset.roomUpload}?${query}`,
      token,
      hooks: {
        progress: (sent) => show(job, sent / job.file.size),
        end: (request) => {
          if (request.status === 0) sendInParts(job); // the line dropped
          else end(job, request.status === 201 ? null : request.responseText);
        },
      },
    });
  }

  function sendInParts(job) {
    new Resumable({
      file: job.file,
      address: form.dataset.resume,
      token,
      scope: form.dataset.scope,
      said: { folder: form.dataset.folder, path: job.path },
      hooks: {
        progress: (sent) => show(job, sent / job.file.size),
        waiting: () => { job.row.querySelector("[data-step]").textContent = form.dataset.goesOn; },
        done: () => end(job, null),
        refused: (answer) => end(job, answer),
      },
    }).start();
  }

  /** A file has come to its end: well, or with the answer that refused it. */
  function end({ row }, refusal) {
    const step = row.querySelector("[data-step]");
    if (refusal === null) {
      done += 1;
      step.textContent = form.dataset.done;
    } else {
      failed += 1;
      row.classList.add("is-failed");
      let told = null;
      try { told = JSON.parse(refusal); } catch { /* no words came */ }
      step.textContent = told?.title ? `${told.title} ${told.detail ?? ""}` : form.dataset.broken;
      sum.textContent = step.textContent;
    }
    turns.left();
    if (turns.isIdle && done && !failed) location.reload();
  }
}

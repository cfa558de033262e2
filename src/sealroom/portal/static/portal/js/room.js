// SPDX-License-Identifier: Apache-2.0
// Files and whole folders, chosen or dropped, go into the open folder one by one, as they are, with progress. Folders are made on the
// way by the server. Large ones go in parts, and what meets a lost connection goes on in parts: it survives a closed tab when the
// same file is chosen again. When all have arrived the page is loaded anew.
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
  const waiting = [];
  let running = 0, done = 0, failed = 0, depth = 0;

  input.addEventListener("change", () => {
    take([...input.files].map((file) => ({ file, path: "" })));
    input.value = "";
  });
  // What a hand drags, a key must be able to choose: a folder with all that is in it.
  const pick = form.querySelector("[data-room-pick]");
  // Kept for as long as the page: a field that nothing holds may be gone before its answer comes.
  const picker = Object.assign(document.createElement("input"), { type: "file", multiple: true, webkitdirectory: true });
  picker.addEventListener("change", () => {
    take([...picker.files].map((file) => ({ file, path: folderOf(file.webkitRelativePath) })));
    picker.value = "";
  });
  pick.querySelector("button").addEventListener("click", () => picker.click());
  pick.hidden = false;
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => { if (carriesFiles(event)) { depth += 1; drop.classList.add("is-over"); } });
  document.addEventListener("dragleave", (event) => { if (carriesFiles(event) && --depth <= 0) drop.classList.remove("is-over"); });
  document.addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    drop.classList.remove("is-over");
    // The entries are gone once the event is over: they are asked for first, and read afterwards.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const found = entries.length ? (await Promise.all(entries.map((entry) => walk(entry, "")))).flat() : [...event.dataTransfer.files].map((file) => ({ file, path: "" }));
    take(found);
  });
  addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });

  function take(found) {
    for (const { file, path } of found) {
      const row = model.content.firstElementChild.cloneNode(true);
      row.querySelector("[data-name]").textContent = path ? `${path}/${file.name}` : file.name;
      row.querySelector("[data-step]").textContent = form.dataset.waiting;
      list.append(row);
      waiting.push({ file, path, row });
    }
    list.hidden = !list.children.length;
    next();
  }

  // One at a time: files of one new folder would else try to make it side by side, each waiting for the other.
  function next() {
    if (running) return;
    const job = waiting.shift();
    if (job) {
      running += 1;
      if (job.file.size >= IN_PARTS_FROM) sendInParts(job);
      else send(job);
    }
    else if (done && !failed) location.reload();
  }

  function show({ row }, share) {
    const percent = Math.floor(share * 100);
    row.querySelector("[data-bar]").value = percent;
    row.querySelector("[data-step]").textContent = percent < 100 ? form.dataset.sending.replace("{percent}", percent) : form.dataset.checking;
  }

  function send(job) {
    const request = new XMLHttpRequest();
    const query = new URLSearchParams({ folder: form.dataset.folder, path: job.path, name: job.file.name });
    request.open("POST", `${form.dataset.roomUpload}?${query}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRFToken", token);
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) show(job, event.loaded / event.total); });
    request.addEventListener("loadend", () => {
      if (request.status === 0) sendInParts(job); // the line dropped
      else end(job, request.status === 201 ? null : request.responseText);
    });
    request.send(job.file);
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
    running -= 1;
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
    next();
  }
}

function folderOf(path) {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
}

async function walk(entry, above) {
  if (entry.isFile) return [{ file: await new Promise((resolve, reject) => { entry.file(resolve, reject); }), path: above }];
  const inside = above ? `${above}/${entry.name}` : entry.name;
  const reader = entry.createReader();
  const found = [];
  for (;;) { // a reader hands out a hundred at a time
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (!some.length) return found;
    for (const one of some) found.push(...(await walk(one, inside)));
  }
}

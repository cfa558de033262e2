// SPDX-License-Identifier: Apache-2.0
// Files and whole folders, chosen or dropped, go into the open folder one by one, as they are, with progress. Folders are made on the
// way by the server. When all have arrived the page is loaded anew.
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
    if (job) send(job);
    else if (done && !failed) location.reload();
  }

  function send({ file, path, row }) {
    const request = new XMLHttpRequest();
    const step = row.querySelector("[data-step]"), bar = row.querySelector("[data-bar]");
    running += 1;
    const query = new URLSearchParams({ folder: form.dataset.folder, path, name: file.name });
    request.open("POST", `${form.dataset.roomUpload}?${query}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRFToken", token);
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      const percent = Math.floor((event.loaded / event.total) * 100);
      bar.value = percent;
      step.textContent = form.dataset.sending.replace("{percent}", percent);
    });
    request.upload.addEventListener("load", () => { bar.value = 100; step.textContent = form.dataset.checking; });
    request.addEventListener("loadend", () => {
      running -= 1;
      settle(row, step, request);
      next();
    });
    request.send(file);
  }

  function settle(row, step, request) {
    if (request.status === 201) {
      done += 1;
      step.textContent = form.dataset.done;
      return;
    }
    failed += 1;
    row.classList.add("is-failed");
    let told = null;
    try { told = JSON.parse(request.responseText); } catch { /* the connection broke off */ }
    step.textContent = told?.title ? `${told.title} ${told.detail ?? ""}` : form.dataset.broken;
    sum.textContent = step.textContent;
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

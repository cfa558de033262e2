// SPDX-License-Identifier: Apache-2.0
// The files of a data room. data-room-upload: files and whole folders, chosen or dropped anywhere on the page, are sent one by one,
// as they are, with progress; folders come to be by the paths of what lies in them. data-room-items: rows are put in order by drag;
// the buttons in each row do the same without one.
const upload = document.querySelector("[data-room-upload]");
if (upload) takeFiles(upload);
const items = document.querySelector("[data-room-items]");
const arm = items && upload ? order(items) : () => {};
if (items) refresh(items);

function takeFiles(form) {
  const list = document.querySelector("[data-room-list]");
  const model = document.querySelector("template[data-room-row]");
  const zone = form.querySelector("[data-dropzone]");
  const token = form.querySelector('[name="csrfmiddlewaretoken"]').value;
  const folder = form.querySelector('[name="folder"]').value;
  const waiting = [];
  let running = 0;
  let failed = 0;

  for (const input of form.querySelectorAll('input[type="file"]')) {
    input.addEventListener("change", () => {
      take([...input.files].map((file) => ({ file, path: pathOf(file.webkitRelativePath) })));
      input.value = "";
    });
  }
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.add("is-over");
  });
  document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) zone.classList.remove("is-over"); });
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    zone.classList.remove("is-over");
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const found = [];
    for (const entry of entries) await walk(entry, "", found);
    take(found);
  });
  addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });

  function take(files) {
    for (const { file, path } of files) {
      const row = model.content.firstElementChild.cloneNode(true);
      row.querySelector("[data-name]").textContent = path ? `${path}/${file.name}` : file.name;
      row.querySelector("[data-step]").textContent = form.dataset.queued;
      list.append(row);
      waiting.push({ file, path, row });
    }
    list.hidden = !list.children.length;
    next();
  }

  function next() {
    while (running < 3 && waiting.length) send(waiting.shift());
    if (!running && !waiting.length && list.children.length) settle();
  }

  function send({ file, path, row }) {
    const request = new XMLHttpRequest();
    const bar = row.querySelector("progress");
    const step = row.querySelector("[data-step]");
    running += 1;
    const query = new URLSearchParams({ folder, path, name: file.name });
    request.open("POST", `${form.action}?${query}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRFToken", token);
    request.upload.addEventListener("progress", (event) => {
      if (!event.lengthComputable) return;
      bar.value = (event.loaded / event.total) * 100;
      step.textContent = event.loaded < event.total ? `${Math.floor(bar.value)} %` : form.dataset.checking;
    });
    request.addEventListener("loadend", () => {
      running -= 1;
      step.textContent = saidBy(request) ?? form.dataset.broken;
      if (request.status !== 201) { failed += 1; row.classList.add("is-failed"); bar.hidden = true; }
      next();
    });
    request.send(file);
  }

  function settle() {
    if (!failed) return location.reload();
    if (list.querySelector("a")) return undefined;
    const link = document.createElement("a");
    link.href = location.href;
    link.className = "row";
    link.textContent = form.dataset.again;
    const row = document.createElement("li");
    row.append(link);
    list.append(row);
    return undefined;
  }
}

function saidBy(request) {
  try { return JSON.parse(request.responseText).said; } catch { return null; }
}

function pathOf(relative) {
  return relative ? relative.split("/").slice(0, -1).join("/") : "";
}

/** Every file under an entry that was dropped, with the folders it lies in. */
async function walk(entry, path, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => { entry.file(resolve, reject); }).catch(() => null);
    if (file) found.push({ file, path });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    // A reader gives a hundred at most, and nothing when it is at its end.
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); }).catch(() => []);
    if (!some.length) return;
    for (const one of some) await walk(one, path ? `${path}/${entry.name}` : entry.name, found);
  }
}

function order(form) {
  let dragged = null;
  const arm = (row) => {
    row.draggable = true;
    row.addEventListener("dragstart", (event) => { dragged = row; event.dataTransfer.effectAllowed = "move"; row.classList.add("is-dragged"); });
    row.addEventListener("dragend", () => { row.classList.remove("is-dragged"); dragged = null; });
    row.addEventListener("dragover", (event) => { if (dragged && dragged !== row) { event.preventDefault(); row.classList.add("is-target"); } });
    row.addEventListener("dragleave", () => row.classList.remove("is-target"));
    row.addEventListener("drop", (event) => {
      row.classList.remove("is-target");
      if (!dragged || dragged === row) return;
      event.preventDefault();
      place(dragged, row);
    });
  };
  form.querySelectorAll("tr[data-item]").forEach(arm);

  /** Put one row before another: posted as a move of this row alone within its folder. */
  function place(row, before) {
    for (const box of form.querySelectorAll('input[name="item"]')) box.checked = box.value === row.dataset.item;
    form.querySelector('[name="before"]').value = before.dataset.item;
    form.querySelector('[name="to"]').value = form.querySelector('[name="folder"]').value;
    form.requestSubmit(form.querySelector('button[value="move"]'));
  }
  return arm;
}

/** Rows of files that are being prepared are asked for again until none is; ticks of other rows stay. */
function refresh(form) {
  if (!form.querySelector("tr[data-preparing]")) return;
  setTimeout(async () => {
    const answer = await fetch(location.href, { redirect: "error" }).then((found) => found.text()).catch(() => "");
    const fresh = new DOMParser().parseFromString(answer, "text/html");
    for (const row of form.querySelectorAll("tr[data-preparing]")) {
      const next = fresh.querySelector(`tr[data-item="${CSS.escape(row.dataset.item)}"]`);
      if (!next || next.hasAttribute("data-preparing")) continue;
      const box = next.querySelector('[name="item"]');
      if (box) box.checked = row.querySelector('[name="item"]').checked;
      row.replaceWith(next);
      arm(next);
    }
    refresh(form);
  }, 3000);
}

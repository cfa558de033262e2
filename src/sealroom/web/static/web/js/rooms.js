// SPDX-License-Identifier: Apache-2.0
// The files of a data room. data-room-upload: files and whole folders, chosen or dropped anywhere on the page, are sent with
// progress; folders come to be by the paths of what lies in them. Large ones go in parts, and what meets a lost connection goes on
// in parts: they survive a closed tab when the same is chosen again, and what has arrived is not sent twice. data-room-items: rows
// are put in order by drag; the buttons in each row do the same without one.
import { Turns, chosen, onDrop, sendWhole } from "../../kit/js/intake.js";
import { IN_PARTS_FROM, Resumable, forget, giveUp, keyOf, stands, unfinished } from "../../kit/js/resumable.js";

const AT_ONCE = 3;
const COUNTING = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const KEPT = 24 * 3600 * 1000; // ms, as the server keeps what has arrived of an upload

function takeFiles(form) {
  const words = form.dataset;
  const list = document.querySelector("[data-room-list]");
  const model = document.querySelector("template[data-room-row]");
  const sum = document.querySelector("[data-room-sum]");
  const zone = form.querySelector("[data-dropzone]");
  const token = form.querySelector('[name="csrfmiddlewaretoken"]').value;
  const folder = form.querySelector('[name="folder"]').value;
  const chooser = form.querySelector('input[type="file"]:not([webkitdirectory])');
  const arrived = new Arrived(`${words.scope}:${folder}`);
  const turns = new Turns(AT_ONCE, (job) => { (job.file.size >= IN_PARTS_FROM ? sendInParts : send)(job); });
  const fresh = new Set();
  let settled = false;
  let total = 0;
  let here = 0;
  let failed = 0;

  for (const input of form.querySelectorAll('input[type="file"]')) {
    input.addEventListener("change", () => {
      take(chosen(input));
      input.value = "";
    });
  }
  onDrop(zone, take);
  showLeftOver();

  function rowOf(name, said) {
    const row = model.content.firstElementChild.cloneNode(true);
    row.querySelector("[data-name]").textContent = name;
    row.querySelector("[data-step]").textContent = said;
    list.append(row);
    list.hidden = false;
    return row;
  }

  function take(files) {
    // Index numbers follow the order of arrival: so they leave as one would read them.
    const found = [...files].sort((one, other) => COUNTING.compare(`${one.path}/${one.file.name}`, `${other.path}/${other.file.name}`));
    for (const { file, path } of found) {
      const key = keyOf(file, words.scope, { folder, path });
      total += 1;
      if (arrived.has(key)) { here += 1; continue; }
      list.querySelector(`[data-left-over="${CSS.escape(key)}"]`)?.remove();
      turns.add({ file, path, key, row: rowOf(path ? `${path}/${file.name}` : file.name, words.queued) });
    }
    count();
    next();
  }

  function next() {
    turns.next();
    if (total && turns.isIdle) settle();
  }

  function count() {
    sum.hidden = total < 2;
    sum.querySelector("progress").max = total;
    sum.querySelector("progress").value = here;
    sum.querySelector("[data-room-count]").textContent = words.sum.replace("{done}", here).replace("{total}", total);
  }

  function show(job, share) {
    job.row.querySelector("progress").value = share * 100;
    job.row.querySelector("[data-step]").textContent = share < 1 ? `${Math.floor(share * 100)} %` : words.checking;
  }

  /** A job has come to its end: with words why it failed, or well. */
  function end(job, refusal = null) {
    job.row.querySelector("[data-pause]").hidden = true;
    job.row.querySelector("[data-step]").textContent = refusal ?? words.arrived;
    if (refusal === null) {
      here += 1;
      arrived.add(job.key);
    } else {
      failed += 1;
      job.row.classList.add("is-failed");
      job.row.querySelector("progress").hidden = true;
    }
    count();
    turns.left();
    next();
  }

  function send(job) {
    const query = new URLSearchParams({ folder, path: job.path, name: job.file.name, since: words.since });
    sendWhole({
      file: job.file,
      address: `${form.action}?${query}`,
      token,
      hooks: {
        progress: (sent) => show(job, sent / job.file.size),
        end: (request) => {
          if (request.status === 0) sendInParts(job); // the line dropped
          else if (request.status === 201) {
            remember(request.responseText);
            end(job);
          }
          else end(job, saidBy(request.responseText) ?? words.broken);
        },
      },
    });
  }

  function sendInParts(job) {
    const pause = job.row.querySelector("[data-pause]");
    const step = job.row.querySelector("[data-step]");
    const parts = new Resumable({
      file: job.file,
      address: words.resume,
      token,
      scope: words.scope,
      said: { folder, path: job.path },
      hooks: {
        progress: (done) => show(job, done / job.file.size),
        waiting: () => { step.textContent = words.waiting; },
        done: () => end(job),
        refused: (answer) => end(job, saidBy(answer) ?? words.broken),
      },
    });
    pause.hidden = false;
    pause.addEventListener("click", () => {
      if (parts.halted) parts.start();
      else {
        parts.halt();
        step.textContent = words.paused;
      }
      pause.textContent = parts.halted ? words.continue : words.pause;
    });
    parts.start();
  }

  /** What was begun here and not ended: a browser may not read files by itself, so they have to be chosen again. */
  async function showLeftOver() {
    const rest = document.querySelector("[data-room-rest]");
    rest.hidden = arrived.isEmpty;
    rest.querySelector("button").addEventListener("click", () => { arrived.clear(); rest.hidden = true; chooser.focus(); });
    for (const { key, name, size, place, said } of unfinished(words.scope)) {
      if (said.folder !== folder) continue;
      const safe = await stands(place).catch(() => null);
      if (safe === null) continue;
      if (safe < 0) { forget(key); continue; }
      const row = rowOf(said.path ? `${said.path}/${name}` : name, words.leftOver.replace("{share}", `${Math.floor((safe / size) * 100)}\u00a0%`));
      row.dataset.leftOver = key;
      row.querySelector("progress").value = (safe / size) * 100;
      const [go, drop] = [row.querySelector("[data-pause]"), row.querySelector("[data-drop]")];
      go.hidden = drop.hidden = false;
      go.textContent = words.continue;
      go.addEventListener("click", () => chooser.click());
      drop.addEventListener("click", () => { forget(key); giveUp(place, token); row.remove(); list.hidden = !list.children.length; chooser.focus(); });
    }
  }

  /** A folder in which nothing is older than this page is put in order once all is here: what went side by side may have overtaken. */
  function remember(answer) {
    try {
      for (const one of JSON.parse(answer).fresh ?? []) fresh.add(one);
    } catch { /* the order of arrival stays */ }
  }

  async function putInOrder() {
    for (const one of fresh) {
      const body = new URLSearchParams({ csrfmiddlewaretoken: token, deed: "sort", folder: one });
      await fetch(words.deeds, { method: "POST", body, redirect: "manual" }).catch(() => null);
    }
  }

  async function settle() {
    if (settled) return undefined;
    if (!failed) {
      settled = true;
      await putInOrder();
      arrived.clear();
      return location.reload();
    }
    if (list.querySelector("a")) return undefined;
    const link = document.createElement("a");
    link.href = location.href;
    link.className = "row";
    link.textContent = words.again;
    const row = document.createElement("li");
    row.append(link);
    list.append(row);
    return undefined;
  }
}

/** Which of the files that were chosen for a folder have arrived; kept until all have. */
class Arrived {
  constructor(place) {
    this.name = `sealroom-arrived:${place}`;
    this.keys = new Set();
    try {
      const { at, keys } = JSON.parse(localStorage.getItem(this.name)) ?? {};
      if (Date.now() - at < KEPT) this.keys = new Set(keys);
    } catch { /* storage is forbidden or was meddled with: everything is sent */ }
  }

  get isEmpty() { return this.keys.size === 0; }

  has(key) { return this.keys.has(key); }

  add(key) {
    this.keys.add(key);
    try { localStorage.setItem(this.name, JSON.stringify({ at: Date.now(), keys: [...this.keys] })); } catch { /* for this tab only */ }
  }

  clear() {
    this.keys.clear();
    try { localStorage.removeItem(this.name); } catch { /* nothing is kept then */ }
  }
}

function saidBy(answer) {
  try { return JSON.parse(answer).said; } catch { return null; }
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

const upload = document.querySelector("[data-room-upload]");
if (upload) takeFiles(upload);
const items = document.querySelector("[data-room-items]");
const arm = items && upload ? order(items) : () => {};
if (items) refresh(items);

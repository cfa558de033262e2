// SPDX-License-Identifier: Apache-2.0
// What every place that takes files has in common: files and whole folders dropped on the page, turns for those that wait, and one
// request for a file that is small.

/** Calls `take([{ file, path }])` for what is dropped anywhere on the page; `path` is the folders it lies in, "" for none. `zone`
 * shows that files hang over the page. */
export function onDrop(zone, take) {
  let depth = 0;
  const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  document.addEventListener("dragenter", (event) => { if (carriesFiles(event)) { depth += 1; zone.classList.add("is-over"); } });
  document.addEventListener("dragleave", (event) => { if (carriesFiles(event) && --depth <= 0) zone.classList.remove("is-over"); });
  document.addEventListener("dragover", (event) => { if (carriesFiles(event)) event.preventDefault(); });
  document.addEventListener("drop", async (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    depth = 0;
    zone.classList.remove("is-over");
    // Entries are gone once the event is over: they are asked for first, and read afterwards.
    const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
    const plain = [...event.dataTransfer.files].map((file) => ({ file, path: "" }));
    const found = [];
    for (const entry of entries) await walk(entry, "", found);
    take(entries.length ? found : plain);
  });
}

/** Files of a field with the folders they lie in: [{ file, path }]. */
export function chosen(input) {
  return [...input.files].map((file) => ({ file, path: (file.webkitRelativePath || "").split("/").slice(0, -1).join("/") }));
}

async function walk(entry, path, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => { entry.file(resolve, reject); }).catch(() => null);
    if (file) found.push({ file, path });
    return;
  }
  const reader = entry.createReader();
  const inside = path ? `${path}/${entry.name}` : entry.name;
  for (;;) { // a reader hands out a hundred at most, and nothing when it is at its end
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); }).catch(() => []);
    if (!some.length) return;
    for (const one of some) await walk(one, inside, found);
  }
}

/** Jobs that wait for their turn. Whoever ends one calls `left`; the page asks before it is closed over one that runs. */
export class Turns {
  constructor(atOnce, begin) {
    Object.assign(this, { atOnce, begin, waiting: [], running: 0 });
    addEventListener("beforeunload", (event) => { if (this.running) event.preventDefault(); });
  }

  get isIdle() { return !this.running && !this.waiting.length; }

  add(job) { this.waiting.push(job); }

  next() {
    while (this.running < this.atOnce && this.waiting.length) {
      this.running += 1;
      this.begin(this.waiting.shift());
    }
  }

  left() {
    this.running -= 1;
    this.next();
  }
}

/** Send a file as it is. hooks: progress(bytes sent), end(request) whatever became of it: its status is 0 when the line dropped. */
export function sendWhole({ file, address, token, hooks }) {
  const request = new XMLHttpRequest();
  request.open("POST", address);
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.setRequestHeader("X-CSRFToken", token);
  request.setRequestHeader("X-Requested-With", "XMLHttpRequest");
  request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) hooks.progress(event.loaded); });
  request.addEventListener("loadend", () => hooks.end(request));
  request.send(file);
  return request;
}

// SPDX-License-Identifier: Apache-2.0
// Printing: the server issues a counted job, each of whose stamped pages comes once; then the browser's own dialog opens. Nothing of
// them stays afterwards.

import { ENDED, ask, problemOf } from "./loader.js";

const PARALLEL = 2;

export class Paper {
  /** `hooks`: current() page, ended(problem), left(prints). */
  constructor({ dialog, place, address, token, count, words, hooks }) {
    Object.assign(this, { dialog, place, address, token, count, words, hooks });
    this.form = dialog.querySelector("form");
    this.said = dialog.querySelector("[data-print-said]");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.print();
    });
    dialog.addEventListener("close", () => (this.given_up = true));
    addEventListener("afterprint", () => this.clear());
  }

  open() {
    this.said.textContent = "";
    this.form.elements.last.value = this.count;
    this.dialog.showModal();
  }

  range() {
    const { pages, first, last } = this.form.elements;
    if (pages.value === "all") return [1, this.count];
    if (pages.value === "one") return [this.hooks.current(), this.hooks.current()];
    return [Number.parseInt(first.value, 10) || 0, Number.parseInt(last.value, 10) || 0];
  }

  async print() {
    if (this.busy) return;
    this.busy = true;
    this.given_up = false;
    this.form.querySelector("[type=submit]").setAttribute("aria-disabled", "true");
    try {
      const job = await this.issue(...this.range());
      if (job) await this.fetchAll(job);
      if (job && !this.given_up) this.show();
    } catch (error) {
      this.said.textContent = error.sentence ?? this.words.print_failed;
      this.empty();
    } finally {
      this.busy = false;
      this.form.querySelector("[type=submit]").removeAttribute("aria-disabled");
    }
  }

  async issue(first, last) {
    const answer = await ask(`${this.address}print/`, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      body: JSON.stringify({ first, last }),
    });
    if (answer.status === 201) {
      const job = await answer.json();
      this.hooks.left(job.prints_left);
      return job;
    }
    const problem = await problemOf(answer);
    if (ENDED.has(answer.status) && problem.code !== "forbidden") return this.hooks.ended(problem);
    if (answer.status === 403) throw Object.assign(new Error("refused"), { sentence: this.words.print_refused });
    if (answer.status === 400) throw Object.assign(new Error("range"), { sentence: this.words.print_invalid.replace("{pages}", this.count) });
    throw new Error("failed");
  }

  async fetchAll({ job, first, last }) {
    this.empty();
    const pictures = Array.from({ length: last - first + 1 }, () => document.createElement("img"));
    this.place.replaceChildren(...pictures);
    let next = first;
    const work = async () => {
      while (next <= last && !this.given_up) {
        const page = next;
        next += 1;
        this.said.textContent = this.words.printing.replace("{page}", page - first + 1).replace("{pages}", last - first + 1);
        const picture = pictures[page - first];
        picture.alt = "";
        picture.src = URL.createObjectURL(await this.page(job, page));
        await picture.decode();
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
  }

  async page(job, page) {
    for (let patience = 10; patience > 0; patience -= 1) {
      const answer = await ask(`${this.address}print/${job}/${page}.jpg`);
      if (answer.ok) return answer.blob();
      if (answer.status !== 503 && answer.status !== 429) break;
      const seconds = Math.min(10, Number(answer.headers.get("Retry-After")) || 2);
      await new Promise((done) => setTimeout(done, seconds * 1000));
    }
    throw new Error("failed");
  }

  show() {
    this.dialog.close();
    document.documentElement.classList.add("has-print-pages");
    window.print();
  }

  /** After the browser's dialog: no page stays behind. */
  clear() {
    document.documentElement.classList.remove("has-print-pages");
    this.empty();
  }

  empty() {
    for (const picture of this.place.children) if (picture.src) URL.revokeObjectURL(picture.src);
    this.place.replaceChildren();
  }
}

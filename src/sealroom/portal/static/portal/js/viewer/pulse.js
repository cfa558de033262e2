// SPDX-License-Identifier: Apache-2.0
// Says every few seconds which pages were really on screen, and hears whether access still stands.

import { ENDED, ask, problemOf } from "./loader.js";

const TICK = 500; // ms
const BEAT = 10_000; // ms
const IDLE = 300_000; // ms without a sign of the reader after which time no longer counts
const UNSURE = 90_000; // ms without an answer after which the pages are veiled

export class Pulse {
  /** `onScreen()` gives the pages that count now. `hooks`: state(facts), ended(problem), unsure(boolean). */
  constructor({ address, token, onScreen, hooks }) {
    Object.assign(this, { address, token, onScreen, hooks });
    this.times = new Map(); // page -> active ms not yet reported
    this.last = performance.now();
    this.lastSign = this.last;
    this.lastAnswer = this.last;
    this.sentAt = this.last;
    this.timer = setInterval(() => this.tick(), TICK);
    for (const name of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart", "scroll"]) {
      addEventListener(name, () => (this.lastSign = performance.now()), { passive: true, capture: true });
    }
    document.addEventListener("visibilitychange", () => (document.hidden ? this.beat({ leaving: true }) : this.beat()));
    addEventListener("pagehide", () => this.beat({ leaving: true }));
    addEventListener("online", () => this.beat());
  }

  tick() {
    const now = performance.now();
    const passed = Math.min(now - this.last, 2 * TICK); // a sleeping laptop adds nothing
    this.last = now;
    const reading = !document.hidden && document.hasFocus() && now - this.lastSign < IDLE;
    const pages = reading ? this.onScreen() : [];
    // A reader has one pair of eyes: pages that show together share the time.
    for (const page of pages) this.times.set(page, (this.times.get(page) ?? 0) + passed / pages.length);
    if (!document.hidden && now - this.sentAt >= BEAT) this.beat();
    if (!document.hidden && now - this.lastAnswer > UNSURE && !this.veiled) this.veil(true);
    if (document.hidden) this.lastAnswer = now; // nobody looks; the beat on return decides
  }

  async beat({ leaving = false } = {}) {
    if (this.stopped) return;
    this.sentAt = performance.now();
    const told = this.times;
    this.times = new Map();
    const pages = Object.fromEntries([...told].map(([page, ms]) => [page, Math.round(ms)]).filter(([, ms]) => ms > 0));
    try {
      const answer = await ask(this.address, {
        method: "POST",
        keepalive: leaving,
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
        body: JSON.stringify({ pages }),
      });
      await this.heard(answer);
    } catch {
      for (const [page, ms] of told) this.times.set(page, (this.times.get(page) ?? 0) + ms);
    }
  }

  async heard(answer) {
    if (ENDED.has(answer.status)) return this.hooks.ended(await problemOf(answer));
    if (!answer.ok) return undefined;
    this.contact();
    return this.hooks.state(await answer.json());
  }

  /** An answer of the server, to whatever request, says that we are still in touch. */
  contact() {
    this.lastAnswer = performance.now();
    if (this.veiled) this.veil(false);
  }

  veil(on) {
    this.veiled = on;
    this.hooks.unsure(on);
  }

  stop() {
    this.stopped = true;
    clearInterval(this.timer);
  }
}

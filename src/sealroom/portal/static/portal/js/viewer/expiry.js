// SPDX-License-Identifier: Apache-2.0
// The running countdown to the end of access, by the server's clock.

const DAY = 86_400_000;
const NBSP = "\u00a0";

export class Expiry {
  /** `places`: elements that show the countdown. `due()` is called once when time is up. */
  constructor({ places, words, due }) {
    Object.assign(this, { places, words, due });
    this.offset = 0;
    this.endsAt = null;
    this.timer = setInterval(() => this.tick(), 1000);
  }

  /** Learn the server's time and the end of access (ISO texts; no end: null). Changes made by the sender bind at once. */
  learn({ now, expires_at: endsAt }) {
    this.offset = Date.parse(now) - Date.now();
    const moment = endsAt ? Date.parse(endsAt) : null;
    if (moment !== this.endsAt) this.told = false;
    this.endsAt = moment;
    this.tick();
  }

  tick() {
    const left = this.endsAt === null ? null : this.endsAt - (Date.now() + this.offset);
    for (const place of this.places) {
      place.hidden = left === null;
      const words = place.querySelector("[data-expiry-words]");
      if (left !== null && words) words.textContent = this.sentence(left);
      place.classList.toggle("is-soon", left !== null && left < DAY);
    }
    if (left !== null && left <= 0 && !this.told) {
      this.told = true;
      this.due();
    }
  }

  sentence(left) {
    if (left >= DAY) {
      const day = new Intl.DateTimeFormat(document.documentElement.lang, { day: "numeric", month: "long", year: "numeric" });
      return this.words.until.replace("{day}", day.format(this.endsAt).replaceAll(" ", NBSP));
    }
    return this.words.expires_in.replace("{left}", span(left));
  }

  stop() {
    clearInterval(this.timer);
  }
}

/** 2 h 10 min, 9 min 41 s, 12 s: the two largest units. */
export function span(ms) {
  const total = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  if (hours) return `${hours}${NBSP}h` + (minutes ? ` ${minutes}${NBSP}min` : "");
  if (minutes) return `${minutes}${NBSP}min` + (minutes < 10 && seconds ? ` ${seconds}${NBSP}s` : "");
  return `${seconds}${NBSP}s`;
}

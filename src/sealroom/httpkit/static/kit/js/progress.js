// SPDX-License-Identifier: Apache-2.0
// How far an upload is, in words: "Uploading, 3 of 12 MB · about 20 s left". The words come from the page's data attributes.

const SURE_AFTER = 2000; // ms; before that the time left is a guess

export class Progress {
  /** words: a dataset with kb, mb, gb, uploading ("{done}", "{total}") and left ("{time}"). */
  constructor(words) {
    this.words = words;
  }

  /** `bytes` in the unit that suits `total`, without the unit. */
  amount(bytes, total) {
    const [unit] = this.unit(total);
    return new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: unit > 1e6 ? 1 : 0 }).format(bytes / unit);
  }

  /** `total` with its unit. */
  whole(total) {
    return `${this.amount(total, total)}\u00a0${this.unit(total)[1]}`;
  }

  unit(total) {
    const { kb, mb, gb } = this.words;
    return total >= 1e9 ? [1e9, gb] : total >= 1e6 ? [1e6, mb] : [1e3, kb];
  }

  /** The line under the name. `started`: when this stretch began, `from`: how many bytes had come before it. */
  line(done, total, started, from = 0) {
    const text = this.words.uploading.replace("{done}", this.amount(done, total)).replace("{total}", this.whole(total));
    const spent = Date.now() - started;
    const seconds = (spent / 1000) * ((total - done) / Math.max(done - from, 1));
    if (spent < SURE_AFTER || seconds < 3) return text;
    const time = seconds < 90 ? `${Math.ceil(seconds / 5) * 5}\u00a0s` : `${Math.ceil(seconds / 60)}\u00a0min`;
    return `${text} · ${this.words.left.replace("{time}", time)}`;
  }
}

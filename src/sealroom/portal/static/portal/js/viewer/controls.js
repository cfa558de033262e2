// SPDX-License-Identifier: Apache-2.0
// Hands: bar, keys, wheel, fingers.

const LINE = 64;
const TURN_PAUSE = 350; // ms
const SWIPE = 64; // CSS pixels

export class Controls {
  /** `deeds`: what other parts do, by the name in `data-do`; find and print may refuse. */
  constructor({ root, desk, book, deeds }) {
    Object.assign(this, { root, desk, book });
    this.deeds = {
      previous: () => desk.goTo(desk.current - 1, { smooth: true }),
      next: () => desk.goTo(desk.current + 1, { smooth: true }),
      first: () => desk.goTo(1),
      last: () => desk.goTo(book.count),
      "zoom-in": () => this.fit(book.step(desk.current, 1)),
      "zoom-out": () => this.fit(book.step(desk.current, -1)),
      "fit-width": () => this.fit("width"),
      "fit-page": () => this.fit("page"),
      "fit-natural": () => this.fit(1),
      reset: () => this.fit("auto"),
      rotate: () => this.turnRound(),
      full: () => this.full(),
      jump: () => this.jumpField()?.select(),
      pages: () => this.togglePages(),
      single: () => this.single(true),
      continuous: () => this.single(false),
      mode: () => this.single(!book.single),
      ...deeds,
    };
    this.bindBar();
    this.bindKeys();
    this.bindWheel();
    this.bindFingers();
  }

  jumpField() {
    const field = this.root.querySelector("[data-jump] input");
    field?.focus();
    return field;
  }

  bindBar() {
    this.root.addEventListener("click", (event) => {
      const name = event.target.closest("[data-do]")?.dataset.do;
      if (name) this.deeds[name]?.();
      const opened = event.target.closest("[data-close-menu]")?.closest("details");
      if (opened) opened.open = false;
    });
    const form = this.root.querySelector("[data-jump]");
    form?.addEventListener("submit", (event) => {
      event.preventDefault();
      this.desk.goTo(Number.parseInt(form.querySelector("input").value, 10) || this.desk.current);
      this.desk.root.focus();
    });
    form?.querySelector("input").addEventListener("blur", () => this.show());
    document.addEventListener("fullscreenchange", () => {
      for (const button of this.root.querySelectorAll('[data-do="full"]')) button.setAttribute("aria-pressed", String(Boolean(document.fullscreenElement)));
    });
    if (!document.fullscreenEnabled) for (const button of this.root.querySelectorAll('[data-do="full"]')) button.hidden = true;
  }

  bindKeys() {
    const [left, right] = document.documentElement.dir === "rtl" ? ["next", "previous"] : ["previous", "next"];
    const keys = {
      ArrowLeft: left, ArrowRight: right, PageUp: "previous", PageDown: "next", Home: "first", End: "last",
      "+": "zoom-in", "=": "zoom-in", "-": "zoom-out", 0: "reset", f: "full", r: "rotate", g: "jump", c: "mode", "/": "find", Escape: "unfind",
    };
    addEventListener("keydown", (event) => {
      if (this.command(event)) return;
      if (event.ctrlKey || event.metaKey || event.altKey || this.root.classList.contains("is-ended")) return;
      if (event.target.closest("input, textarea, select, dialog[open], details[open] .menu-panel")) return;
      const scroll = { ArrowUp: -LINE, ArrowDown: LINE }[event.key];
      if (scroll && !event.target.closest(".viewer-side")) this.desk.root.scrollBy({ top: scroll, behavior: "instant" });
      else if (event.key === " " && !event.target.closest("button, a, summary")) this.page(event.shiftKey ? -1 : 1);
      else if (keys[event.key] ?? keys[event.key.toLowerCase()]) this.deeds[keys[event.key] ?? keys[event.key.toLowerCase()]]();
      else return;
      event.preventDefault();
    });
  }

  /** Ctrl or Cmd with P and F: ours where the right is there, the browser's otherwise (which prints a sentence and finds nothing). */
  command(event) {
    const name = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && { p: "print", f: "find" }[event.key.toLowerCase()];
    if (!name || this.root.classList.contains("is-ended") || document.querySelector("dialog[open]")) return false;
    const did = this.deeds[name]();
    if (did) event.preventDefault();
    return did;
  }

  page(direction) {
    if (this.book.single && this.atEdge(direction)) {
      this.deeds[direction > 0 ? "next" : "previous"]();
      return;
    }
    this.desk.root.scrollBy({ top: direction * this.desk.root.clientHeight * 0.9, behavior: "instant" });
  }

  atEdge(direction) {
    const { scrollTop, clientHeight, scrollHeight } = this.desk.root;
    return direction > 0 ? scrollTop + clientHeight >= scrollHeight - 2 : scrollTop <= 1;
  }

  single(on) {
    this.desk.setSingle(on);
    for (const button of document.querySelectorAll('[data-do="single"], [data-do="continuous"]')) {
      button.setAttribute("aria-pressed", String((button.dataset.do === "single") === on));
    }
    this.show();
  }

  /** With one page on the desk, a wheel or a swipe that cannot scroll turns the page. */
  turnBy(direction) {
    const now = performance.now();
    if (!this.book.single || !this.atEdge(direction) || now - (this.turnedAt ?? 0) < TURN_PAUSE) return;
    this.turnedAt = now;
    this.deeds[direction > 0 ? "next" : "previous"]();
  }

  bindWheel() {
    this.desk.root.addEventListener("wheel", (event) => {
      if (!event.ctrlKey) {
        if (Math.abs(event.deltaY) > 4) this.turnBy(Math.sign(event.deltaY));
        return;
      }
      event.preventDefault();
      this.zoomBy(Math.exp(-Math.max(-60, Math.min(60, event.deltaY)) * 0.008), this.pointOf(event));
    }, { passive: false });
    this.desk.root.addEventListener("dblclick", (event) => {
      const near = typeof this.book.fit === "number" && this.book.fit > 1;
      this.fit(near ? "auto" : 2, this.pointOf(event));
    });
  }

  bindFingers() {
    let before = null;
    let start = null;
    const spread = (touches) => Math.hypot(touches[0].clientX - touches[1].clientX, touches[0].clientY - touches[1].clientY);
    this.desk.root.addEventListener("touchstart", (event) => {
      before = event.touches.length === 2 ? spread(event.touches) : null;
      start = event.touches.length === 1 ? { x: event.touches[0].clientX, y: event.touches[0].clientY } : null;
    }, { passive: true });
    this.desk.root.addEventListener("touchmove", (event) => {
      if (event.touches.length !== 2 || !before) return;
      event.preventDefault();
      const [one, two] = event.touches;
      const middle = { clientX: (one.clientX + two.clientX) / 2, clientY: (one.clientY + two.clientY) / 2 };
      const now = spread(event.touches);
      this.zoomBy(now / before, this.pointOf(middle));
      before = now;
    }, { passive: false });
    this.desk.root.addEventListener("touchend", (event) => {
      before = null;
      const end = event.changedTouches[0];
      if (!start || !this.book.single || this.book.width > this.desk.root.clientWidth + 1) return;
      const [across, down] = [end.clientX - start.x, end.clientY - start.y];
      if (Math.abs(across) > SWIPE && Math.abs(across) > 2 * Math.abs(down)) this.deeds[across < 0 ? "next" : "previous"]();
    }, { passive: true });
  }

  pointOf({ clientX, clientY }) {
    const frame = this.desk.root.getBoundingClientRect();
    return { x: clientX - frame.left, y: clientY - frame.top };
  }

  zoomBy(factor, point) {
    const scale = this.book.scales[this.desk.current - 1] * factor;
    this.fit(Math.min(4, Math.max(0.25, scale)), point);
  }

  fit(fit, point = null) {
    this.desk.layout(() => (this.book.fit = fit), point);
    this.show();
  }

  turnRound() {
    this.desk.layout(() => (this.book.rotation = (this.book.rotation + 90) % 360));
    this.desk.goTo(this.desk.current);
  }

  full() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.().catch(() => {});
  }

  togglePages(open = !this.root.classList.contains("shows-pages")) {
    this.root.classList.toggle("shows-pages", open);
    for (const button of this.root.querySelectorAll('[data-do="pages"]')) button.setAttribute("aria-expanded", String(open));
  }

  /** Write page number, zoom and what is possible into the bar. */
  show() {
    const page = this.desk.current;
    const field = this.root.querySelector("[data-jump] input");
    if (field && document.activeElement !== field) field.value = page;
    for (const place of document.querySelectorAll("[data-page-now]")) place.textContent = page;
    const percent = Math.round(this.book.scales[page - 1] * 100);
    for (const place of document.querySelectorAll("[data-zoom-now]")) place.textContent = place.dataset.zoomNow.replace("{percent}", percent);
    this.enable("previous", page > 1);
    this.enable("next", page < this.book.count);
    this.enable("zoom-out", this.book.scales[page - 1] > 0.26);
    this.enable("zoom-in", this.book.scales[page - 1] < 3.99);
  }

  enable(name, possible) {
    // aria-disabled keeps the button in the order of keys, where a reader expects it.
    for (const button of document.querySelectorAll(`[data-do="${name}"]`)) button.setAttribute("aria-disabled", String(!possible));
  }
}

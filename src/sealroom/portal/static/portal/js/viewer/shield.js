// SPDX-License-Identifier: Apache-2.0
// The screen shield: everything is covered but a clear window that follows pointer, finger or keys; all of it while the browser is
// not in front or a key for screen pictures was seen. It cannot stop a camera, nor a program that films the screen, and says so.

const STEP = 48; // CSS pixels a key moves the window
const COVERED_FOR = 2500; // ms after a key for screen pictures
const ABOVE_FINGER = 84; // CSS pixels: a finger must not lie on what it shows

export class Shield {
  /** `hooks`: mayPrint(). */
  constructor({ root, desk, element, hooks }) {
    Object.assign(this, { root, desk, element, hooks });
    this.window = element.querySelector("[data-shield-window]");
    this.place = { x: 0.5, y: 0.3 };
    desk.addEventListener("pointermove", (event) => event.pointerType !== "touch" && this.follow(event, 0), { passive: true });
    for (const name of ["touchstart", "touchmove"]) {
      desk.addEventListener(name, (event) => event.touches.length === 1 && this.follow(event.touches[0], ABOVE_FINGER), { passive: true });
    }
    this.window.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(element);
    addEventListener("blur", () => this.cover(true));
    addEventListener("focus", () => this.cover(false));
    document.addEventListener("visibilitychange", () => this.cover(document.hidden || !document.hasFocus()));
    addEventListener("beforeprint", () => this.cover(true));
    addEventListener("afterprint", () => this.cover(!document.hasFocus()));
    addEventListener("keydown", (event) => this.watch(event), { capture: true });
    addEventListener("keyup", (event) => event.key === "PrintScreen" && this.captured(), { capture: true });
  }

  /** "" takes the shield away; small, medium and large are sizes of the window. */
  set(size) {
    this.size = size;
    this.element.hidden = !size;
    this.element.dataset.size = size;
    this.root.classList.toggle("has-shield", Boolean(size));
    if (!size) this.cover(false);
    this.draw();
  }

  cover(on) {
    this.root.classList.toggle("is-covered", Boolean(this.size) && on);
  }

  follow({ clientX, clientY }, above) {
    if (!this.size) return;
    const box = this.element.getBoundingClientRect();
    this.place = { x: (clientX - box.left) / box.width, y: (clientY - above - box.top) / box.height };
    this.element.classList.add("is-moved");
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    this.frame = null;
    const { clientWidth: width, clientHeight: height } = this.element;
    if (!width) return;
    const [own, tall] = [this.window.offsetWidth, this.window.offsetHeight];
    const x = Math.min(width - own, Math.max(0, this.place.x * width - own / 2));
    const y = Math.min(height - tall, Math.max(0, this.place.y * height - tall / 2));
    this.window.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  /** Arrows move the window; at an edge they move the page under it. */
  key(event) {
    const move = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] }[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const { clientWidth: width, clientHeight: height } = this.element;
    const step = event.shiftKey ? 3 * STEP : STEP;
    const wished = { x: this.place.x + (move[0] * step) / width, y: this.place.y + (move[1] * step) / height };
    const [across, down] = [this.window.offsetWidth / width / 2, this.window.offsetHeight / height / 2];
    this.place = { x: within(wished.x, across), y: within(wished.y, down) };
    if (wished.y !== this.place.y) this.desk.scrollBy({ top: move[1] * step, behavior: "instant" });
    this.element.classList.add("is-moved");
    this.draw();
  }

  /** Keys that are known to take a picture of the screen, to save or to print. */
  watch(event) {
    if (!this.size) return;
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const pictures = event.key === "PrintScreen" || (event.metaKey && event.shiftKey && ["3", "4", "5", "s", "#", "$", "%"].includes(key));
    if (pictures || (command && (key === "s" || (key === "p" && !this.hooks.mayPrint())))) this.captured();
    if (command && key === "s") event.preventDefault();
  }

  captured() {
    if (!this.size) return;
    this.cover(true);
    clearTimeout(this.returning);
    this.returning = setTimeout(() => this.cover(document.hidden || !document.hasFocus()), COVERED_FOR);
    navigator.clipboard?.writeText("").catch(() => {});
  }
}

function within(value, half) {
  return half >= 0.5 ? 0.5 : Math.min(1 - half, Math.max(half, value));
}

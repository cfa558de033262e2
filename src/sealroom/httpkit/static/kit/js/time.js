// SPDX-License-Identifier: Apache-2.0
// <time datetime data-local="moment|date|time|full">: written again in the zone of this browser. UTC stays in the title.
// data-countdown="ISO moment": counts down in the page's language; at zero sends kit:ended from the element and, with
// data-countdown-show="selector", shows what was hidden until then.
const language = document.documentElement.lang || "en";
const format = (options) => new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, options);

// data-pattern shows the server's way to join a day and a clock: "|, 08:00" or "| à 8 h 00".
function clockText(moment, pattern) {
  const hour = moment.getHours();
  const [, padding, mark] = pattern.match(/(0?)8(.+?)00$/) ?? ["", "0", ":"];
  return `${padding ? String(hour).padStart(2, "0") : hour}${mark}${String(moment.getMinutes()).padStart(2, "0")}`;
}

function localText(moment, { local: style, today = "", pattern = "|, 08:00" }) {
  const now = new Date();
  const clock = clockText(moment, pattern);
  const join = (day) => pattern.replace(/0?8.+?00$/, clock).replace("|", day);
  if (style === "time") return clock;
  if (style === "moment" && moment.toDateString() === now.toDateString()) return join(today);
  const full = style === "full";
  const year = full || moment.getFullYear() !== now.getFullYear() ? { year: "numeric" } : {};
  const day = format({ day: "numeric", month: full ? "long" : "short", ...year }).format(moment).replaceAll(" ", "\u00a0");
  return style === "date" ? day : join(day);
}

function localise(root) {
  for (const element of root.querySelectorAll?.("time[data-local]") ?? []) {
    const moment = new Date(element.dateTime);
    if (!Number.isNaN(moment.valueOf())) element.textContent = localText(moment, element.dataset);
    element.removeAttribute("data-local");
  }
}

function left(seconds) {
  const days = Math.floor(seconds / 86400), hours = Math.floor(seconds / 3600) % 24, minutes = Math.floor(seconds / 60) % 60, rest = seconds % 60;
  const space = "\u00a0";
  if (days) return `${days}${space}d ${hours}${space}h`.replace(`${space}d`, `${space}${language.startsWith("fr") ? "j" : "d"}`);
  if (hours) return `${hours}${space}h ${minutes}${space}min`;
  return minutes ? `${minutes}${space}min ${rest}${space}s` : `${rest}${space}s`;
}

function tick() {
  for (const element of document.querySelectorAll("[data-countdown]")) {
    const seconds = Math.max(0, Math.round((new Date(element.dataset.countdown) - Date.now()) / 1000));
    const target = element.querySelector("[data-countdown-text]") ?? element;
    const text = left(seconds);
    if (target.textContent !== text) target.textContent = text;
    if (seconds > 0) continue;
    const after = element.dataset.countdownShow && document.querySelector(element.dataset.countdownShow);
    if (after) { after.hidden = false; element.hidden = true; }
    element.removeAttribute("data-countdown");
    element.dispatchEvent(new CustomEvent("kit:ended", { bubbles: true }));
  }
}

localise(document);
document.addEventListener("htmx:load", (event) => localise(event.target.parentElement ?? document));
tick();
setInterval(tick, 1000);

// SPDX-License-Identifier: Apache-2.0
// Plays one film or sound. The server judges every range it sends; the moment it refuses, the player is emptied.

import { Expiry } from "./viewer/expiry.js";
import { ENDED, ask, problemOf } from "./viewer/loader.js";
import { Pulse } from "./viewer/pulse.js";

const LOOK_AGAIN = 1500; // ms

function start(root) {
  const facts = JSON.parse(document.getElementById("player-facts").textContent);
  const { words } = facts;
  const find = (name) => root.querySelector(`[data-${name}]`);
  const [film, stage, wait] = [find("film"), find("stage"), find("wait")];
  const parts = {};
  let over = false;

  const end = (problem) => {
    if (over) return;
    over = true;
    parts.pulse?.stop();
    parts.expiry?.stop();
    empty(film);
    root.classList.add("is-ended");
    const card = find("ended");
    find("ended-title").textContent = problem.title || words.ended.title;
    find("ended-advice").textContent = problem.detail || words.ended.detail;
    find("ended-again").hidden = problem.status !== 401;
    card.hidden = false;
    find("ended-title").focus();
  };

  const say = (text, percent = null) => {
    wait.hidden = false;
    find("wait-words").textContent = text;
    const bar = find("wait-bar");
    bar.hidden = percent === null;
    bar.value = percent ?? 0;
  };

  const follow = async (state) => {
    if (over) return;
    if (state.state === "failed") return void say(words.failed);
    if (state.state === "waiting") {
      say(words.marking.replace("{percent}", state.percent), state.percent);
      setTimeout(() => look().then(follow, () => setTimeout(() => follow(state), LOOK_AGAIN)), LOOK_AGAIN);
      return undefined;
    }
    wait.hidden = true;
    stage.hidden = false;
    film.src = facts.media;
    return undefined;
  };

  async function look() {
    const answer = await ask(facts.progress);
    if (ENDED.has(answer.status)) {
      end(await problemOf(answer));
      throw new Error("ended");
    }
    return answer.json();
  }

  // A media element does not tell why it stopped: ask. A passing fault is tried again from the same place.
  let tries = 0;
  film.addEventListener("error", async () => {
    if (over || !film.getAttribute("src")) return;
    const at = film.currentTime;
    const answer = await ask(facts.media, { method: "HEAD" }).catch(() => null);
    if (answer && (ENDED.has(answer.status) || answer.status === 403)) return void end(await whole(facts.media, answer));
    tries += 1;
    if (tries > 5) return void say(words.broken);
    setTimeout(() => {
      if (over) return;
      film.src = facts.media;
      film.currentTime = at;
    }, 1000 * tries);
  });
  film.addEventListener("playing", () => (tries = 0));
  film.addEventListener("contextmenu", (event) => event.preventDefault());

  parts.pulse = new Pulse({
    address: `${facts.address}seen/`,
    token: root.querySelector("[name=csrfmiddlewaretoken]").value,
    onScreen: () => (film.paused || film.ended ? [] : [1]),
    hooks: {
      ended: end,
      state: (state) => {
        parts.expiry.learn(state);
        if (state.version !== facts.version) find("replaced").hidden = false;
      },
      unsure: (on) => {
        find("offline").hidden = !on;
        if (on) film.pause();
      },
    },
  });
  film.addEventListener("timeupdate", () => (parts.pulse.lastSign = performance.now())); // who watches need not move a hand
  parts.expiry = new Expiry({
    places: [find("expiry")],
    words,
    due: async () => {
      await parts.pulse.beat();
      if (!over && parts.expiry.told) setTimeout(() => parts.expiry.told && end({ status: 410, ...words.expired }), 1500);
    },
  });
  parts.expiry.learn(facts);
  if (facts.form === "laid_over") layOver(stage, find("mark"), find("full"), film, facts.lines);
  follow(facts);
}

/** A HEAD has no body: the refusal's words come with a short range. */
async function whole(address, fallback) {
  const answer = await ask(address, { headers: { Range: "bytes=0-0" } }).catch(() => fallback);
  return problemOf(answer);
}

/** Leave nothing of it in the element, nor in what it has buffered. */
function empty(film) {
  film.pause();
  film.removeAttribute("src");
  film.load();
}

/** The mark over the picture, in full screen too: there the stage fills the screen, not the element. */
function layOver(stage, mark, full, film, lines) {
  for (let index = 0; index < 24; index += 1) {
    const words = document.createElement("span");
    words.textContent = lines.join(" · ");
    mark.append(words);
  }
  mark.hidden = false;
  film.setAttribute("controlslist", "nodownload noremoteplayback nofullscreen");
  full.hidden = !stage.requestFullscreen;
  full.addEventListener("click", () => (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen()));
}

const root = document.querySelector("[data-player]");
if (root) {
  start(root);
  document.querySelector("[data-needs-script]")?.remove();
}

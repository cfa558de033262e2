// SPDX-License-Identifier: Apache-2.0
/* The pane beside a mail: what would be protected, for whom, at what price; then the deed, step by step. */

import { Protection } from "./core.js";
import { Files } from "./files.js";
import { History } from "./history.js";
import { Library } from "./library.js";
import { Mailbox } from "./mailbox.js";
import { element, get, say, show, translate } from "./page.js";
import { sentenceOf } from "./sentences.js";
import { Refusal, Server } from "./server.js";
import { browserKeeper, language, version } from "./session.js";
import { Trouble } from "./uploads.js";
import { wordsIn } from "./words.js";

/** @typedef {import("./survey.js").Survey} Survey */
/** @typedef {import("./core.js").Price} Price */

let words = wordsIn(language()); // of the browser, until Outlook says which it speaks

/** @param {string} version */
const supports = (version) => Office.context.requirements.isSetSupported("Mailbox", version);

/** The policy, for the send check: it has no network and no token. @param {any} policy */
function leavePolicy(policy) {
  const { mode, min_bytes, internal_domains } = policy;
  Office.context.roamingSettings.set("sealroom", { mode, min_bytes, internal_domains });
  return new Promise((resolve) => { Office.context.roamingSettings.saveAsync(resolve); });
}

class Pane {
  isBusy = false;
  /** @type {Price | null} */ price = null;
  /** @type {Survey | null} */ seen = null;
  /** What the last commit of this mail charged, in words. */ charged = "";

  constructor() {
    this.keeper = browserKeeper();
    this.server = new Server(location.origin, this.keeper, language());
    this.mailbox = new Mailbox(/** @type {Office.MessageCompose} */ (Office.context.mailbox.item), supports);
    this.protection = new Protection(this.mailbox, this.server, (stage, facts = {}) => this.tell(stage, facts));
    this.history = new History(this.server, words, {
      run: (deed) => this.run(deed),
      home: () => this.#home(),
      ended: (id) => this.protection.forget(id),
      said: (text) => this.#announce(text),
    });
    this.files = new Files(this.protection, words, (deed) => { this.withPrice(null); return this.run(deed); });
    this.library = new Library(this.server, words, {
      run: (deed) => this.run(deed),
      add: (documents) => this.#addPresent(documents),
      close: () => this.#closeLibrary(),
    });
  }

  begin() {
    this.#listen("sign-in", "click", () => this.signIn());
    this.#listen("sign-out", "click", () => this.run(async () => {
      await this.server.signOut();
      this.leave("");
    }));
    this.#listen("show-mail", "click", () => this.view("mail"));
    this.#listen("show-sent", "click", () => { this.view("history"); return this.run(() => this.history.load()); });
    this.#listen("protect", "click", () => this.protect());
    this.#listen("confirm", "click", () => this.run(() => this.finish()));
    this.#listen("not-now", "click", () => this.withPrice(null));
    for (const id of ["words", "quoted"]) this.#listen(id, "change", () => { this.withPrice(null); return this.refresh(); });
    this.#listen("preset", "change", () => this.withPrice(null));
    this.#listen("from-library", "click", () => this.#openLibrary());
    this.#listen("picker", "change", () => this.choose([...get("picker").files]));
    this.#watchDrops();
    show("not-lasting", !this.keeper.isLasting);
    return this.server.isSignedIn ? this.run(() => this.enter()) : this.leave("");
  }

  /** @param {string} id @param {string} event @param {(event: any) => unknown} deed */
  #listen(id, event, deed) {
    get(id).addEventListener(event, deed);
  }

  #watchDrops() {
    for (const type of ["dragover", "drop"]) window.addEventListener(type, (event) => event.preventDefault());
    this.#listen("drop", "dragover", () => get("drop").classList.add("over"));
    this.#listen("drop", "dragleave", () => get("drop").classList.remove("over"));
    this.#listen("drop", "drop", (event) => {
      get("drop").classList.remove("over");
      return this.choose([...event.dataTransfer.files]);
    });
  }

  /** Nobody is signed in. @param {string} why */
  leave(why) {
    for (const id of ["mail", "history", "library", "views", "foot", "state"]) show(id, false);
    say("credits", "");
    say("alert", why);
    show("outside", true);
  }

  signIn() {
    say("alert", "");
    say("state", words.signingIn);
    const url = new URL(`signin.html?v=${encodeURIComponent(version)}`, location.href).href;
    Office.context.ui.displayDialogAsync(url, { height: 60, width: 35, promptBeforeOpen: false }, (result) => {
      if (String(result.status) !== "succeeded") {
        say("state", "");
        say("alert", words.dialogFailed);
        return;
      }
      const dialog = result.value;
      dialog.addEventHandler(Office.EventType.DialogMessageReceived, (/** @type {any} */ heard) => {
        if (heard.origin && heard.origin !== location.origin) return;
        const { access, refresh, home } = JSON.parse(heard.message);
        dialog.close();
        say("state", "");
        this.keeper.save({ access, refresh, home });
        this.run(() => this.enter());
      });
      dialog.addEventHandler(Office.EventType.DialogEventReceived, () => say("state", ""));
    });
  }

  /** Somebody is signed in: learn who, and what his team allows. */
  async enter() {
    const me = await this.server.call("GET", "/me");
    await leavePolicy(me.policy);
    this.protection.limits = me.limits;
    this.credits(me.credits.available);
    get("who").textContent = words.signedInAs(me.user.email, me.team.name);
    show("required", me.policy.mode === "force");
    const presets = me.presets.map((/** @type {any} */ one) => {
      const option = /** @type {HTMLOptionElement} */ (element("option", { text: one.name }));
      [option.value, option.selected] = [one.id, one.is_default];
      return option;
    });
    get("preset").replaceChildren(...presets);
    show("preset-row", presets.length > 0);
    await this.protection.load();
    await this.mailbox.listen(() => this.refresh());
    show("outside", false);
    for (const id of ["views", "foot"]) show(id, true);
    this.view("mail");
  }

  async #openLibrary() {
    this.view("library");
    await this.run(() => this.library.open());
    get("search").focus();
  }

  #closeLibrary() {
    this.view("mail");
    get("from-library").focus();
  }

  /** @param {import("./library.js").Present[]} documents */
  async #addPresent(documents) {
    this.withPrice(null);
    this.#closeLibrary();
    await this.run(() => this.protection.choosePresent(documents));
  }

  /** @param {"mail" | "history" | "library"} which */
  view(which) {
    this.#announce("");
    for (const id of ["mail", "history", "library"]) show(id, which === id);
    if (which === "mail" && this.seen) this.#draw(this.seen);
    get("show-mail").setAttribute("aria-pressed", String(which === "mail"));
    get("show-sent").setAttribute("aria-pressed", String(which === "history"));
  }

  /** @param {number} available */
  credits(available) {
    say("credits", words.creditsLeft(available));
  }

  /** One deed at a time; what goes wrong is said, and the mail is looked at again. @param {() => Promise<unknown>} deed */
  async run(deed) {
    if (this.isBusy) return;
    this.isBusy = true;
    const before = /** @type {HTMLElement} */ (document.activeElement);
    say("alert", "");
    this.#lock(true);
    try {
      await deed();
    } catch (fault) {
      this.complain(fault);
    }
    this.isBusy = false;
    this.#lock(false);
    show("progress", false);
    await this.refresh();
    this.#refocus(before);
  }

  /** What is locked or hidden loses the keyboard: it goes on where it was, or at the next step. @param {HTMLElement} before */
  #refocus(before) {
    const isLost = document.activeElement === document.body || !document.activeElement?.checkVisibility();
    if (!isLost || before === document.body) return;
    const next = [before, get("confirm"), get("not-now"), get("protect"), get("show-mail"), get("sign-in")];
    next.find((one) => one.isConnected && one.checkVisibility())?.focus();
  }

  /** @param {boolean} isLocked */
  #lock(isLocked) {
    const controls = document.querySelectorAll("main button, main input, main select, #sign-out");
    for (const one of controls) /** @type {HTMLButtonElement} */ (one).disabled = isLocked;
  }

  /** @param {unknown} fault */
  complain(fault) {
    this.#announce("");
    if (fault instanceof Refusal && fault.code === "signed_out") {
      this.leave(words.signedOut);
      return;
    }
    say("alert", sentenceOf(fault, words, (document) => this.protection.uploads.nameOf(document)));
    const buy = fault instanceof Refusal ? fault.facts.buy_url : undefined;
    if (buy) get("buy").href = buy;
    show("buy", Boolean(buy));
    get("alert").scrollIntoView({ block: "nearest" });
  }

  /** @param {string} stage @param {Record<string, any>} facts */
  tell(stage, facts) {
    const said = {
      uploading: () => words.uploading(facts.k, facts.n, facts.name), drafting: () => words.drafting,
      committing: () => words.committing, inserting: () => words.inserting, removing: () => words.removing(facts.name),
      header: () => words.header,
    }[stage];
    this.#announce(said ? said() : "");
    show("progress", Boolean(said));
    if (stage === "uploading") get("progress").value = (facts.k - 1) / facts.n;
  }

  /** @param {string} text @param {boolean} [isGood] */
  #announce(text, isGood = false) {
    get("state").className = isGood ? "notice good" : "notice";
    say("state", text);
  }

  /** @param {File[]} files */
  async choose(files) {
    get("picker").value = "";
    if (!files.length || this.protection.isUnfinished) return;
    this.withPrice(null);
    await this.run(() => this.protection.choose(files));
  }

  protect() {
    return this.run(async () => {
      if (this.protection.isUnfinished) {
        await this.finish();
        return;
      }
      this.#announce(words.checking);
      const price = await this.protection.prepare(this.#wish());
      this.#announce("");
      this.withPrice(price);
    });
  }

  #wish() {
    return { words: get("words").checked, quoted: get("quoted").checked, preset: get("preset").value || null };
  }

  /** @param {Price | null} price */
  withPrice(price) {
    this.price = price;
    show("price", price !== null);
    for (const id of ["confirm", "not-now"]) show(id, price !== null);
    show("buy", false);
    if (price) {
      this.credits(price.available);
      get("cost").textContent = words.price(price.cost);
      get("sum").textContent = words.priceOf(price.files, price.people);
      get("after").textContent = price.enough ? words.after(price.after) : "";
      get("confirm").textContent = price.cost ? words.confirm(price.cost) : words.confirmFree;
      show("confirm", price.enough);
      if (!price.enough) say("alert", words.short(price.cost, price.available));
    }
    this.#buttons();
  }

  async finish() {
    try {
      const { charged, available, left } = await this.protection.finish();
      this.withPrice(null);
      this.credits(available);
      this.charged = words.doneFor(charged);
      get("words").checked = get("quoted").checked = false;
      if (left.length) say("alert", words.left(left.join(", ")));
      await this.mailbox.announce(words.announce);
    } catch (fault) {
      this.withPrice(null);
      if (!(fault instanceof Trouble) || fault.code !== "changed") throw fault;
      this.withPrice(await this.protection.prepare(this.#wish()));
      say("alert", words.changed);
    }
  }

  /** Look at the mail again. */
  async refresh() {
    if (this.isBusy || !this.server.isSignedIn || get("views").hidden) return;
    try {
      this.seen = await this.protection.survey(get("quoted").checked);
    } catch (fault) {
      this.complain(fault);
      return;
    }
    this.#draw(this.seen);
  }

  /** @param {Survey} seen */
  #draw(seen) {
    const people = new Set(seen.recipients.map((one) => one.email.trim().toLowerCase())).size;
    get("recipients").textContent = words.recipients(people);
    this.files.draw(seen);
    const warnings = this.#warnings(seen);
    get("warnings").replaceChildren(...warnings.map((text) => element("li", { text })));
    this.#buttons();
    const isReady = this.protection.isProtected && get("protect").hidden && !this.price;
    if (isReady && !get("mail").hidden) this.#announce(`${words.done} ${this.charged}`.trim(), true);
    else if (get("state").classList.contains("good")) this.#announce("");
  }

  /** What to know before one goes on. @param {Survey} seen */
  #warnings(seen) {
    const { protection } = this;
    const warnings = seen.recipients.filter((one) => one.isList).map((one) => words.list(one.email));
    if (protection.isUnfinished) warnings.unshift(words.unfinished);
    else if (protection.isBehind(seen)) warnings.unshift(words.behind);
    else if (!protection.isProtected && seen.letter.rest.includes(`${this.#home()}/v/`)) warnings.unshift(words.thread);
    if (seen.clouds.length) warnings.push(words.clouds(seen.clouds.map((one) => one.name).join(", ")));
    if (seen.unsent && get("words").checked) warnings.push(words.pictures(seen.unsent));
    if (protection.lost) warnings.push(words.lost(protection.lost));
    return warnings;
  }

  #home() {
    return this.keeper.load()?.home ?? location.origin;
  }

  #buttons() {
    const { isUnfinished, isProtected } = this.protection;
    const isBehind = this.seen !== null && this.protection.isBehind(this.seen);
    const hasMore = (this.seen?.files.length ?? 0) + this.protection.chosen.length > 0 || get("words").checked;
    get("protect").textContent = isUnfinished ? words.finish : isBehind ? words.update : words.protect;
    show("protect", !this.price && (isUnfinished || isBehind || hasMore || !isProtected));
    for (const id of ["wish", "pick"]) show(id, !isUnfinished);
    show("words-box", !isProtected);
    show("quoted-row", get("words").checked && (get("quoted").checked || Boolean(this.seen?.letter.rest)));
  }
}

/** Until Outlook answers, and where it never does, the page says where it belongs. */
async function start() {
  say("outside-words", globalThis.Office ? words.openInOutlook : words.noLibrary);
  show("sign-in", false);
  show("outside", true);
  if (!globalThis.Office) return;
  const ready = await Office.onReady();
  words = wordsIn(language());
  translate(words, language());
  if (String(ready?.host) !== "Outlook" || !Office.context.mailbox?.item) return;
  const isNew = supports("1.8");
  say("outside-words", isNew ? words.signInIntro : words.tooOld);
  show("sign-in", isNew);
  if (isNew) await new Pane().begin();
}

translate(words, language());
await start();

// SPDX-License-Identifier: Apache-2.0
// A mail from "off" to "sent". It knows mails, files and the worker; where things are in Gmail's page, the adapter knows. Whatever goes
// wrong, the mail stays where it is, with its files, and the bar says why.
"use strict";

(() => {
  const { adapter, ask, built, policy, Refusal, ui, upload } = globalThis.sealroom;
  const { t } = ui;
  const LEFT_MS = 15_000; // how long Gmail may take to close a mail it sends
  const LOOKS_MS = [0, 300, 1200]; // when a mail that just opened is looked at for a link of ours: its text comes later
  const AT_ONCE = 2; // uploads
  const WAKE_MS = 500; // until a worker that does not answer is asked again

  /** @typedef {{key: string, name: string, size: number, file: ?File, document: string, state: string, sent: number, problem: ?Refusal,
   *   stop: AbortController}} Held a file that we keep from Gmail */

  let state = { known: false, enabled: false, signedIn: false, mode: "off", minBytes: 0, internalDomains: [], server: "", limits: null };
  let stopWatching = null;
  let passing = null; // the mail whose Send we press ourselves
  let giving = false; // files go to Gmail by our hand
  /** @type {Map<Object, Object>} what we know of each compose */
  const mails = new Map();

  // --- what is known ---------------------------------------------------------------------------------------------------------------

  async function refresh(fresh = false) {
    try {
      state = { ...(await ask({ type: "state", fresh })), known: true };
      adapter.use(state.selectors);
    } catch {
      // the worker does not answer: what was known stays
    }
    return state;
  }

  const rule = () => ({ mode: state.mode, minBytes: state.minBytes, internalDomains: state.internalDomains });

  function addressesOf(c) {
    const { to, cc, bcc } = adapter.recipients(c);
    return [...to, ...cc, ...bcc].map((one) => one.email);
  }

  function linksIn(c, own) {
    const body = adapter.bodyEl(c);
    if (!body || !state.server) return [];
    const links = [...body.querySelectorAll("a[href]")].filter((one) => one.href.startsWith(`${state.server}/v/`));
    return links.filter((one) => adapter.isOwn(one) === own);
  }

  // --- a mail ------------------------------------------------------------------------------------------------------------------------

  function opened(c) {
    const mail = {
      c, id: crypto.randomUUID(), on: state.startOn, explicit: false, decided: false, files: [], pending: [], words: false, kept: false,
      busy: false, status: "", warning: "", problem: null, question: null, broken: [], answer: null, link: "", pressed: "",
    };
    mail.bar = ui.bar({
      toggle: () => toggle(mail),
      words: (wanted) => {
        mail.words = wanted;
        draw(mail);
      },
      price: () => showPrice(mail),
      remove: (key) => removeFile(mail, key),
      panel: () => openPanel("#compose"),
    });
    mails.set(c, mail);
    adapter.mountBar(c, mail.bar.host);
    check(mail);
    draw(mail);
    for (const wait of LOOKS_MS) setTimeout(() => recognise(mail), wait);
  }

  /** A mail whose window closed: it has left if we pressed Send in it, else it was put away. */
  function closed(c) {
    const mail = mails.get(c);
    mails.delete(c);
    if (!mail) return;
    if (mail.answer && mail.pressed) ask({ type: "markSent", id: mail.id }).catch(() => null);
    else for (const one of mail.files) one.stop.abort();
  }

  /** Undo opens the mail anew, a crash leaves a draft: both go on with the send they belong to. A reply to a protected mail is protected. */
  async function recognise(mail) {
    if (!mail.c.root.isConnected || mail.busy || mail.answer || mail.files.length) return;
    const links = linksIn(mail.c, true).map((one) => one.href);
    const gmailDraft = adapter.draftId(mail.c);
    if ((links.length || gmailDraft) && !mail.found) {
      const found = await ask({ type: "find", by: { links, gmailDraft } }).catch(() => null);
      if (found && !mail.files.length && !mail.answer && !mail.found) {
        Object.assign(mail, { found: true, id: found.id, link: found.link, on: true, explicit: true, words: found.words, kept: found.words, status: t("adopted") });
        mail.files = found.documents.map((one) => ({
          ...one, key: crypto.randomUUID(), document: one.id, file: null, state: "done", sent: one.size, problem: null, stop: new AbortController(),
        }));
      }
    }
    if (!mail.on && !mail.decided && state.signedIn && linksIn(mail.c, false).length) mail.on = true;
    check(mail);
    draw(mail);
  }

  /** With protection on, Gmail's page must be as we know it. */
  function check(mail) {
    mail.broken = mail.on ? adapter.selfTest(mail.c) : [];
    if (mail.broken.length) mail.problem = refusalShown(mail, new Refusal({ code: "gmail_changed", facts: { missing: mail.broken } }));
    else if (mail.problem?.code === "gmail_changed") mail.problem = null;
  }

  async function toggle(mail) {
    if (mail.busy) return;
    if (mail.on && !mayTurnOff(mail)) {
      mail.problem = refusalShown(mail, new Refusal({ code: "forced" }));
      draw(mail);
      return;
    }
    Object.assign(mail, { on: !mail.on, explicit: true, decided: true, problem: null, question: null, status: "" });
    if (mail.on) {
      await refresh(true);
      if (!state.signedIn) mail.problem = refusalShown(mail, new Refusal({ code: state.server ? "signed_out" : "no_server" }));
      check(mail);
      upNext();
    } else await letGo(mail);
    draw(mail);
  }

  function mayTurnOff(mail) {
    const bytes = mail.files.reduce((sum, one) => sum + one.size, 0);
    return state.mode !== "force" || policy.isExempt(rule(), { bytes, addresses: addressesOf(mail.c) });
  }

  /** Protection is off: files we held become Gmail's, as their sender wants it; a send that was paid is called back. */
  async function letGo(mail) {
    if (mail.answer || mail.found) await takeBack(mail);
    const files = mail.files.map((one) => one.file).filter(Boolean);
    for (const one of mail.files) one.stop.abort();
    mail.files = [];
    if (files.length) handToGmail(mail, files);
  }

  function handToGmail(mail, files) {
    giving = true;
    const done = adapter.giveBack(mail.c, files);
    giving = false;
    if (!done) mail.problem = refusalShown(mail, new Refusal({ code: "add_again" }));
  }

  // --- files -------------------------------------------------------------------------------------------------------------------------

  /** @param {File[]} files */
  function hold(mail, files) {
    for (const file of files) {
      mail.files.push({
        key: crypto.randomUUID(), name: file.name, size: file.size, file, document: "", state: "waiting", sent: 0, problem: null, stop: new AbortController(),
      });
    }
    mail.status = "";
    const most = state.limits?.files;
    if (most && mail.files.length > most) mail.problem = refusalShown(mail, new Refusal({ code: "too_many_files", facts: { limit: most } }));
    draw(mail);
    refresh(true).then(() => upNext());
  }

  function removeFile(mail, key) {
    if (mail.busy) return;
    mail.files.find((one) => one.key === key)?.stop.abort();
    mail.files = mail.files.filter((one) => one.key !== key);
    if (!mail.broken.length) mail.problem = null;
    draw(mail);
    upNext();
  }

  /** Start uploads that wait, few at a time. */
  function upNext() {
    if (!state.signedIn) return;
    const all = [...mails.values()].filter((one) => one.on).flatMap((mail) => mail.files.map((one) => [mail, one]));
    const free = AT_ONCE - all.filter(([, one]) => one.state === "going").length;
    for (const [mail, one] of all.filter(([, held]) => held.state === "waiting").slice(0, Math.max(0, free))) send(mail, one);
  }

  async function send(mail, held) {
    const most = state.limits?.file_bytes;
    held.state = "going";
    try {
      if (most && held.size > most) throw new Refusal({ code: "too_large", facts: { limit: most } });
      const told = (sent) => {
        held.sent = sent;
        draw(mail);
      };
      held.document = await upload(held.file, told, held.stop.signal);
      held.state = "done";
    } catch (problem) {
      held.state = "failed";
      held.problem = problem;
    }
    draw(mail);
    upNext();
    mail.moved?.();
  }

  /** Until every upload of a mail has ended. */
  async function uploaded(mail) {
    for (const one of mail.files) if (one.state === "failed" && isPassing(one.problem)) one.state = "waiting";
    upNext();
    while (mail.files.some((one) => one.state === "waiting" || one.state === "going")) {
      const done = mail.files.filter((one) => one.state === "done").length;
      say(mail, t("uploading", done + 1, mail.files.length));
      await new Promise((moved) => {
        mail.moved = moved;
      });
    }
    const failed = mail.files.find((one) => one.state === "failed");
    if (failed) throw failed.problem;
  }

  const isPassing = (problem) => ["unreachable", "worker_gone", "signed_out", "busy", "rate_limited"].includes(problem?.code);

  /** Files that are at Google already (a forwarded mail, a draft, a picker we did not see) are fetched from there and taken out. */
  async function takeNative(mail) {
    for (const attachment of adapter.nativeAttachments(mail.c)) {
      let file;
      try {
        file = await adapter.fetchNative(attachment);
      } catch {
        throw new Refusal({ code: "native_fetch", facts: { name: attachment.name } });
      }
      hold(mail, [file]);
      if (!adapter.removeNative(mail.c, attachment)) {
        mail.files.pop().stop.abort();
        throw new Refusal({ code: "native_left", facts: { name: attachment.name } });
      }
    }
  }

  // --- sending -----------------------------------------------------------------------------------------------------------------------

  function recipientsOf(mail) {
    const found = adapter.recipients(mail.c);
    if (found.bad.length) throw new Refusal({ code: "invalid_recipient", facts: { recipients: found.bad } });
    const listed = ["to", "cc", "bcc"].flatMap((kind) => found[kind].map(({ email, name }) => (name && name !== email ? { email, name: name.slice(0, 200), kind } : { email, kind })));
    if (!listed.length) throw new Refusal({ code: "no_recipients" });
    return listed;
  }

  function ownHtml(mail) {
    const holder = document.createElement("div");
    for (const node of adapter.ownNodes(mail.c)) holder.append(node.cloneNode(true));
    if (holder.querySelector("img:not([goomoji]):not([data-emoji])")) throw new Refusal({ code: "inline_pictures" });
    return holder.textContent.trim() ? holder.innerHTML : "";
  }

  function wishOf(mail) {
    const words = mail.words && !mail.kept ? ownHtml(mail) : "";
    if (!mail.files.length && !words && !mail.kept) throw new Refusal({ code: "nothing_to_protect" });
    return {
      id: mail.id,
      subject: adapter.subject(mail.c),
      from: adapter.from(mail.c),
      documents: mail.files.map((one) => ({ id: one.document, name: one.name, size: one.size })),
      words: words || null,
      keepsWords: mail.words && mail.kept,
      recipients: recipientsOf(mail),
      gmailDraft: adapter.draftId(mail.c),
    };
  }

  /** Whether there is anything here to protect; a mail that is on by default and has nothing goes as it is. */
  const isEmpty = (mail) => !mail.files.length && !mail.words && !mail.kept && !adapter.nativeAttachments(mail.c).length;

  async function during(mail, deed) {
    if (mail.busy) return;
    Object.assign(mail, { busy: true, problem: null, question: null });
    draw(mail);
    try {
      await refresh(true);
      if (!state.server) throw new Refusal({ code: "no_server" });
      if (!state.signedIn) throw new Refusal({ code: "signed_out" });
      if (state.problem) throw new Refusal(state.problem);
      check(mail);
      if (mail.broken.length) throw new Refusal({ code: "gmail_changed", facts: { missing: mail.broken } });
      await deed();
    } catch (problem) {
      mail.problem = refusalShown(mail, problem instanceof Refusal ? problem : new Refusal({ code: "error" }));
      if (!mail.answer) mail.status = "";
    } finally {
      mail.busy = false;
      draw(mail);
    }
  }

  const showPrice = (mail) =>
    during(mail, async () => {
      recipientsOf(mail);
      await takeNative(mail);
      await uploaded(mail);
      say(mail, t("checking"));
      const quote = await ask({ type: "price", wish: wishOf(mail) });
      say(mail, quote.cost ? t("price", quote.cost, quote.available) : t("price_paid", quote.available));
    });

  const sendProtected = (mail, how) =>
    during(mail, async () => {
      recipientsOf(mail);
      await takeNative(mail);
      await uploaded(mail);
      say(mail, t("committing"));
      const answer = await ask({ type: "commit", wish: wishOf(mail) });
      Object.assign(mail, { id: answer.draft, answer, link: answer.link.url });
      say(mail, t("committed", answer.charged, answer.available));
      writeLink(mail, answer);
      handOver(mail, how);
    });

  /** Put the block into the mail, and see that the link is there. */
  function writeLink(mail, answer) {
    const { c } = mail;
    const body = adapter.bodyEl(c);
    const isThere = () => linksIn(c, true).some((one) => one.href === answer.link.url);
    for (const link of linksIn(c, true)) if (answer.replaced && link.href === answer.replaced) (link.closest("p")?.parentElement ?? link).remove();
    const taken = mail.words && !mail.kept ? adapter.ownNodes(c) : [];
    for (const node of taken) node.remove();
    const place = adapter.placeFor(c);
    const block = built(answer.insert.html, state.server);
    if (taken.length || !isThere()) body.insertBefore(block, place);
    adapter.noteChange(c);
    if (isThere()) {
      mail.kept = mail.words;
      return;
    }
    block.remove();
    for (const node of taken) body.insertBefore(node, adapter.placeFor(c));
    throw new Refusal({ code: "link_missing" });
  }

  function handOver(mail, how) {
    mail.pressed = how;
    passing = mail.c;
    const pressed = adapter.pressSend(mail.c, how);
    passing = null;
    if (!pressed) {
      mail.pressed = "";
      throw new Refusal({ code: "not_left" });
    }
    setTimeout(() => {
      if (!mail.c.root.isConnected || mail.busy) return;
      if (how !== "schedule") mail.pressed = ""; // closing it from now on is not sending it
      mail.problem = refusalShown(mail, new Refusal({ code: "not_left" }));
      draw(mail);
    }, LEFT_MS);
  }

  async function takeBack(mail) {
    try {
      const done = await ask({ type: "takeBack", id: mail.id });
      for (const link of linksIn(mail.c, true)) if (link.href === mail.link) (link.closest("p")?.parentElement ?? link).remove();
      Object.assign(mail, { id: crypto.randomUUID(), answer: null, link: "", found: false, kept: false, pressed: "", problem: null, status: t("taken_back", done.returned) });
    } catch (problem) {
      mail.problem = refusalShown(mail, problem);
    }
    draw(mail);
  }

  // --- what is shown -----------------------------------------------------------------------------------------------------------------

  function openPanel(at) {
    ask({ type: "openPanel", at }).catch(() => null);
  }

  const actionsOf = (mail) => ({
    panel: { name: "panel", label: t("act_panel"), main: true, run: () => openPanel("#compose") },
    sign_in: { name: "sign_in", label: t("act_sign_in"), main: true, run: () => openPanel("#connect") },
    retry: { name: "retry", label: t("act_retry"), run: () => sendProtected(mail, "send") },
    take_back: { name: "take_back", label: t("act_take_back"), run: () => takeBack(mail) },
  });
  const OFFERS = {
    gmail_changed: ["panel"], signed_out: ["sign_in"], no_server: ["sign_in"], unreachable: ["retry"], worker_gone: ["retry"], busy: ["retry"],
    link_missing: ["take_back"], not_left: ["retry", "take_back"],
  };

  /** @param {Refusal} problem */
  function words(problem) {
    const { code, facts, title } = problem;
    const list = (facts.recipients || facts.addresses || []).join(", ");
    const own = {
      insufficient_credits: [facts.needed, facts.available], invalid_recipient: [list], external_blocked: [list], native_fetch: [facts.name],
      native_left: [facts.name], too_many_files: [facts.limit], too_many_recipients: [facts.limit],
      too_large: [facts.limit ? ui.sized(facts.limit) : "?"], unreachable: [facts.server || state.server], gmail_changed: [(facts.missing || []).join(", ")],
    }[code];
    const text = chrome.i18n.getMessage(`err_${code}`, (own || []).map(String));
    const said = text || title || t("err_error");
    return facts.request_id && !text ? t("with_reference", said, facts.request_id) : said;
  }

  function refusalShown(mail, problem) {
    const actions = actionsOf(mail);
    return { code: problem.code, text: words(problem), actions: (OFFERS[problem.code] || []).map((name) => actions[name]) };
  }

  function say(mail, text) {
    mail.status = text;
    draw(mail);
  }

  function textOf(held) {
    if (held.state === "failed") return words(held.problem);
    if (held.state === "done") return t("ready");
    return held.state === "going" ? t("percent", Math.floor((100 * held.sent) / Math.max(1, held.size))) : t("waiting");
  }

  function draw(mail) {
    if (!mail.c.root.isConnected) return;
    if (!mail.bar.host.isConnected) adapter.mountBar(mail.c, mail.bar.host);
    mail.warning = mail.on && adapter.driveLinks(mail.c).length ? t("warn_drive") : "";
    mail.bar.render({ ...mail, wordsLocked: mail.kept, ask: mail.question, files: mail.files.map((one) => ({ ...one, text: textOf(one) })) });
  }

  // --- what happens in the page: heard before Gmail hears it ---------------------------------------------------------------------------

  const mailOf = (c) => (c ? mails.get(c) : undefined);

  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** Files on their way into a mail: ours, Gmail's, or a question. True when Gmail must not have them. */
  function catchFiles(c, files) {
    const mail = mailOf(c);
    if (!mail) {
      if (!state.startOn && state.mode !== "force") return false;
      ui.notice(t("err_no_compose"), [{ name: "panel", label: t("act_panel"), main: true, run: () => openPanel("#compose") }]);
      return true;
    }
    const bytes = [...mail.files, ...files].reduce((sum, one) => sum + one.size, 0);
    const deed = policy.onFiles(rule(), { on: mail.on, decided: mail.decided, bytes, addresses: addressesOf(c) });
    if (deed === "leave") return false;
    if (deed === "protect") {
      mail.on = true;
      check(mail);
      hold(mail, files);
      return true;
    }
    mail.pending.push(...files);
    const decide = (on) => () => {
      const held = mail.pending.splice(0);
      Object.assign(mail, { question: null, decided: true, on });
      if (on) {
        check(mail);
        hold(mail, held);
      } else handToGmail(mail, held);
      draw(mail);
    };
    mail.question = {
      text: t("ask_files", mail.pending.map((one) => one.name).join(", ")),
      actions: [
        { name: "protect", label: t("act_protect"), main: true, run: decide(true) },
        { name: "usual", label: t("act_usual"), run: decide(false) },
      ],
    };
    draw(mail);
    return true;
  }

  function onChange(event) {
    const picker = event.composedPath()[0];
    if (!(picker instanceof HTMLInputElement) || picker.type !== "file" || !picker.files?.length || giving) return;
    const c = adapter.composeOf(event) ?? adapter.lastUsed();
    if (c) c.picker = picker;
    if (!catchFiles(c, [...picker.files])) return;
    stop(event);
    picker.value = "";
  }

  function onDrop(event) {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length || giving || !adapter.isDropPlace(event)) return;
    if (!catchFiles(adapter.composeOf(event) ?? adapter.lastUsed(), files)) return;
    stop(event);
    for (const type of ["dragleave", "dragend"]) event.composedPath()[0].dispatchEvent(new DragEvent(type, { bubbles: true }));
  }

  function onPaste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    const c = adapter.composeOf(event);
    if (files.length && c && !giving && catchFiles(c, files)) stop(event);
  }

  /** A press on one of the ways to send, or, while Gmail's page is not as we know it, on anything in a protected mail. */
  function onPress(event) {
    const found = adapter.sending(event);
    const c = found?.c ?? adapter.composeOf(event);
    if (passing && passing === (c ?? adapter.lastUsed())) return;
    const isStart = event.type === "click" || event.type === "keydown";
    if (event.composedPath().some((one) => one === mailOf(c)?.bar.host)) return;
    for (const mail of mails.values()) {
      if (mail.on && mail.broken.length && adapter.isPress(event, mail.c)) {
        stop(event);
        return;
      }
    }
    const mail = mailOf(found?.c);
    if (!mail || !mustCatch(mail, found)) return;
    stop(event);
    if (isStart && event.isTrusted && !event.repeat) begin(mail, found.how);
  }

  /** Whether Gmail must not hear that somebody sends this mail. */
  function mustCatch(mail, found) {
    if (mail.on) return mail.explicit || mail.busy || !isEmpty(mail);
    const natives = adapter.nativeAttachments(mail.c).length;
    return policy.onSend(rule(), { decided: mail.decided, files: natives, bytes: Infinity, addresses: addressesOf(mail.c), how: found.how }) !== "leave";
  }

  function begin(mail, how) {
    if (mail.on) {
      sendProtected(mail, how);
      return;
    }
    if (state.mode === "force") {
      mail.problem = refusalShown(mail, new Refusal({ code: "forced" }));
    } else {
      const decide = (on) => () => {
        Object.assign(mail, { question: null, decided: true, on });
        draw(mail);
        if (on) sendProtected(mail, how);
        else adapter.pressSend(mail.c, how);
      };
      mail.question = {
        text: t("ask_send"),
        actions: [
          { name: "protect", label: t("act_protect"), main: true, run: decide(true) },
          { name: "usual", label: t("act_send_usual"), run: decide(false) },
        ],
      };
    }
    draw(mail);
  }

  const CATCHERS = { change: onChange, drop: onDrop, paste: onPaste };
  for (const [type, deed] of Object.entries(CATCHERS)) window.addEventListener(type, (event) => state.enabled && deed(event), true);
  for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "keydown", "keypress", "keyup"]) {
    window.addEventListener(type, (event) => state.enabled && onPress(event), true);
  }

  /** Switched off in the panel: nothing of ours stays in the page. Switched on: mails that are open get their bar. */
  async function follow() {
    while (!(await refresh()).known) await new Promise((done) => setTimeout(done, WAKE_MS));
    if (state.enabled && !stopWatching) {
      await refresh(true);
      stopWatching = adapter.onCompose(opened, closed);
    } else if (!state.enabled && stopWatching) {
      stopWatching();
      stopWatching = null;
      for (const mail of mails.values()) mail.bar.host.remove();
      mails.clear();
    }
  }

  chrome.runtime.onMessage.addListener((message, sender, answer) => {
    if (sender.id !== chrome.runtime.id) return false;
    if (message.type === "settings") follow();
    else if (message.type === "skeleton") answer(adapter.skeleton());
    return false;
  });
  follow();
})();

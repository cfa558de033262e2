// SPDX-License-Identifier: Apache-2.0
// A mail and its files, from "off" to ready to be sent. Whatever goes wrong, the mail stays where it is, and the bar says why.
"use strict";
globalThis.sealroom ??= {};

(() => {
  const { adapter, addressesOf, ask, linksIn, page, pictures, policy, Refusal, refresh, rule, t, textOf, ui, upload, words } = globalThis.sealroom;
  const { mails } = page;
  const LOOKS_MS = [0, 300, 1200]; // when a mail that just opened is looked at for a link of ours: its text comes later
  const AT_ONCE = 2; // uploads
  const SMALL_NAME = /^image\d{3}\.\w{2,5}$/i; // as other programs call the pictures of a signature
  const SMALL_BYTES = 20 * 1024;
  const sending = () => globalThis.sealroom.sending; // it stands behind this file, and is called from here

  /** @typedef {{key: string, name: string, size: number, file: ?File, document: string, state: string, sent: number, problem: ?Refusal,
   *   stop: AbortController}} Held a file that we keep from Gmail */

  function opened(c) {
    const mail = {
      c, id: crypto.randomUUID(), on: page.state.startOn, explicit: false, decided: false, files: [], pending: [], words: false, kept: false,
      busy: false, status: "", warning: "", problem: null, question: null, broken: [], answer: null, link: "", pressed: "",
      pictures: new Map(), small: new Map(), takeSmall: false,
    };
    mail.bar = ui.bar({
      toggle: () => toggle(mail),
      words: (wanted) => protectWords(mail, wanted),
      small: (wanted) => {
        mail.takeSmall = wanted;
        draw(mail);
      },
      price: () => sending().showPrice(mail),
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
    else if (!mail.answer && !mail.found) discard(mail);
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
    if (!mail.on && !mail.decided && page.state.signedIn && linksIn(mail.c, false).length) mail.on = true;
    check(mail);
    if (mail.on) await weigh(mail);
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
      if (!page.state.signedIn) mail.problem = refusalShown(mail, new Refusal({ code: page.state.server ? "signed_out" : "no_server" }));
      check(mail);
      await weigh(mail);
      upNext();
    } else await letGo(mail);
    draw(mail);
  }

  function mayTurnOff(mail) {
    const bytes = mail.files.reduce((sum, one) => sum + one.size, 0);
    return page.state.mode !== "force" || policy.isExempt(rule(), { bytes, addresses: addressesOf(mail.c) });
  }

  /** Protection is off: files we held become Gmail's, as their sender wants it; a send that was paid is called back. */
  async function letGo(mail) {
    if (mail.answer || mail.found) await sending().takeBack(mail);
    const files = [...mail.files.map((one) => one.file).filter(Boolean), ...pictures.takeOut(mail)];
    discard(mail);
    mail.files = [];
    if (files.length) handToGmail(mail, files);
  }

  function handToGmail(mail, files) {
    page.giving = true;
    const done = adapter.giveBack(mail.c, files);
    page.giving = false;
    if (!done) mail.problem = refusalShown(mail, new Refusal({ code: "add_again" }));
  }

  /** @param {File[]} files */
  function hold(mail, files) {
    for (const file of files) {
      mail.files.push({
        key: crypto.randomUUID(), name: file.name, size: file.size, file, document: "", state: "waiting", sent: 0, problem: null, stop: new AbortController(),
      });
    }
    mail.status = "";
    const most = page.state.limits?.files;
    if (most && mail.files.length > most) mail.problem = refusalShown(mail, new Refusal({ code: "too_many_files", facts: { limit: most } }));
    draw(mail);
    refresh(true).then(() => upNext());
  }

  /** The text is protected from now on, or no longer: pictures we put into it are files then. */
  function protectWords(mail, wanted) {
    mail.words = wanted;
    const files = wanted ? [] : pictures.takeOut(mail);
    if (files.length) hold(mail, files);
    else draw(mail);
  }

  /** Uploads of a mail that go on are stopped, documents that came of others are removed at the server. @param {Held[]} [held] */
  function discard(mail, held = mail.files) {
    for (const one of held) one.stop.abort();
    const shown = held === mail.files ? mail.pictures.values() : [];
    const documents = [...held.filter((one) => one.file && one.document).map((one) => one.document), ...shown];
    if (held === mail.files) mail.pictures.clear();
    if (documents.length) ask({ type: "discard", documents }).catch(() => null);
  }

  function removeFile(mail, key) {
    if (mail.busy) return;
    discard(mail, mail.files.filter((one) => one.key === key && one.file));
    mail.files = mail.files.filter((one) => one.key !== key);
    if (!mail.broken.length) mail.problem = null;
    draw(mail);
    upNext();
  }

  /** Start uploads that wait, few at a time. */
  function upNext() {
    if (!page.state.signedIn) return;
    const all = [...mails.values()].filter((one) => one.on).flatMap((mail) => mail.files.map((one) => [mail, one]));
    const free = AT_ONCE - all.filter(([, one]) => one.state === "going").length;
    for (const [mail, one] of all.filter(([, held]) => held.state === "waiting").slice(0, Math.max(0, free))) send(mail, one);
  }

  async function send(mail, held) {
    const most = page.state.limits?.file_bytes;
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

  /** Small pictures of other programs' signatures, as a forwarded mail has them: they stay in it unless its sender wants them protected.
   * How large one is, only Google knows. */
  async function weigh(mail) {
    const fresh = adapter.nativeAttachments(mail.c).filter((one) => SMALL_NAME.test(one.name) && !mail.small.has(one.href));
    for (const one of fresh) {
      const file = await adapter.fetchNative(one).catch(() => null);
      mail.small.set(one.href, Boolean(file) && file.size < SMALL_BYTES);
    }
  }

  const smallOnes = (mail) => adapter.nativeAttachments(mail.c).filter((one) => mail.small.get(one.href));

  /** Files at Google that are to be protected. */
  const toTake = (mail) => adapter.nativeAttachments(mail.c).filter((one) => mail.takeSmall || !mail.small.get(one.href));

  /** Files that are at Google already (a forwarded mail, a draft, a picker we did not see) are fetched from there and taken out. */
  async function takeNative(mail) {
    await weigh(mail);
    for (const attachment of toTake(mail)) {
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

  function openPanel(at) {
    ask({ type: "openPanel", at }).catch(() => null);
  }

  const actionsOf = (mail) => ({
    panel: { name: "panel", label: t("act_panel"), main: true, run: () => openPanel("#compose") },
    sign_in: { name: "sign_in", label: t("act_sign_in"), main: true, run: () => openPanel("#connect") },
    retry: { name: "retry", label: t("act_retry"), run: () => sending().sendProtected(mail, "send") },
    take_back: { name: "take_back", label: t("act_take_back"), run: () => sending().takeBack(mail) },
  });
  const OFFERS = {
    gmail_changed: ["panel"], signed_out: ["sign_in"], no_server: ["sign_in"], unreachable: ["retry"], worker_gone: ["retry"], busy: ["retry"], rate_limited: ["retry"],
    not_ready: ["retry"], stale_draft: ["retry"], idempotency_conflict: ["retry"],
    link_missing: ["take_back"], not_left: ["retry", "take_back"],
  };

  function refusalShown(mail, problem) {
    const actions = actionsOf(mail);
    return { code: problem.code, text: words(problem), actions: (OFFERS[problem.code] || []).map((name) => actions[name]) };
  }

  function say(mail, text) {
    mail.status = text;
    draw(mail);
  }

  function draw(mail) {
    if (!mail.c.root.isConnected) return;
    if (!mail.bar.host.isConnected) adapter.mountBar(mail.c, mail.bar.host);
    const away = pictures.leftOut(mail);
    mail.warning = [mail.on && adapter.driveLinks(mail.c).length && t("warn_drive"), away && t("warn_pictures", away)].filter(Boolean).join(" ");
    const small = mail.on ? smallOnes(mail).map((one) => one.name) : [];
    mail.bar.render({ ...mail, small, wordsLocked: mail.kept, ask: mail.question, files: mail.files.map((one) => ({ ...one, text: textOf(one) })) });
  }

  globalThis.sealroom.mail = { opened, closed, check, hold, handToGmail, uploaded, takeNative, toTake, openPanel, refusalShown, say, draw };
})();

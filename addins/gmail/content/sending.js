// SPDX-License-Identifier: Apache-2.0
// Sending a mail: recipients, uploads, commit, the link in the text, and Gmail's own Send. Nothing leaves before the server said yes, and
// nothing is charged when it says no.
"use strict";
globalThis.sealroom ??= {};

(() => {
  const { adapter, ask, built, linksIn, mail: mailing, page, pictures, Refusal, refresh, t } = globalThis.sealroom;
  const { check, draw, refusalShown, say, takeNative, toTake, uploaded } = mailing;
  const LEFT_MS = 15_000; // how long Gmail may take to close a mail it sends

  function recipientsOf(mail) {
    const found = adapter.recipients(mail.c);
    if (found.bad.length) throw new Refusal({ code: "invalid_recipient", facts: { recipients: found.bad } });
    const listed = ["to", "cc", "bcc"].flatMap((kind) => found[kind].map(({ email, name }) => (name && name !== email ? { email, name: name.slice(0, 200), kind } : { email, kind })));
    if (!listed.length) throw new Refusal({ code: "no_recipients" });
    return listed;
  }

  function wishOf(mail) {
    const { html, inline } = mail.words && !mail.kept ? pictures.wordsOf(mail) : { html: "", inline: [] };
    if (!mail.files.length && !html && !mail.kept) throw new Refusal({ code: "nothing_to_protect" });
    return {
      id: mail.id,
      subject: adapter.subject(mail.c),
      from: adapter.from(mail.c),
      documents: mail.files.map((one) => ({ id: one.document, name: one.name, size: one.size })),
      words: html || null,
      inline,
      keepsWords: mail.words && mail.kept,
      recipients: recipientsOf(mail),
      gmailDraft: adapter.draftId(mail.c),
    };
  }

  /** Whether there is anything here to protect; a mail that is on by default and has nothing goes as it is. */
  const isEmpty = (mail) => !mail.files.length && !mail.words && !mail.kept && !toTake(mail).length;

  async function during(mail, deed) {
    if (mail.busy) return;
    Object.assign(mail, { busy: true, problem: null, question: null });
    draw(mail);
    try {
      if (!chrome.runtime?.id) throw new Refusal({ code: "reloaded" });
      await refresh(true);
      if (!page.state.server) throw new Refusal({ code: "no_server" });
      if (!page.state.signedIn) throw new Refusal({ code: "signed_out" });
      if (page.state.problem) throw new Refusal(page.state.problem);
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

  /** All the server must have of a mail is there. */
  async function ready(mail) {
    recipientsOf(mail);
    await takeNative(mail);
    await uploaded(mail);
    await pictures.bring(mail, (place, count) => say(mail, t("uploading_picture", place, count)));
  }

  const showPrice = (mail) =>
    during(mail, async () => {
      await ready(mail);
      say(mail, t("checking"));
      const quote = await ask({ type: "price", wish: wishOf(mail) });
      say(mail, quote.cost ? t("price", quote.cost, quote.available) : t("price_paid", quote.available));
    });

  const sendProtected = (mail, how) =>
    during(mail, async () => {
      await ready(mail);
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
    const block = built(answer.insert.html, page.state.server);
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
    page.passing = mail.c;
    const pressed = adapter.pressSend(mail.c, how);
    page.passing = null;
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

  globalThis.sealroom.sending = { isEmpty, sendProtected, showPrice, takeBack };
})();

// SPDX-License-Identifier: Apache-2.0
// What happens in Gmail's page, heard before Gmail hears it: files on their way into a mail, and every way to send one.
"use strict";

(() => {
  const { adapter, addressesOf, mail: mailing, page, pictures, policy, Refusal, refresh, rule, sending, t, ui } = globalThis.sealroom;
  const { check, closed, draw, handToGmail, hold, opened, openPanel, refusalShown } = mailing;
  const { isEmpty, sendProtected } = sending;
  const { mails } = page;
  const WAKE_MS = 500; // until a worker that does not answer is asked again
  let stopWatching = null;

  const mailOf = (c) => (c ? mails.get(c) : undefined);

  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  /** Files on their way into a mail: ours, Gmail's, or a question. True when Gmail must not have them. */
  function catchFiles(c, files) {
    const mail = mailOf(c);
    if (!mail) {
      if (!page.state.startOn && page.state.mode !== "force") return false;
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
    if (!(picker instanceof HTMLInputElement) || picker.type !== "file" || !picker.files?.length || page.giving) return;
    const c = adapter.composeOf(event) ?? adapter.lastUsed();
    if (c) c.picker = picker;
    if (!catchFiles(c, [...picker.files])) return;
    stop(event);
    picker.value = "";
  }

  function onDrop(event) {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length || page.giving || !adapter.isDropPlace(event)) return;
    if (!catchFiles(adapter.composeOf(event) ?? adapter.lastUsed(), files)) return;
    stop(event);
    for (const type of ["dragleave", "dragend"]) event.composedPath()[0].dispatchEvent(new DragEvent(type, { bubbles: true }));
  }

  function onPaste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    const c = adapter.composeOf(event);
    if (files.length && c && !page.giving && (pictures.place(mailOf(c), files) || catchFiles(c, files))) stop(event);
  }

  /** Protected words changed: what is said of their pictures may, too. */
  function onInput(event) {
    const mail = mailOf(adapter.composeOf(event));
    if (mail?.words && !event.composedPath().includes(mail.bar.host)) draw(mail);
  }

  /** A press on one of the ways to send, or, while Gmail's page is not as we know it, on anything in a protected mail. */
  function onPress(event) {
    const found = adapter.sending(event);
    const c = found?.c ?? adapter.composeOf(event);
    if (page.passing && page.passing === (c ?? adapter.lastUsed())) return;
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
    if (page.state.mode === "force") {
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

  const CATCHERS = { change: onChange, drop: onDrop, paste: onPaste, input: onInput };
  for (const [type, deed] of Object.entries(CATCHERS)) window.addEventListener(type, (event) => page.state.enabled && deed(event), true);
  for (const type of ["pointerdown", "mousedown", "pointerup", "mouseup", "click", "keydown", "keypress", "keyup"]) {
    window.addEventListener(type, (event) => page.state.enabled && onPress(event), true);
  }

  /** Switched off in the panel: nothing of ours stays in the page. Switched on: mails that are open get their bar. */
  async function follow() {
    while (!(await refresh()).known) await new Promise((done) => setTimeout(done, WAKE_MS));
    if (page.state.enabled && !stopWatching) {
      await refresh(true);
      stopWatching = adapter.onCompose(opened, closed);
    } else if (!page.state.enabled && stopWatching) {
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

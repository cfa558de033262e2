// SPDX-License-Identifier: Apache-2.0
/* A stand-in for Microsoft's office.js in a browser: a mail that is being written, as Outlook on the web hands it to an add-in. The names
   are checked against Microsoft's types. The mail is `window.mail`; a test sets it before the page begins (`window.sealroomMail`) and
   looks at it afterwards. Answers come later, and a fourth call at once fails, as on the web. */
"use strict";

(() => {
  /** @type {any} */
  const global = window;
  const mail = global.mail = {
    to: [], cc: [], bcc: [], from: "", subject: "", body: "<p>Dear reader</p>", attachments: [], headers: {}, properties: {}, session: {},
    roaming: {}, notices: [], language: "en-GB", type: "html", running: 0, most: 0, heard: {}, ...(global.sealroomMail ?? {}),
  };

  /** @param {unknown} [value] */
  const done = (value) => ({ status: "succeeded", value });

  /** @param {(...words: any[]) => unknown} deed @returns {(...words: any[]) => void} */
  const later = (deed) => (...words) => {
    const callback = words.pop();
    mail.running += 1;
    mail.most = Math.max(mail.most, mail.running);
    setTimeout(() => {
      const isMany = mail.running > 3;
      mail.running -= 1;
      callback(isMany ? { status: "failed", error: { code: 9000, message: "too many calls" } } : deed(...words));
    }, 2);
  };

  /** @param {string} email */
  const person = (email) => ({ emailAddress: email, displayName: email, recipientType: email.startsWith("list@") ? "distributionList" : "user" });

  /** @param {"to" | "cc" | "bcc"} kind @returns {Record<keyof Pick<Office.Recipients, "getAsync">, unknown>} */
  const people = (kind) => ({ getAsync: later(() => done(mail[kind].map(person))) });

  /** @type {Record<keyof Pick<Office.Body, "getAsync" | "getTypeAsync" | "prependAsync" | "setAsync">, unknown>} */
  const body = {
    getTypeAsync: later(() => done(mail.type)),
    getAsync: later(() => done(mail.body)),
    prependAsync: later((text) => { mail.body = text + mail.body; return done(); }),
    setAsync: later((text) => { mail.body = text; return done(); }),
  };

  /** @type {Record<keyof Pick<Office.CustomProperties, "get" | "set" | "saveAsync">, unknown>} */
  const properties = {
    get: (/** @type {string} */ key) => mail.properties[key],
    set: (/** @type {string} */ key, /** @type {unknown} */ value) => { mail.properties[key] = value; },
    saveAsync: later(() => done()),
  };

  /** @typedef {"to" | "cc" | "bcc" | "from" | "subject" | "body" | "getAttachmentsAsync" | "getAttachmentContentAsync"
   *   | "removeAttachmentAsync" | "internetHeaders" | "sessionData" | "notificationMessages" | "loadCustomPropertiesAsync"
   *   | "addHandlerAsync"} Used */
  /** @type {Record<keyof Pick<Office.MessageCompose, Used>, unknown>} */
  const item = {
    to: people("to"), cc: people("cc"), bcc: people("bcc"),
    from: { getAsync: later(() => done(person(mail.from))) },
    subject: { getAsync: later(() => done(mail.subject)) },
    body,
    getAttachmentsAsync: later(() => done(mail.attachments.map((/** @type {any} */ one) => ({ ...one, content: undefined })))),
    getAttachmentContentAsync: later((id) => done({
      format: "base64", content: mail.attachments.find((/** @type {any} */ one) => one.id === id).content,
    })),
    removeAttachmentAsync: later((id) => {
      mail.attachments = mail.attachments.filter((/** @type {any} */ one) => one.id !== id);
      return done();
    }),
    internetHeaders: { setAsync: later((headers) => { Object.assign(mail.headers, headers); return done(); }) },
    sessionData: {
      getAsync: later((key) => (key in mail.session ? done(mail.session[key]) : { status: "failed", error: { code: 9020 } })),
      setAsync: later((key, value) => { mail.session[key] = value; return done(); }),
    },
    notificationMessages: { replaceAsync: later((_key, notice) => { mail.notices.push(notice.message); return done(); }) },
    loadCustomPropertiesAsync: later(() => done(properties)),
    addHandlerAsync: later((type, heard) => { mail.heard[type] = heard; return done(); }),
  };

  /** @type {Record<keyof Pick<Office.UI, "displayDialogAsync" | "messageParent">, unknown>} */
  const ui = {
    displayDialogAsync: (/** @type {string} */ url, /** @type {unknown} */ _options, /** @type {Function} */ callback) => {
      const opened = window.open(url, "", "width=420,height=560,popup=yes");
      if (!opened) {
        callback({ status: "failed", error: { code: 12009 } });
        return;
      }
      /** @type {Record<string, Function>} */
      const handlers = {};
      window.addEventListener("message", (event) => {
        if (event.source === opened) handlers.dialogMessageReceived?.({ message: event.data, origin: event.origin });
      });
      const watch = setInterval(() => {
        if (!opened.closed) return;
        clearInterval(watch);
        handlers.dialogEventReceived?.({ error: 12006 });
      }, 50);
      callback({ status: "succeeded", value: {
        close: () => opened.close(),
        addEventHandler: (/** @type {string} */ type, /** @type {Function} */ heard) => { handlers[type] = heard; },
      } });
    },
    messageParent: (/** @type {string} */ message, /** @type {{targetOrigin: string}} */ options) => {
      window.opener.postMessage(message, options.targetOrigin);
    },
  };

  /** @type {Record<keyof Pick<typeof Office, "onReady" | "context" | "EventType" | "actions">, unknown>} */
  const office = {
    onReady: async () => ({ host: global.sealroomAlone ? null : "Outlook", platform: "OfficeOnline" }),
    EventType: { DialogMessageReceived: "dialogMessageReceived", DialogEventReceived: "dialogEventReceived" },
    actions: { associate: (/** @type {string} */ name, /** @type {Function} */ handler) => { global[name] = handler; } },
    context: {
      displayLanguage: mail.language, platform: "OfficeOnline", partitionKey: "outlook|",
      mailbox: global.sealroomAlone ? undefined : { item },
      requirements: { isSetSupported: () => true },
      roamingSettings: {
        get: (/** @type {string} */ key) => mail.roaming[key],
        set: (/** @type {string} */ key, /** @type {unknown} */ value) => { mail.roaming[key] = value; },
        saveAsync: later(() => done()),
      },
      ui,
    },
  };
  global.Office = office;
})();

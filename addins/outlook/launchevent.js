// SPDX-License-Identifier: Apache-2.0
/* The check when Send is pressed. It runs where there may be no page, no network and no promises: it reads what the pane left
   behind (the team's policy in the roaming settings, what was protected in the data of the item's session), looks at the mail, and
   says yes or what is missing. One call after the other; an answer always comes. */
"use strict";

/** @typedef {{mode: string, min_bytes: number, internal_domains: string[]}} Policy */
/** @typedef {{pending?: number, unfinished?: boolean, granted?: string[]}} Facts */
/** @typedef {{files: number, bytes: number, strangers: string[], outside: boolean}} Seen */

var SEALROOM_BUTTON = "sealroomPane";
var SEALROOM_FACTS = "sealroom";
/** Before the pane was ever open nobody knows the team's policy: then the sender is asked. @type {Policy} */
var SEALROOM_ASK = { mode: "ask", min_bytes: 0, internal_domains: [] };

/** @type {Object<string, Object<string, (n: number, who: string) => string>>} */
var SEALROOM_WORDS = {
  en: {
    files: function (n) {
      return (n === 1 ? "1 attachment would leave" : n + " attachments would leave") +
        " unprotected. Open Sealroom and press Protect, or remove what you do not want to send.";
    },
    pending: function (n) {
      return (n === 1 ? "1 file you chose in Sealroom is" : n + " files you chose in Sealroom are") +
        " not in this mail yet. Open Sealroom and press Protect.";
    },
    unfinished: function () { return "Protecting this mail was not finished. Open Sealroom and press Finish; nothing is charged twice."; },
    strangers: function (n, who) {
      return "The protected link does not open for " + who + (n > 1 ? " and " + (n - 1) + " more" : "") +
        ", added after it was protected. Open Sealroom and press Update.";
    },
    unknown: function () { return "Sealroom could not look at this mail. Open Sealroom, or try again."; },
    cancel: function () { return "Open Sealroom"; },
  },
  fr: {
    files: function (n) {
      return (n === 1 ? "1 pièce jointe partirait" : n + " pièces jointes partiraient") +
        " sans protection. Ouvrez Sealroom et choisissez « Protéger », ou retirez ce que vous ne voulez pas envoyer.";
    },
    pending: function (n) {
      return (n === 1 ? "1 fichier choisi dans Sealroom n’est pas encore" : n + " fichiers choisis dans Sealroom ne sont pas encore") +
        " dans ce message. Ouvrez Sealroom et choisissez « Protéger ».";
    },
    unfinished: function () {
      return "La protection de ce message n’est pas terminée. Ouvrez Sealroom et choisissez « Terminer » ; rien n’est débité deux fois.";
    },
    strangers: function (n, who) {
      return "Le lien protégé ne s’ouvre pas pour " + who + (n > 1 ? " et " + (n - 1) + " autres" : "") +
        ", ajouté après la protection. Ouvrez Sealroom et choisissez « Mettre à jour ».";
    },
    unknown: function () { return "Sealroom n’a pas pu examiner ce message. Ouvrez Sealroom ou réessayez."; },
    cancel: function () { return "Ouvrir Sealroom"; },
  },
};

/**
 * What to say to Outlook. Without a fault the mail may go, or the sender is asked; only "force" leaves no other way.
 * @param {Policy} policy @param {Facts} facts @param {Seen} seen
 * @returns {{word: string, n: number, who: string, hard: boolean} | null} null: the mail may leave
 */
function sealroomDecision(policy, facts, seen) {
  var hard = policy.mode === "force";
  if (facts.unfinished) return { word: "unfinished", n: 1, who: "", hard: hard };
  if (facts.pending) return { word: "pending", n: facts.pending, who: "", hard: hard };
  if (seen.strangers.length) return { word: "strangers", n: seen.strangers.length, who: seen.strangers[0], hard: false };
  if (policy.mode === "off" || !seen.files || seen.bytes < policy.min_bytes) return null;
  if (!seen.outside) return null;
  return { word: "files", n: seen.files, who: "", hard: hard };
}

/**
 * The same address in another spelling is the same recipient.
 * @param {string} address
 */
function sealroomPlain(address) {
  return address.trim().toLowerCase();
}

/** Small pictures that signatures leave behind as files go unprotected, as in the pane. */
var SEALROOM_TINY = /^image\d{3}\.\w{3,4}$/i;
var SEALROOM_TINY_BYTES = 20 * 1024;

/**
 * Attachments that are files of their own: no pictures within the text or of a signature, no links to a cloud.
 * @param {Office.AttachmentDetailsCompose[]} attachments @param {string} html
 */
function sealroomFiles(attachments, html) {
  var text = html.toLowerCase();
  return attachments.filter(function (one) {
    if (one.attachmentType === "cloud") return false;
    if (one.attachmentType === "file" && SEALROOM_TINY.test(one.name) && one.size < SEALROOM_TINY_BYTES) return false;
    var names = [(one.contentId || "").replace(/^<|>$/g, ""), one.name].filter(Boolean);
    var isShown = names.some(function (name) {
      return [name, encodeURIComponent(name)].some(function (form) { return text.indexOf("cid:" + form.toLowerCase()) !== -1; });
    });
    return !one.isInline && !isShown;
  });
}

/**
 * @param {string[]} addresses @param {Policy} policy @param {Facts} facts
 * @returns {{strangers: string[], outside: boolean}}
 */
function sealroomPeople(addresses, policy, facts) {
  var domains = policy.internal_domains.map(sealroomPlain);
  var granted = (facts.granted || []).map(sealroomPlain);
  var plain = addresses.map(sealroomPlain).filter(Boolean);
  return {
    strangers: granted.length ? plain.filter(function (one) { return granted.indexOf(one) === -1; }) : [],
    outside: plain.some(function (one) { return domains.indexOf(one.slice(one.lastIndexOf("@") + 1)) === -1; }),
  };
}

/** @returns {Policy} */
function sealroomPolicy() {
  var kept = Office.context.roamingSettings.get("sealroom");
  return kept && kept.mode ? Object.assign({}, SEALROOM_ASK, kept) : SEALROOM_ASK;
}

/** @param {string} set */
function sealroomHas(set) {
  return Office.context.requirements.isSetSupported("Mailbox", set);
}

/**
 * @param {any} event @param {{word: string, n: number, who: string, hard: boolean} | null} decision
 */
function sealroomAnswer(event, decision) {
  if (!decision) {
    event.completed({ allowEvent: true });
    return;
  }
  var words = /^fr/i.test(Office.context.displayLanguage || "") ? SEALROOM_WORDS.fr : SEALROOM_WORDS.en;
  /** @type {Office.SmartAlertsEventCompletedOptions} */
  var answer = { allowEvent: false, errorMessage: words[decision.word](decision.n, decision.who) };
  if (sealroomHas("1.14")) {
    answer.commandId = SEALROOM_BUTTON;
    answer.cancelLabel = words.cancel(1, "");
    if (!decision.hard) answer.sendModeOverride = "promptUser";
  }
  event.completed(answer);
}

/**
 * Asks one thing after the other; the first that fails ends it.
 * @param {Array<(done: (result: any) => void) => void>} questions
 * @param {(values: any[] | null) => void} finish
 */
function sealroomAsk(questions, finish) {
  /** @type {any[]} */
  var values = [];
  /** @param {number} place */
  function next(place) {
    if (place === questions.length) {
      finish(values);
      return;
    }
    try {
      questions[place](function (result) {
        if (String(result.status) !== "succeeded") {
          finish(null);
          return;
        }
        values.push(result.value);
        next(place + 1);
      });
    } catch (_fault) {
      finish(null);
    }
  }
  next(0);
}

/**
 * The handler named in the manifests.
 * @param {any} event
 */
function onSealroomSend(event) {
  var policy = SEALROOM_ASK;
  try {
    policy = sealroomPolicy();
  } catch (_fault) { /* asked, then */ }
  var item = /** @type {Office.MessageCompose} */ (Office.context.mailbox.item);
  var questions = [
    /** @param {any} done */ function (done) { item.to.getAsync(done); },
    /** @param {any} done */ function (done) { item.cc.getAsync(done); },
    /** @param {any} done */ function (done) { item.bcc.getAsync(done); },
    /** @param {any} done */ function (done) { item.getAttachmentsAsync(done); },
    /** @param {any} done */ function (done) { item.body.getAsync("html", done); },
  ];
  if (sealroomHas("1.11")) {
    questions.push(function (done) {
      item.sessionData.getAsync(SEALROOM_FACTS, function (result) {
        // Nothing was left behind: that is an answer too.
        done({ status: "succeeded", value: String(result.status) === "succeeded" ? result.value : "" });
      });
    });
  }
  sealroomAsk(questions, function (values) {
    if (!values) {
      sealroomAnswer(event, policy.mode === "off" ? null : { word: "unknown", n: 1, who: "", hard: policy.mode === "force" });
      return;
    }
    /** @type {Facts} */
    var facts = {};
    try {
      facts = values[5] ? JSON.parse(values[5]) : {};
    } catch (_fault) { /* of an older version */ }
    var addresses = values[0].concat(values[1], values[2]).map(function (/** @type {any} */ one) { return one.emailAddress; });
    var files = sealroomFiles(values[3], values[4] || "");
    var people = sealroomPeople(addresses, policy, facts);
    var bytes = files.reduce(function (sum, one) { return sum + one.size; }, 0);
    sealroomAnswer(event, sealroomDecision(policy, facts, {
      files: files.length, bytes: bytes, strangers: people.strangers, outside: people.outside,
    }));
  });
}

// In a page the library wants to be asked; where there is none, nothing waits for the answer.
if (Office.onReady) Office.onReady();
Office.actions.associate("onSealroomSend", onSealroomSend);

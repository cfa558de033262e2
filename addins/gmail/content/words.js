// SPDX-License-Identifier: Apache-2.0
// Sentences in the browser's language, and how a refusal is said: in Gmail and on our own page alike.
"use strict";
globalThis.sealroom ??= {};

(() => {
  const LANGUAGE = chrome.i18n.getUILanguage();
  const RELOADED = chrome.i18n.getMessage("err_reloaded");
  const SIZES = ["byte", "kilobyte", "megabyte", "gigabyte"];

  /** A sentence in the browser's language, "" where there is none. Once the extension was replaced under this page there is but one left.
   * @param {string} key @param {*[]} words */
  function sentence(key, words = []) {
    try {
      return chrome.i18n.getMessage(key, words.map(String));
    } catch {
      return RELOADED;
    }
  }

  const t = (key, ...words) => sentence(key, words) || key;

  /** @param {number} bytes */
  function sized(bytes) {
    const step = Math.min(3, Math.floor(Math.log10(Math.max(bytes, 1)) / 3));
    const how = { style: "unit", unit: SIZES[step], unitDisplay: step ? "short" : "long", maximumFractionDigits: step ? 1 : 0 };
    return new Intl.NumberFormat(LANGUAGE, how).format(bytes / 1000 ** step);
  }

  /** What a refusal says: in our own words where we have some, else in the server's.
   * @param {{code: string, title: string, facts: Object}} problem @param {string} server */
  function said(problem, server) {
    const { code, facts, title } = problem;
    const list = (facts.recipients || facts.addresses || facts.senders || []).join(", ");
    const own = {
      insufficient_credits: [facts.needed, facts.available], invalid_recipient: [list], external_blocked: [list], sender_not_allowed: [list], native_fetch: [facts.name],
      infected: [facts.signature], team_suspended: [facts.reason], native_left: [facts.name], too_many_files: [facts.limit], too_many_recipients: [facts.limit],
      too_large: [facts.limit ? sized(facts.limit) : "?"], unreachable: [facts.server || server], gmail_changed: [(facts.missing || []).join(", ")],
    }[code];
    const text = sentence(`err_${code}`, own);
    const words = text || title || t("err_error");
    return facts.request_id && !text ? t("with_reference", words, facts.request_id) : words;
  }

  Object.assign(globalThis.sealroom, { t, sized, said });
})();

// SPDX-License-Identifier: Apache-2.0
// What the team's rule means for a mail. Pure: facts in, an answer out.
"use strict";
globalThis.sealroom ??= {};

(() => {
  /** @typedef {{mode: string, minBytes: number, internalDomains: string[]}} Rule */

  /** Whether the rule leaves a mail alone: too little in it, or nobody outside. @param {Rule} rule */
  function isExempt(rule, { bytes, addresses }) {
    if (bytes < rule.minBytes) return true;
    const inside = rule.internalDomains.map((one) => one.toLowerCase());
    return addresses.length > 0 && addresses.every((one) => inside.includes(one.split("@").pop().toLowerCase()));
  }

  /** What happens to files somebody adds: "protect", "ask", or "leave" them to Gmail.
   * @param {Rule} rule @param {{on: boolean, decided: boolean, bytes: number, addresses: string[]}} mail */
  function onFiles(rule, mail) {
    if (mail.on) return "protect";
    if (mail.decided || rule.mode === "off" || isExempt(rule, mail)) return "leave";
    return rule.mode === "force" ? "protect" : "ask";
  }

  /** What happens when somebody sends a mail that is not protected and has files at Google: "leave", "ask" or "block".
   * @param {Rule} rule @param {{decided: boolean, files: number, bytes: number, addresses: string[]}} mail */
  function onSend(rule, mail) {
    if (!mail.files || rule.mode === "off" || isExempt(rule, mail)) return "leave";
    if (rule.mode === "force") return "block";
    return mail.decided ? "leave" : "ask";
  }

  globalThis.sealroom.policy = { isExempt, onFiles, onSend };
})();

// SPDX-License-Identifier: Apache-2.0
// What content scripts share: what the worker told of settings and rules, and how a refusal is said.
"use strict";
globalThis.sealroom ??= {};

(() => {
  const { adapter, ask, said, t } = globalThis.sealroom;

  const page = {
    state: { known: false, enabled: false, startOn: false, signedIn: false, mode: "off", minBytes: 0, internalDomains: [], server: "", limits: null, problem: null },
    passing: null, // the mail whose Send we press ourselves
    giving: false, // files go to Gmail by our hand
    /** @type {Map<Object, Object>} what we know of each compose */
    mails: new Map(),
  };

  /** Ask the worker again; `fresh`: let it ask the server, at most each ten minutes. */
  async function refresh(fresh = false) {
    try {
      page.state = { ...(await ask({ type: "state", fresh })), known: true };
      adapter.use(page.state.selectors);
    } catch {
      // the worker does not answer: what was known stays
    }
    return page.state;
  }

  const rule = () => ({ mode: page.state.mode, minBytes: page.state.minBytes, internalDomains: page.state.internalDomains });

  function addressesOf(c) {
    const { to, cc, bcc } = adapter.recipients(c);
    return [...to, ...cc, ...bcc].map((one) => one.email);
  }

  function linksIn(c, own) {
    const body = adapter.bodyEl(c);
    if (!body || !page.state.server) return [];
    const links = [...body.querySelectorAll("a[href]")].filter((one) => one.href.startsWith(`${page.state.server}/v/`));
    return links.filter((one) => adapter.isOwn(one) === own);
  }

  /** @param {Refusal} problem */
  const words = (problem) => said(problem, page.state.server);

  function textOf(held) {
    if (held.state === "failed") return words(held.problem);
    if (held.state === "done") return t("ready");
    return held.state === "going" ? t("percent", Math.floor((100 * held.sent) / Math.max(1, held.size))) : t("waiting");
  }

  Object.assign(globalThis.sealroom, { page, refresh, rule, addressesOf, linksIn, words, textOf });
})();

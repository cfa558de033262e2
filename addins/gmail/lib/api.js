// SPDX-License-Identifier: Apache-2.0
// Calls to the server, and the tokens they carry. Tokens never leave the worker; they are refreshed here and nowhere else.

import { forget, keep, kept, Problem, settings } from "./store.js";

const TRIES = 3;
const FRESH_MS = 10 * 60 * 1000;

/** @param {number} ms */
export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/** Fetch without cookies; a connection that fails is the problem "unreachable". @param {string} url @param {RequestInit} options */
async function reach(url, options) {
  try {
    return await fetch(url, { credentials: "omit", cache: "no-store", redirect: "error", referrerPolicy: "no-referrer", ...options });
  } catch {
    throw new Problem("unreachable", { server: new URL(url).host });
  }
}

/** @param {Response} answer */
async function problemOf(answer) {
  let body = {};
  try {
    body = await answer.json();
  } catch {
    // no problem document: a proxy in front of the server answered
  }
  const { code, title, status: _status, type: _type, ...facts } = body;
  const wait = Number(answer.headers.get("Retry-After"));
  if (wait && !facts.retry_after) facts.retry_after = wait;
  return new Problem(code || "error", facts, title || "", answer.status);
}

/** A call that needs no token. @param {string} server @param {string} path @param {Object} body */
async function open(server, path, body) {
  const answer = await reach(`${server}/api/v1${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": chrome.i18n.getUILanguage() },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw await problemOf(answer);
  return answer.status === 204 ? null : answer.json();
}

/** The tokens for the server of now; none for another one. */
async function tokens() {
  const [have, { server }] = await Promise.all([kept("tokens", null), settings()]);
  return have && have.server === server ? have : null;
}

export async function isSignedIn() {
  return Boolean(await tokens());
}

let refreshing = null;

/** New tokens for old: in one place, kept before they are used, since each refresh token serves once. */
function refreshed(have) {
  refreshing ??= (async () => {
    const now = await tokens();
    if (!now) throw new Problem("signed_out");
    if (now.access !== have.access) return now; // somebody was quicker
    let got;
    try {
      got = await open(now.server, "/auth/token", { refresh_token: now.refresh });
    } catch (problem) {
      if (problem.code !== "invalid_grant") throw problem;
      await forget("tokens");
      throw new Problem("signed_out");
    }
    const fresh = { server: now.server, access: got.access_token, refresh: got.refresh_token };
    await keep("tokens", fresh);
    return fresh;
  })().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/** A call as the member. Answers with the response; raises `Problem`.
 * @param {string} method @param {string} path @param {{json?: Object, bytes?: Uint8Array, headers?: Object}} [what] */
export async function call(method, path, what = {}) {
  let have = await tokens();
  if (!have) throw new Problem("signed_out");
  for (let attempt = 1; ; attempt++) {
    const headers = { Authorization: `Bearer ${have.access}`, "Accept-Language": chrome.i18n.getUILanguage(), ...what.headers };
    if (what.json !== undefined) headers["Content-Type"] = "application/json";
    const body = what.bytes ?? (what.json === undefined ? undefined : JSON.stringify(what.json));
    const answer = await reach(`${have.server}/api/v1${path}`, { method, headers, body });
    if (answer.status === 401 && attempt === 1) have = await refreshed(have);
    else if (answer.status === 401) {
      await forget("tokens");
      throw new Problem("signed_out");
    } else if (!answer.ok) throw await problemOf(answer);
    else return answer;
  }
}

/** The same with JSON for an answer; repeated when the connection fails or the server is busy, for calls that may be repeated.
 * @param {string} method @param {string} path @param {Object} [json] @param {Object} [headers] */
export async function steady(method, path, json, headers) {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await call(method, path, { json, headers });
      return answer.status === 204 ? null : await answer.json();
    } catch (problem) {
      const again = problem.code === "unreachable" || problem.status === 503 || !(problem instanceof Problem);
      if (!again || attempt === TRIES) throw problem instanceof Problem ? problem : new Problem("unreachable");
      await pause(400 * attempt);
    }
  }
}

/** Who we are for the server: at most ten minutes old, unless `any` age will do, or `now` it must be new.
 * @param {{any?: boolean, now?: boolean}} [how] */
export async function me({ any = false, now = false } = {}) {
  const have = await kept("me", null);
  const server = (await settings()).server;
  if (have && have.server === server && (any || (!now && Date.now() - have.at < FRESH_MS))) return have.data;
  if (any || !(await isSignedIn())) return null;
  const data = await steady("GET", "/me");
  await keep("me", { at: Date.now(), server, data });
  return data;
}

let asking = null;

/** Begin to sign in: answers with what the member must see, and waits for his confirmation behind. */
export async function signIn() {
  const { server } = await settings();
  if (!server) throw new Problem("no_server");
  const label = /** @type {any} */ (navigator).userAgentData?.platform || "Browser";
  const asked = await open(server, "/auth/device", { client: "gmail-ext", version: chrome.runtime.getManifest().version, label });
  if (!asked.verification_uri_complete.startsWith(`${server}/`)) throw new Problem("wrong_server");
  await keep("asking", { server, code: asked.device_code, until: Date.now() + asked.expires_in * 1000, interval: asked.interval });
  return { user_code: asked.user_code, address: asked.verification_uri_complete, interval: asked.interval };
}

/** Ask once whether the member has confirmed: true, or false to ask again after `interval` seconds. Raises `Problem` when it is over. */
export function confirmed() {
  asking ??= (async () => {
    const asked = await kept("asking", null);
    if (!asked) throw new Problem("expired_token");
    let got;
    try {
      got = await open(asked.server, "/auth/token", { device_code: asked.code });
    } catch (problem) {
      if (problem.code === "authorization_pending" || problem.code === "unreachable") return { done: false, interval: asked.interval };
      if (problem.code === "slow_down") {
        await keep("asking", { ...asked, interval: asked.interval + 5 });
        return { done: false, interval: asked.interval + 5 };
      }
      await forget("asking");
      throw problem;
    }
    await keep("tokens", { server: asked.server, access: got.access_token, refresh: got.refresh_token });
    await forget("asking");
    await forget("me");
    return { done: true };
  })().finally(() => {
    asking = null;
  });
  return asking;
}

/** End this device at the server; here it ends in any case. */
export async function signOut() {
  const have = await kept("tokens", null);
  await chrome.storage.local.remove(["tokens", "me", "asking"]);
  if (have) await open(have.server, "/auth/revoke", { token: have.refresh }).catch(() => null);
}

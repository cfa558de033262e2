// SPDX-License-Identifier: Apache-2.0
// The server as this extension knows it: sign-in, tokens, calls. Only the background page calls it, so tokens are renewed in one place.

import { word, counted, size } from "./words.js";

const PATIENCE = 120_000; // milliseconds for one call, a part of a file among them

/** What the server said no to, or that it did not answer (`unreachable`). */
export class Refusal extends Error {
  /**
   * @param {string} code stable word of the API
   * @param {object} [facts] what came with it
   * @param {number} [status]
   */
  constructor(code, facts = {}, status = 0) {
    super(code);
    this.code = code;
    this.facts = facts;
    this.status = status;
  }

  /** What to tell the user. The server's sentences come in his language. @returns {string} */
  get sentence() {
    const { facts } = this;
    if (this.code === "insufficient_credits") {
      return `${counted("needsCredits", facts.needed)} ${counted("creditsLeft", facts.available)}`;
    }
    const limit = typeof facts.limit !== "number" ? "" : this.code === "too_large" ? size(facts.limit) : facts.limit;
    const told = { infected: facts.signature, team_suspended: facts.reason }[this.code] ?? limit;
    const own = word(`refused_${facts.errors?.preset ? "preset" : this.code}`, told);
    const details = [facts.addresses, facts.recipients, facts.senders, facts.names, facts.name].flat();
    return [own || facts.title || word("refused_unknown"), details.filter((one) => typeof one === "string").join(", ")].filter(Boolean).join(" ");
  }
}

/** @returns {Promise<{server?: string, access?: string, accessEnds?: number, refresh?: string, me?: object, meAt?: number, hasEnded?: boolean}>} `hasEnded`: the server did */
export async function account() {
  return (await messenger.storage.local.get({ account: {} })).account;
}

/** @param {object} change */
async function keep(change) {
  await messenger.storage.local.set({ account: { ...(await account()), ...change } });
}

/** What an administrator or the server's own package fixed. @returns {Promise<{serverUrl: string, isFixed: boolean}>} */
export async function given() {
  let managed = {};
  try {
    managed = await messenger.storage.managed.get(["serverUrl"]);
  } catch {
    // no policy for this extension
  }
  if (managed.serverUrl) return { serverUrl: managed.serverUrl, isFixed: true };
  const packed = await (await fetch(messenger.runtime.getURL("server.json"))).json();
  return { serverUrl: packed.serverUrl, isFixed: false };
}

/**
 * The address of a server as it is used. Without encryption only this machine is spoken to.
 * @param {string} text
 * @returns {string} without a slash at the end; "" for what is no such address
 */
export function serverAddress(text) {
  const trimmed = text.trim();
  let url;
  try {
    url = new URL(trimmed.includes("://") ? trimmed : `https://${trimmed}`);
  } catch {
    return "";
  }
  const isHere = url.protocol === "http:" && ["localhost", "127.0.0.1"].includes(url.hostname);
  if ((url.protocol !== "https:" && !isHere) || url.username || url.password) return "";
  return url.origin + url.pathname.replace(/\/+$/, "");
}

/** @param {string} address @param {RequestInit} options @returns {Promise<Response>} */
async function reach(address, options) {
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    return await fetch(address, { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal, ...options });
  } catch {
    throw new Refusal("unreachable");
  }
}

/** @param {Response} response @returns {Promise<Refusal>} */
async function refusalOf(response) {
  let facts = {};
  try {
    facts = await response.json();
  } catch {
    // a proxy's page, or nothing
  }
  const pause = Number(response.headers.get("Retry-After"));
  if (pause > 0 && facts.retry_after === undefined) facts.retry_after = pause;
  return new Refusal(facts.code ?? "unknown", facts, response.status);
}

/** @param {string} server @param {string} path @param {object} body @returns {Promise<any>} */
async function post(server, path, body) {
  const options = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const response = await reach(`${server}/api/v1${path}`, options);
  if (!response.ok) throw await refusalOf(response);
  return response.status === 204 ? null : contentOf(response);
}

let refreshing = null;

/** A token that serves now. @param {boolean} [anew] @returns {Promise<{server: string, access: string}>} */
async function token(anew = false) {
  const kept = await account();
  if (!kept.refresh) throw new Refusal("signed_out");
  if (!anew && kept.accessEnds > Date.now()) return kept;
  refreshing ??= renew(kept).finally(() => {
    refreshing = null;
  });
  await refreshing;
  return account();
}

async function renew(kept) {
  try {
    await keepTokens(await post(kept.server, "/auth/token", { refresh_token: kept.refresh }));
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "invalid_grant") throw error;
    await messenger.storage.local.set({ account: { server: kept.server, hasEnded: true } });
    throw new Refusal("signed_out");
  }
}

/** The user knows that nobody is signed in any more. */
export async function forgetEnd() {
  await messenger.storage.local.set({ account: { server: (await account()).server } });
}

async function keepTokens(answer) {
  const accessEnds = Date.now() + (answer.expires_in - 60) * 1000;
  await keep({ access: answer.access_token, refresh: answer.refresh_token, accessEnds });
}

/**
 * A call of the API.
 * @param {string} method
 * @param {string} path below /api/v1, or an address the server gave
 * @param {{json?: object, body?: Blob, headers?: Record<string, string>, key?: string}} [sent]
 * @returns {Promise<Response>} one that is a success; anything else is thrown as a Refusal
 */
export async function ask(method, path, sent = {}) {
  for (const anew of [false, true]) {
    const { server, access } = await token(anew);
    const address = path.startsWith("/api/") ? new URL(path, server).href : `${server}/api/v1${path}`;
    const headers = { Authorization: `Bearer ${access}`, ...sent.headers };
    if (sent.key) headers["Idempotency-Key"] = sent.key;
    if (sent.json !== undefined) headers["Content-Type"] = "application/json";
    const response = await reach(address, { method, headers, body: sent.json === undefined ? sent.body : JSON.stringify(sent.json) });
    if (response.ok) return response;
    if (response.status !== 401) throw await refusalOf(response);
  }
  throw new Refusal("signed_out");
}

/** A call whose answer is JSON. @param {string} method @param {string} path @param {object} [json] @param {string} [key] @returns {Promise<any>} */
export async function call(method, path, json, key) {
  const response = await ask(method, path, { json, key });
  return response.status === 204 ? null : contentOf(response);
}

/** What an answer says; one that broke off is none. */
async function contentOf(response) {
  try {
    return await response.json();
  } catch {
    throw new Refusal("unreachable");
  }
}

/**
 * Who is signed in, with limits, policy and presets; at most ten minutes old, older only while the server does not answer.
 * @param {boolean} [anew]
 * @returns {Promise<object|null>} null while nobody is signed in
 */
export async function me(anew = false) {
  const kept = await account();
  if (!kept.refresh) return null;
  if (!anew && kept.me && kept.meAt > Date.now() - 600_000) return kept.me;
  try {
    const found = await call("GET", "/me");
    await keep({ me: found, meAt: Date.now() });
    return found;
  } catch (error) {
    if (error.code === "signed_out") return null;
    if (kept.me && !anew) return kept.me;
    throw error;
  }
}

let attempt = 0;

/**
 * Begin the sign-in: the member confirms it in his browser. Resolves when the browser was asked to open; the rest goes on by itself and
 * is told through `signIn` in the storage.
 * @param {string} text address of the server
 */
export async function signIn(text) {
  const server = serverAddress(text);
  if (!server) throw new Refusal("bad_server");
  const mine = ++attempt;
  const { platform } = navigator;
  const asked = await post(server, "/auth/device", {
    client: "thunderbird-ext",
    version: messenger.runtime.getManifest().version,
    label: `Thunderbird, ${platform}`.slice(0, 80),
  });
  const page = new URL(asked.verification_uri_complete);
  if (!["https:", "http:"].includes(page.protocol)) throw new Refusal("bad_server");
  await messenger.storage.local.set({ signIn: { state: "waiting", code: asked.user_code, page: page.href } });
  messenger.windows.openDefaultBrowser(page.href);
  poll(server, asked, mine).catch(console.warn);
}

/** Stop waiting for a confirmation. */
export async function giveUp() {
  attempt += 1;
  await messenger.storage.local.remove("signIn");
}

async function poll(server, asked, mine) {
  let pause = asked.interval;
  while (true) {
    await new Promise((done) => setTimeout(done, pause * 1000));
    if (mine !== attempt) return;
    try {
      const tokens = await post(server, "/auth/token", { device_code: asked.device_code });
      if (mine !== attempt) return;
      await messenger.storage.local.set({ account: { server } });
      await keepTokens(tokens);
      await messenger.storage.local.remove("signIn");
      break;
    } catch (error) {
      if (error.code === "slow_down") pause = error.facts.interval ?? pause + 5;
      else if (!["authorization_pending", "unreachable", "busy"].includes(error.code)) {
        await messenger.storage.local.set({ signIn: { state: "refused", sentence: error.sentence ?? String(error) } });
        return;
      }
    }
  }
  await me(true);
}

/** End this device at the server, as far as it answers, and forget everything here. */
export async function signOut() {
  const kept = await account();
  await messenger.storage.local.set({ account: { server: kept.server } });
  if (kept.refresh) await post(kept.server, "/auth/revoke", { token: kept.refresh });
}

// SPDX-License-Identifier: Apache-2.0
/* The Sealroom server: calls with the device's tokens, uploads in parts that survive lost connections, refusals as errors. */

/** @typedef {{access: string, refresh: string, home?: string}} Tokens `home`: where the members' pages are */
/** @typedef {{load: () => Tokens | null, save: (tokens: Tokens | null) => void}} Keeper where the tokens are kept */

const PART = 4 * 1024 * 1024;
const TRIES = 5;
const LOCK = "sealroom-outlook-tokens";

/** The server said no. `code` is stable, `title` is in the user's language, `facts` are the numbers. */
export class Refusal extends Error {
  /** @param {string} code @param {number} status @param {string} title @param {Record<string, any>} facts */
  constructor(code, status, title = "", facts = {}) {
    super(title || code);
    this.code = code;
    this.status = status;
    this.title = title;
    this.facts = facts;
  }
}

/** @param {number} seconds */
export const pause = (seconds) => new Promise((resolve) => { setTimeout(resolve, seconds * 1000); });

/** @param {Response} response @returns {Promise<Refusal>} */
async function refusalOf(response) {
  /** @type {any} */
  const problem = await response.json().catch(() => ({}));
  const facts = { ...problem };
  const after = Number(response.headers.get("Retry-After"));
  if (after && !facts.retry_after) facts.retry_after = after;
  return new Refusal(String(problem.code ?? "error"), response.status, String(problem.title ?? ""), facts);
}

export class Server {
  /** @type {Promise<string> | null} */
  #refreshing = null;

  /**
   * @param {string} origin @param {Keeper} keeper @param {string} language
   * @param {{fetch?: typeof fetch, wait?: (seconds: number) => Promise<unknown>}} [parts] what tests replace
   */
  constructor(origin, keeper, language, parts = {}) {
    this.origin = origin;
    this.keeper = keeper;
    this.language = language;
    this.fetch = parts.fetch ?? ((input, init) => fetch(input, init));
    this.wait = parts.wait ?? pause;
  }

  get isSignedIn() {
    return this.keeper.load() !== null;
  }

  /**
   * A request that needs nobody signed in. Raises `Refusal`, with code "offline" when no answer came.
   * @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers]
   * @returns {Promise<Response>}
   */
  async ask(method, path, body, headers = {}) {
    const url = new URL(path, this.origin);
    if (url.origin !== new URL(this.origin).origin) throw new Refusal("error", 0);
    const isRaw = body instanceof Blob;
    /** @type {Record<string, string>} */
    const all = { "Accept-Language": this.language, ...headers };
    if (body !== undefined && !isRaw) all["Content-Type"] = "application/json";
    /** @type {BodyInit | undefined} */
    const sent = body === undefined || isRaw ? /** @type {Blob | undefined} */ (body) : JSON.stringify(body);
    let response;
    try {
      response = await this.fetch(url.href, { method, headers: all, body: sent, credentials: "omit", cache: "no-store" });
    } catch {
      throw new Refusal("offline", 0);
    }
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  /**
   * A request of the signed-in device; an access token that is over is renewed once.
   * @param {string} method @param {string} path below the API @param {unknown} [body] @param {Record<string, string>} [headers]
   * @returns {Promise<Response>}
   */
  async request(method, path, body, headers = {}) {
    const tokens = this.keeper.load();
    if (!tokens) throw new Refusal("signed_out", 401);
    const url = path.startsWith("/api/") ? path : `/api/v1${path}`;
    try {
      return await this.ask(method, url, body, { ...headers, Authorization: `Bearer ${tokens.access}` });
    } catch (fault) {
      if (!(fault instanceof Refusal) || fault.status !== 401) throw fault;
    }
    const access = await this.#renewed(tokens.access);
    return this.ask(method, url, body, { ...headers, Authorization: `Bearer ${access}` });
  }

  /**
   * The answer as JSON; null when there is none.
   * @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers]
   * @returns {Promise<any>}
   */
  async call(method, path, body, headers = {}) {
    const response = await this.request(method, path, body, headers);
    return response.status === 204 ? null : response.json();
  }

  /** Each refresh token serves once, so two panes must not use the same one. @param {string} stale */
  async #renewed(stale) {
    this.#refreshing ??= this.#alone(() => this.#renew(stale)).finally(() => { this.#refreshing = null; });
    return this.#refreshing;
  }

  /** @param {() => Promise<string>} deed @returns {Promise<string>} */
  async #alone(deed) {
    const locks = globalThis.navigator?.locks;
    return locks ? locks.request(LOCK, deed) : deed();
  }

  /** @param {string} stale */
  async #renew(stale) {
    const tokens = this.keeper.load();
    if (!tokens) throw new Refusal("signed_out", 401);
    if (tokens.access !== stale) return tokens.access; // another pane was faster
    try {
      const response = await this.ask("POST", "/api/v1/auth/token", { refresh_token: tokens.refresh });
      const fresh = await response.json();
      this.keeper.save({ ...tokens, access: fresh.access_token, refresh: fresh.refresh_token });
      return String(fresh.access_token);
    } catch (fault) {
      if (!(fault instanceof Refusal) || fault.status >= 500 || fault.status === 0 || fault.status === 429) throw fault;
      this.keeper.save(null);
      throw new Refusal("signed_out", 401, fault.title);
    }
  }

  /** End this device, here and at the server. */
  async signOut() {
    const tokens = this.keeper.load();
    this.keeper.save(null);
    if (tokens) await this.ask("POST", "/api/v1/auth/revoke", { token: tokens.refresh }).catch(() => undefined);
  }

  /**
   * Upload a file; a lost connection is taken up where it broke. `told` hears how many bytes are safe.
   * @param {Blob} blob @param {string} name @param {(bytes: number) => void} [told]
   * @returns {Promise<string>} the document's id
   */
  async upload(blob, name, told = () => undefined) {
    const bytes = new TextEncoder().encode(name);
    const filename = btoa(String.fromCharCode(...bytes));
    const tus = { "Tus-Resumable": "1.0.0" };
    const begun = await this.request("POST", "/uploads", undefined, {
      ...tus, "Upload-Length": String(blob.size), "Upload-Metadata": `filename ${filename}`,
    });
    const place = new URL(begun.headers.get("Location") ?? "", this.origin).pathname;
    let answer = begun;
    let offset = 0;
    for (let failed = 0; !answer.headers.get("Sealroom-Document");) {
      try {
        answer = await this.request("PATCH", place, blob.slice(offset, offset + PART), {
          ...tus, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset),
        });
        failed = 0;
      } catch (fault) {
        failed += 1;
        if (!(fault instanceof Refusal) || !["offline", "offset_conflict", "busy"].includes(fault.code) || failed >= TRIES) throw fault;
        await this.wait(failed);
        answer = await this.request("HEAD", place, undefined, tus).catch(() => answer);
      }
      offset = Number(answer.headers.get("Upload-Offset"));
      told(offset);
      if (offset >= blob.size && !answer.headers.get("Sealroom-Document")) throw new Refusal("error", 0);
    }
    return answer.headers.get("Sealroom-Document") ?? "";
  }
}

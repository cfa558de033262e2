// SPDX-License-Identifier: Apache-2.0
/* The sign-in window: shows a code, lets the member confirm it on the server's own page in his browser, and hands the tokens to the pane
   that opened the window. The password is never typed here. */

import { get, say, show, translate } from "./page.js";
import { Refusal, Server, pause } from "./server.js";
import { language, version } from "./session.js";
import { wordsIn } from "./words.js";

await Office.onReady();
const words = wordsIn(language());
translate(words, language());
const server = new Server(location.origin, { load: () => null, save: () => undefined }, language());

/** @param {string} device @param {number} interval seconds */
async function answer(device, interval) {
  let wait = interval;
  for (;;) {
    await pause(wait);
    try {
      return await (await server.ask("POST", "/api/v1/auth/token", { device_code: device })).json();
    } catch (fault) {
      if (!(fault instanceof Refusal)) throw fault;
      if (fault.code === "slow_down") wait += 5;
      else if (fault.code !== "authorization_pending" && fault.code !== "offline" && fault.status < 500) throw fault;
    }
  }
}

async function connect() {
  for (const id of ["alert", "again", "open"]) show(id, false);
  try {
    const label = `Outlook ${Office.context.platform ?? ""}`.trim();
    const begun = await (await server.ask("POST", "/api/v1/auth/device", { client: "outlook-addin", version, label })).json();
    get("code").textContent = begun.user_code;
    get("open").href = begun.verification_uri_complete;
    show("open", true);
    say("state", words.connectWaiting);
    const tokens = await answer(begun.device_code, begun.interval);
    say("state", words.connectDone);
    show("open", false);
    // Only the pane of this very origin hears it.
    const home = new URL(begun.verification_uri).origin;
    const said = JSON.stringify({ access: tokens.access_token, refresh: tokens.refresh_token, home });
    Office.context.ui.messageParent(said, { targetOrigin: location.origin });
  } catch (fault) {
    const code = fault instanceof Refusal ? fault.code : "";
    const said = { access_denied: words.connectDenied, expired_token: words.connectExpired, offline: words.troubles.offline({}) };
    say("state", "");
    get("code").textContent = "";
    show("open", false);
    say("alert", said[/** @type {keyof typeof said} */ (code)] ?? (fault instanceof Refusal ? fault.title : String(fault)));
    show("again", true);
  }
}

get("again").addEventListener("click", connect);
await connect();

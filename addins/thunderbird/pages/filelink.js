// SPDX-License-Identifier: Apache-2.0
// What Thunderbird's settings show of this FileLink provider.

import { fill, word } from "../words.js";
import { ask, at, openSettings } from "./ask.js";

fill(document);
at("settings").addEventListener("click", openSettings);
const { isSignedIn, server } = await ask("status");
at("state").textContent = isSignedIn ? word("filelinkReady", server) : word("signedOutText");

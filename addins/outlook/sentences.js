// SPDX-License-Identifier: Apache-2.0
/* What is said when something goes wrong: the server's refusals, Outlook's, and our own. */

import { HostFault } from "./mailbox.js";
import { Refusal } from "./server.js";
import { Trouble } from "./uploads.js";

/**
 * @param {unknown} fault @param {import("./words.js").Words} words
 * @param {(document: string | undefined) => string} nameOf what a document was called here; "" where it is not known
 * @returns {string}
 */
export function sentenceOf(fault, words, nameOf) {
  if (fault instanceof HostFault) return words.host(fault.call);
  if (!(fault instanceof Refusal || fault instanceof Trouble)) return String(fault);
  const { code, facts } = fault;
  if (code === "insufficient_credits") return words.short(facts.needed, facts.available);
  if (code === "invalid" && facts.errors?.inline) return words.picturesRefused;
  const name = nameOf(facts.document);
  const own = words.troubles[code];
  if (own) return own(name ? { name, ...facts } : facts);
  const title = fault instanceof Refusal ? fault.title || code : code;
  const about = name ? words.about(name) : "";
  return `${about}${title}${fault instanceof Refusal && fault.status >= 500 ? ` ${words.request(facts.request_id)}` : ""}`;
}

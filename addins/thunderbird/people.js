// SPDX-License-Identifier: Apache-2.0
// Whom a mail goes to.

const ADDRESS = /^[^\s@]+@[^\s@]+$/;

/**
 * The recipients of a mail, Bcc too. `faults` are names that are no addresses, such as lists of the address book.
 * @param {object} details of the compose window
 * @returns {Promise<{addresses: {email: string, name: string, kind: string}[], faults: string[]}>}
 */
export async function addressesOf(details) {
  const addresses = [];
  const faults = [];
  for (const kind of ["to", "cc", "bcc"]) {
    for (const text of [details[kind] ?? []].flat()) {
      const found = typeof text === "string" ? await messenger.messengerUtilities.parseMailboxString(text) : [];
      if (!found.length) faults.push(String(text));
      for (const one of found) {
        if (ADDRESS.test(one.email)) addresses.push({ email: one.email, name: (one.name ?? "").slice(0, 100), kind });
        else faults.push(one.name || one.email);
      }
    }
  }
  return { addresses, faults };
}

/** @param {object} details @returns {Promise<string>} */
export async function senderOf(details) {
  const [found] = await messenger.messengerUtilities.parseMailboxString(String(details.from ?? ""));
  return found?.email ?? "";
}

/** Whether somebody stands outside of the team's own domains. @param {{email: string}[]} addresses @param {string[]} own */
export function goesOut(addresses, own) {
  const domainOf = (email) => email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  return addresses.some((one) => !own.includes(domainOf(one.email)));
}

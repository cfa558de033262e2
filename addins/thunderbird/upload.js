// SPDX-License-Identifier: Apache-2.0
// Files on their way to the server, in parts that are resumed after a lost connection.

import { ask, call, Refusal } from "./server.js";

const PART = 4 * 1024 * 1024;
const TRIES = 5;
const TUS = { "Tus-Resumable": "1.0.0" };

/** @param {number} seconds */
export const pause = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

/** @param {string} text @returns {string} base64 of its UTF-8 */
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/**
 * Upload a file.
 * @param {File} file
 * @param {string} name
 * @param {(share: number) => void} [told] called with 0…1
 * @returns {Promise<string>} the id of the document
 */
export async function upload(file, name, told = () => {}) {
  const metadata = `filename ${base64(name.slice(0, 255))}`;
  const begun = await ask("POST", "/uploads", { headers: { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": metadata } });
  let made = begun.headers.get("Sealroom-Document");
  const place = begun.headers.get("Location") ?? "";
  let [offset, tries] = [0, 0];
  while (!made) {
    told(file.size ? offset / file.size : 1);
    try {
      const answer = await append(place, file, offset);
      made = answer.headers.get("Sealroom-Document");
      offset = Number(answer.headers.get("Upload-Offset"));
      tries = 0;
    } catch (error) {
      if (!(error instanceof Refusal) || !["unreachable", "offset_conflict", "busy"].includes(error.code) || ++tries >= TRIES) throw error;
      await pause(tries);
      const state = await ask("HEAD", place, { headers: TUS });
      made = state.headers.get("Sealroom-Document");
      offset = Number(state.headers.get("Upload-Offset"));
    }
  }
  told(1);
  return made;
}

function append(place, file, offset) {
  const headers = { ...TUS, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
  return ask("PATCH", place, { headers, body: file.slice(offset, offset + PART) });
}

/** Delete a document that was never sent; whether it worked makes no difference to the user. @param {string} id */
export async function forget(id) {
  try {
    await call("DELETE", `/documents/${id}`);
  } catch (error) {
    console.warn(`a document stays: ${error.code ?? error}`);
  }
}

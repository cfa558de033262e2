// SPDX-License-Identifier: Apache-2.0
// Files on their way to the server: a page gives slices over a port, each goes on as a tus PATCH. The server knows how far an upload
// is, so that one goes on after this worker was stopped.

import { call, pause } from "./api.js";
import { Problem } from "./store.js";

const TUS = { "Tus-Resumable": "1.0.0" };
const TRIES = 5;
const ID = /^[\w-]{1,64}$/;

/** @param {string} text */
function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** @param {string} text @returns {Uint8Array} */
function bytesOf(text) {
  const raw = atob(text);
  const bytes = new Uint8Array(raw.length);
  for (let place = 0; place < raw.length; place++) bytes[place] = raw.charCodeAt(place);
  return bytes;
}

/** @param {Response} answer @param {string} upload */
function standing(answer, upload) {
  return { upload, offset: Number(answer.headers.get("Upload-Offset")), document: answer.headers.get("Sealroom-Document") || "" };
}

/** Do a call again while nobody answers. @param {() => Promise<*>} deed */
async function patiently(deed) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await deed();
    } catch (problem) {
      const again = problem.code === "unreachable" || problem.status === 503 || problem.status === 429;
      if (!again || attempt === TRIES) throw problem;
      await pause(Math.min(1000 * (problem.facts?.retry_after ?? attempt), 10_000));
    }
  }
}

/** How far an upload is. @param {string} upload */
const look = (upload) => patiently(async () => standing(await call("HEAD", `/uploads/${upload}`, { headers: TUS }), upload));

/** @param {{name: string, size: number, upload?: string}} file */
async function begin(file) {
  if (file.upload && ID.test(file.upload)) {
    try {
      return await look(file.upload);
    } catch (problem) {
      if (problem.status !== 404 && problem.status !== 410) throw problem;
    }
  }
  const headers = { ...TUS, "Upload-Length": String(file.size), "Upload-Metadata": `filename ${base64(file.name)}` };
  return patiently(async () => {
    const answer = await call("POST", "/uploads", { headers });
    const upload = (answer.headers.get("Location") || "").replace(/\/$/, "").split("/").pop();
    if (!ID.test(upload)) throw new Problem("error");
    return standing(answer, upload);
  });
}

/** @param {string} upload @param {number} offset @param {Uint8Array} bytes */
async function append(upload, offset, bytes) {
  const headers = { ...TUS, "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
  try {
    return standing(await call("PATCH", `/uploads/${upload}`, { headers, bytes }), upload);
  } catch (problem) {
    if (problem.code !== "unreachable" && problem.code !== "offset_conflict") throw problem;
    return look(upload); // what came is kept there: go on from it
  }
}

/** Serve one file over a port: {begin} and {chunk} come, {want}, {done} or {failed} go. @param {chrome.runtime.Port} port */
export function serve(port) {
  let at = null;
  const say = (message) => {
    try {
      port.postMessage(message);
    } catch {
      // the page went away; the upload stays where it is
    }
  };
  const next = () => say(at.document ? { type: "done", document: at.document } : { type: "want", upload: at.upload, offset: at.offset });
  let turn = Promise.resolve();
  port.onMessage.addListener((message) => {
    turn = turn.then(async () => {
      try {
        if (message.type === "begin") at = await begin({ name: String(message.name), size: Number(message.size), upload: message.upload });
        else if (message.type === "chunk" && at) at = await append(at.upload, at.offset, bytesOf(message.data));
        else return;
        next();
      } catch (problem) {
        say({ type: "failed", problem: problem instanceof Problem ? problem.plain() : { code: "error" } });
      }
    });
  });
}

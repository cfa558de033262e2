// SPDX-License-Identifier: Apache-2.0
// A file on its way from this page to the worker, slice by slice. When the worker is stopped, a new one is asked to go on.
"use strict";
globalThis.sealroom ??= {};

(() => {
  const SLICE = 4 * 1024 * 1024;
  const DRY_TRIES = 6; // connections in a row that brought nothing
  const PAUSE_MS = 250;

  /** A refusal as pages know it: `code`, and what the server said. */
  class Refusal extends Error {
    /** @param {{code: string, title?: string, facts?: Object}} problem */
    constructor(problem) {
      super(problem.code);
      this.code = problem.code;
      this.title = problem.title || "";
      this.facts = problem.facts || {};
    }
  }

  /** Ask the worker. Raises `Refusal`; "reloaded" when the extension was replaced under this page. @param {Object} message */
  async function ask(message) {
    let answer;
    try {
      answer = await chrome.runtime.sendMessage(message);
    } catch {
      answer = null;
    }
    if (!answer) throw new Refusal({ code: chrome.runtime?.id ? "worker_gone" : "reloaded" });
    if (answer.problem) throw new Refusal(answer.problem);
    return answer.value;
  }

  /** @param {Blob} slice @returns {Promise<string>} */
  function base64(slice) {
    return new Promise((done, failed) => {
      const reader = new FileReader();
      reader.onload = () => done(String(reader.result).split(",", 2)[1] || "");
      reader.onerror = () => failed(new Refusal({ code: "unreadable_file" }));
      reader.readAsDataURL(slice);
    });
  }

  /** One connection: until the document is there, the server refuses, or the connection ends.
   * @param {File} file @param {{upload: string, offset: number}} at changed as the upload goes on */
  function connection(file, at, told, signal) {
    return new Promise((done, failed) => {
      let port;
      try {
        port = chrome.runtime.connect({ name: "upload" });
      } catch {
        failed(new Refusal({ code: "reloaded" }));
        return;
      }
      const stop = (problem) => {
        port.disconnect();
        failed(problem);
      };
      signal.addEventListener("abort", () => stop(new Refusal({ code: "removed" })), { once: true });
      port.onDisconnect.addListener(() => done(""));
      port.onMessage.addListener(async (message) => {
        if (message.type === "done") {
          done(message.document);
          port.disconnect();
        } else if (message.type === "failed") stop(new Refusal(message.problem));
        else if (message.type === "want") {
          at.upload = message.upload;
          at.offset = message.offset;
          told(message.offset);
          try {
            port.postMessage({ type: "chunk", data: await base64(file.slice(at.offset, at.offset + SLICE)) });
          } catch (problem) {
            if (problem instanceof Refusal) stop(problem); // else the connection has ended, and the next one goes on
          }
        }
      });
      port.postMessage({ type: "begin", name: file.name, size: file.size, upload: at.upload });
    });
  }

  /** Upload a file. Answers with the id of the document it has become.
   * @param {File} file @param {(sent: number) => void} told how many bytes are safe @param {AbortSignal} signal */
  async function upload(file, told, signal) {
    const at = { upload: "", offset: 0 };
    for (let dry = 0; dry < DRY_TRIES; dry++) {
      const before = at.offset;
      const document = await connection(file, at, told, signal);
      if (document) return document;
      if (at.offset > before) dry = 0;
      await new Promise((done) => setTimeout(done, PAUSE_MS * (dry + 1)));
    }
    throw new Refusal({ code: "worker_gone" });
  }

  Object.assign(globalThis.sealroom, { Refusal, ask, upload });
})();

// SPDX-License-Identifier: Apache-2.0
// The small window that says what happens to a mail while it is sent, and asks what must be asked.

/** @type {Map<number, Dialog>} */
const open = new Map();

/** The window of one attempt to send a mail. It opens with the first thing there is to say. */
export class Dialog {
  /** @param {number} tab @param {boolean} isQuiet whether progress alone opens no window */
  constructor(tab, isQuiet) {
    this.tab = tab;
    this.isQuiet = isQuiet;
    this.state = null;
    this.port = null;
    this.answer = null;
    this.window = null;
    open.set(tab, this);
  }

  /** Say what is being done. @param {object} state */
  async tell(state) {
    this.state = state;
    if (this.window !== null || !this.isQuiet) await this.#show();
  }

  /** Ask; closing the window means "back". @param {object} state @returns {Promise<string>} the button that was chosen */
  async ask(state) {
    this.state = state;
    const answered = new Promise((resolve) => {
      this.answer = resolve;
    });
    await this.#show();
    return answered;
  }

  /** A question is answered by closing, too; work that is under way is stopped by it. @returns {boolean} */
  get isClosed() {
    return this.window === "closed";
  }

  async end() {
    open.delete(this.tab);
    if (typeof this.window === "number") {
      try {
        await messenger.windows.remove(this.window);
      } catch {
        // closed meanwhile
      }
    }
  }

  async #show() {
    if (this.window === null) {
      this.window = "opening";
      const url = messenger.runtime.getURL(`pages/send.html?tab=${this.tab}`);
      const made = await messenger.windows.create({ type: "popup", url, width: 460, height: 400, allowScriptsToClose: true });
      if (this.window === "opening") this.window = made.id;
    }
    this.port?.postMessage(this.state);
  }

  /** @param {any} port of the page */
  connect(port) {
    this.port = port;
    port.postMessage(this.state);
    port.onMessage.addListener((choice) => this.#answered(choice));
    port.onDisconnect.addListener(() => {
      this.port = null;
      this.window = "closed";
      this.#answered("back");
    });
  }

  #answered(choice) {
    this.answer?.(choice);
    this.answer = null;
  }
}

/** Let the pages find their dialogs; they go with the mail they are about. */
export function listen() {
  messenger.tabs.onRemoved.addListener((tab) => open.get(tab)?.end());
  messenger.runtime.onConnect.addListener((port) => {
    const dialog = open.get(Number(port.name.replace("send:", "")));
    if (dialog) dialog.connect(port);
    else port.disconnect();
  });
}

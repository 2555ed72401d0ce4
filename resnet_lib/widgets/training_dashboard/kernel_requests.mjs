// Sends requests to the kernel, and waits for its answers.
import { h } from "../shared/dom.mjs";
import { readSettings } from "./settings.mjs";
import { isLive } from "./training_state.mjs";

const SETTLE_MS = 500; // after which settings that were changed count as chosen
const ANSWER_MS = 5000; // that a kernel may take to answer a button

/** The requests of one view, and the one that has no answer yet (`pending`). */
export class KernelRequests {
  /**
   * @param {import("../shared/model.mjs").Model} model
   * @param {() => void} onchange
   */
  constructor(model, onchange) {
    this.model = model;
    this.onchange = onchange;
    this.pending = null;
    this.settling = null; // the timer that waits for the settings
    this.downloads = 0; // files that this view asked for; those of another view are not for it
  }
  get isSettling() {
    return this.settling !== null;
  }
  ask(message) {
    this.stop();
    this.model.save_changes();
    if (message.do === "download") this.downloads += 1;
    const timer = setTimeout(() => {
      this.pending.isLate = true;
      this.onchange();
    }, ANSWER_MS);
    this.pending = { what: message.do, isLate: false, timer };
    this.send(message);
    this.onchange();
  }
  /** Sends the settings along: the synced traits can arrive later where the kernel is busy. */
  send(message) {
    this.model.send({ ...message, settings: readSettings(this.model) });
  }
  answer() {
    clearTimeout(this.pending?.timer);
    this.pending = null;
  }
  /** Asks what the kernel has of the settings. */
  look() {
    this.stopSettling();
    if (!isLive(this.model)) return;
    this.model.save_changes();
    this.send({ do: "look" });
    this.onchange();
  }
  lookLater() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.look(), SETTLE_MS);
  }
  stopSettling() {
    clearTimeout(this.settling);
    this.settling = null;
  }
  /** Tells whether a file that arrives is for this view. */
  takeDownload() {
    if (!this.downloads) return false;
    this.downloads -= 1;
    this.answer();
    return true;
  }
  dropDownloads() {
    this.downloads = 0;
  }
  stop() {
    this.answer();
    this.stopSettling();
  }
}

/**
 * Saves a file on the reader's machine. Its address is kept for a while, because not every home of the
 * widget reads it at once.
 * @param {{download: string, type: string}} file
 * @param {DataView} bytes
 * @param {HTMLElement} root
 */
export function saveFile({ download, type }, bytes, root) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = h("a", { href: url, download, hidden: true });
  root.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 30_000);
}

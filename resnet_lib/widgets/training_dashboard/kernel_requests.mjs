// Sends requests to the kernel, and waits for its answers.
import { h } from "../shared/dom.mjs";
import { readSettings } from "./settings.mjs";
import { isLive } from "./training_state.mjs";

const SETTLE_MS = 500; // after which settings that were changed count as chosen
const ANSWER_MS = 5000; // that a kernel may take to answer a button

/**
 * Creates the requests of one view. `pending` is the request that has no answer yet.
 * @param {import("../shared/model.mjs").Model} model
 * @param {() => void} onchange
 */
export function createKernelRequests(model, onchange) {
  let settling = null; // the timer that waits for the settings
  let downloads = 0; // files that this view asked for; those of another view are not for it
  const requests = { pending: null, isSettling: () => settling !== null, ask, look, lookLater, answer, takeDownload, dropDownloads, stop };

  // The settings go along, because the synced traits can arrive later where the kernel is busy.
  const send = (message) => model.send({ ...message, settings: readSettings(model) });
  function ask(message) {
    stop();
    model.save_changes();
    if (message.do === "download") downloads += 1;
    const timer = setTimeout(() => {
      requests.pending.isLate = true;
      onchange();
    }, ANSWER_MS);
    requests.pending = { what: message.do, isLate: false, timer };
    send(message);
    onchange();
  }
  function answer() {
    clearTimeout(requests.pending?.timer);
    requests.pending = null;
  }
  /** Asks what the kernel has of the settings. */
  function look() {
    stopSettling();
    if (!isLive(model)) return;
    model.save_changes();
    send({ do: "look" });
    onchange();
  }
  function lookLater() {
    clearTimeout(settling);
    settling = setTimeout(look, SETTLE_MS);
  }
  function stopSettling() {
    clearTimeout(settling);
    settling = null;
  }
  /** Tells whether a file that arrives is for this view. */
  function takeDownload() {
    if (!downloads) return false;
    downloads -= 1;
    answer();
    return true;
  }
  function dropDownloads() {
    downloads = 0;
  }
  function stop() {
    answer();
    stopSettling();
  }
  return requests;
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

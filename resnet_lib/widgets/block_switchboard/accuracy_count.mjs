// Counts how many test images a net classifies correctly, in the worker, while the page stays responsive.
import { decodeSprite } from "../net_in_page/pixels.mjs";
import { h } from "../shared/dom.mjs";
import { formatInteger } from "../shared/formatting.mjs";
import { describeCount, describeRecordedError } from "./descriptions.mjs";
import { computeError, findRecordedError } from "./recorded_errors.mjs";

const formatError = (value, digits) => `${value.toFixed(digits)} % wrong`;

/** Creates the entry of a figure: its name, the figure and a note. */
function createFigure() {
  const [name, figure, note] = [h("dt"), h("span", {}), h("small", {})];
  return { name, figure, note, element: h("div", {}, name, h("dd", {}, figure, note)) };
}

/** A button that counts and cancels, the error that was counted, and the recorded one over all images. */
export class AccuracyCount {
  /**
   * @param {{images: {labels: number[], file: string}, announce: function(string): void,
   *   prepare: function(): Promise<import("../net_in_page/worker_client.mjs").WorkerClient>,
   *   loadFile: function(string): Promise<Uint8Array>}} given  `prepare` loads the net that is shown
   */
  constructor({ images, announce, prepare, loadFile }) {
    Object.assign(this, { images, announce, prepare, loadFile });
    this.total = images.labels.length;
    this.button = h("button", { type: "button", class: "rl-button rl-play", onclick: () => (this.job ? this.cancel() : this.count()) });
    this.bar = h("progress", { class: "rl-progress", max: this.total, "aria-label": "Images counted" });
    this.phase = h("span", { class: "rl-phase" });
    this.running = h("div", { class: "rl-progress-row rl-count-progress" }, this.bar, this.phase);
    [this.counted, this.recorded] = [createFigure(), createFigure()];
    this.counted.name.textContent = `${this.total} images, counted here`;
    this.status = h("p", { class: "rl-note", role: "status" });
    this.element = h("div", { class: "rl-accuracy" },
      h("div", { class: "rl-transport" }, this.button, this.running),
      h("dl", { class: "rl-totals" }, this.counted.element, this.recorded.element), this.status);
    [this.net, this.scales, this.key] = [null, [], ""];
    this.job = null; // the count that runs: { done, right, isLoading, cancel }
    this.pixels = null; // a promise of all images
    this.clear();
    this.showProgress();
  }

  showProgress() {
    this.button.textContent = this.job ? "Cancel" : `Accuracy over ${this.total} images`;
    this.running.classList.toggle("rl-idle", !this.job);
    if (!this.job) return;
    const { done, right, isLoading } = this.job;
    this.bar.value = done;
    this.phase.textContent = isLoading ? `loading ${this.total} images …` : `${done} of ${this.total}, ${right} right`;
  }

  clear() {
    this.counted.figure.textContent = "–";
    this.counted.note.textContent = "not counted yet";
  }

  /** Shows the recorded error of a setting; a count of another setting ends. */
  update(net, scales) {
    const key = `${net.label} ${scales}`;
    if (key === this.key) return;
    Object.assign(this, { net, scales, key });
    if (this.job) this.cancel("The setting had changed.");
    else this.status.textContent = "";
    this.clear();
    const record = findRecordedError(net.lesions, scales);
    const { name, figure, note } = this.recorded;
    name.textContent = record ? `All ${formatInteger(record.images)} test images, recorded` : "All test images";
    figure.textContent = record ? formatError(record.error, 2) : "–";
    note.textContent = record ? `with ${record.setting}` : "not recorded for this setting";
    this.showProgress();
  }

  async count() {
    const job = { done: 0, right: 0, isLoading: true, cancel: null };
    this.job = job;
    this.status.textContent = "";
    this.clear();
    this.showProgress();
    try {
      const end = await this.runJob(job);
      if (this.job !== job) return;
      this.job = null;
      if (end?.finished) this.finish(end);
    } catch (problem) {
      if (this.job !== job) return;
      this.job = null;
      this.status.textContent = `This could not be counted: ${problem.message}`;
    }
    this.showProgress();
  }

  async runJob(job) {
    this.pixels ??= this.loadFile(this.images.file).then((bytes) => decodeSprite(bytes, this.total));
    this.pixels.catch(() => (this.pixels = null)); // the next press tries again
    const [pixels, worker] = await Promise.all([this.pixels, this.prepare()]);
    if (this.job !== job) return null;
    job.isLoading = false;
    const request = { net: this.net.file, images: pixels, labels: this.images.labels, scales: this.scales };
    const work = worker.evaluate(request, (progress) => {
      Object.assign(job, progress);
      if (this.job === job) this.showProgress();
    });
    job.cancel = work.cancel;
    return work.done;
  }

  finish({ done, right }) {
    const { error, standardError } = computeError(right, done);
    this.counted.figure.textContent = formatError(error, 1);
    this.counted.note.textContent = `${right} of ${done} right, ± ${standardError.toFixed(1)} points (one standard error)`;
    this.announce(`${describeCount({ done, right, of: this.total })}. ${describeRecordedError(this.net.lesions, this.scales)}.`);
  }

  /** Ends the count, and describes what has been counted. */
  cancel(reason = "") {
    const { done, right, cancel } = this.job;
    this.job = null;
    cancel?.();
    this.status.textContent = `${describeCount({ done, right, of: this.total })}.${reason ? ` ${reason}` : ""}`;
    this.showProgress();
  }

  /** Ends the count without a word. */
  stop() {
    this.job?.cancel?.();
  }
}

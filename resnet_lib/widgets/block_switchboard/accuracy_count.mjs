// How many of the test images a net has right, counted in the worker while the page goes on.
import { decodeSprite } from "../net_in_page/pixels.mjs";
import { h } from "../shared/dom.mjs";
import { formatInteger } from "../shared/formatting.mjs";
import { countWords, errorOf, recordedFor, recordedWords } from "./switch_words.mjs";

/**
 * A button that counts and cancels, the figure it comes to, and the recorded one for all images.
 * `ready()` resolves to the worker with the net in it, `fileOf(name)` to a file's bytes.
 */
export function createAccuracy({ images, words, ready, fileOf }) {
  const total = images.labels.length;
  const button = h("button", { type: "button", class: "rl-button rl-play", onclick: () => (job ? cancel() : count()) });
  const bar = h("progress", { class: "rl-progress", max: total, "aria-label": "Images counted" });
  const phase = h("span", { class: "rl-phase" });
  const running = h("div", { class: "rl-progress-row rl-counting" }, bar, phase);
  const cell = () => {
    const [name, figure, small] = [h("dt"), h("span", {}), h("small", {})];
    return { name, figure, small, element: h("div", {}, name, h("dd", {}, figure, small)) };
  };
  const [here, recorded] = [cell(), cell()];
  here.name.textContent = `${total} images, counted here`;
  const said = h("p", { class: "rl-note", role: "status" });
  const element = h("div", { class: "rl-accuracy" },
    h("div", { class: "rl-transport" }, button, running),
    h("dl", { class: "rl-totals" }, here.element, recorded.element), said);

  let [net, scales, key] = [null, [], ""];
  let job = null; // the count that runs: { done, right, loading, cancel }
  let pixels = null; // a promise of all images

  const percent = (value, digits) => `${value.toFixed(digits)} % wrong`;
  function show() {
    button.textContent = job ? "Cancel" : `Accuracy over ${total} images`;
    running.classList.toggle("rl-idle", !job);
    if (!job) return;
    bar.value = job.done;
    phase.textContent = job.loading ? `loading ${total} images …` : `${job.done} of ${total}, ${job.right} right`;
  }
  function clear() {
    here.figure.textContent = "–";
    here.small.textContent = "not counted yet";
  }

  /** The setting that is shown now; a count of another one ends. */
  function update(newNet, newScales) {
    const newKey = `${newNet.label} ${newScales}`;
    if (newKey === key) return;
    [net, scales, key] = [newNet, newScales, newKey];
    if (job) cancel("The setting had changed.");
    else said.textContent = "";
    clear();
    const found = recordedFor(net.lesions, scales);
    recorded.name.textContent = found ? `All ${formatInteger(found.images)} test images, recorded` : "All test images";
    recorded.figure.textContent = found ? percent(found.error, 2) : "–";
    recorded.small.textContent = found ? `with ${found.words}` : "not recorded for this setting";
    show();
  }

  async function count() {
    const own = { done: 0, right: 0, loading: true, cancel: null };
    job = own;
    said.textContent = "";
    clear();
    show();
    try {
      pixels ??= fileOf(images.file).then((bytes) => decodeSprite(bytes, total));
      pixels.catch(() => (pixels = null)); // the next press tries again
      const [all, worker] = await Promise.all([pixels, ready()]);
      if (job !== own) return;
      own.loading = false;
      const work = worker.evaluate({ net: net.file, images: all, labels: images.labels, scales }, (progress) => {
        Object.assign(own, progress);
        if (job === own) show();
      });
      own.cancel = work.cancel;
      const end = await work.done;
      if (job !== own) return;
      job = null;
      if (end?.finished) finish(end);
    } catch (problem) {
      if (job !== own) return;
      job = null;
      said.textContent = `This could not be counted: ${problem.message}`;
    }
    show();
  }

  function finish({ done, right }) {
    const { error, deviation } = errorOf(right, done);
    here.figure.textContent = percent(error, 1);
    here.small.textContent = `${right} of ${done} right, ± ${deviation.toFixed(1)} points (one standard error)`;
    words.announce(`${countWords({ done, right, of: total })}. ${recordedWords(net.lesions, scales)}.`);
  }

  /** Ends the count; what had been counted is said. */
  function cancel(why = "") {
    const { done, right, cancel: end } = job;
    job = null;
    end?.();
    said.textContent = `${countWords({ done, right, of: total })}.${why ? ` ${why}` : ""}`;
    show();
  }

  clear();
  show();
  return { element, update, stop: () => job?.cancel?.() };
}

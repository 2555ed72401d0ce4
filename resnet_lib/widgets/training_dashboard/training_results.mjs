// Shows the progress of a training run, and its result.
import { createFigures, h } from "../shared/dom.mjs";
import { formatInteger, formatPercent, formatSignificant } from "../shared/formatting.mjs";
import { countEpochs } from "../shared/recorded_runs.mjs";
import { describePhase, describeRecipe, describeResult, formatFileSize, formatTime } from "./descriptions.mjs";
import { findPaperResult } from "./reference_runs.mjs";
import { formatFullName, formatRunName, getKind } from "./settings.mjs";
import { createDownloadButton } from "./training_buttons.mjs";

/** @typedef {import("./training_state.mjs").State} State */

/** Creates the progress bar and the figures below it. */
export function createProgressPanel() {
  const bar = h("progress", { class: "rl-progress", max: 1, "aria-label": "Progress within the epoch" });
  const phase = h("span", { class: "rl-phase" });
  const row = h("div", { class: "rl-progress-row" }, bar, phase);
  const figures = h("dl", { class: "rl-figures" });
  const element = h("div", { class: "rl-progress-panel", hidden: true }, row, figures);
  /** @param {State} state */
  function draw(state) {
    const { run, isTraining: isRunning, status, progress, settings } = state;
    element.hidden = !isRunning && !(run && countEpochs(run));
    element.dataset.kind = getKind(run ?? settings); // a net in training may differ from the controls
    row.hidden = !isRunning;
    if (status === "preparing") bar.removeAttribute("value");
    else bar.value = !isRunning ? 1 : progress.steps ? progress.step / progress.steps : 0;
    phase.textContent = describePhase(status, progress);
    figures.replaceChildren(...createFigures(isRunning ? listProgress(state) : listTotals(run)));
  }
  return { element, draw };
}

const formatKnown = (value, format) => (value === null || value === undefined ? "–" : format(value));
const sum = (values) => values.reduce((a, b) => a + b, 0);

function listProgress({ run, progress, isLive }) {
  const formatError = (error) => `${formatPercent(error)} %`;
  return [
    ["Learning rate", formatKnown(progress.learning_rate, (rate) => formatSignificant(rate, 3))],
    ["Images a second", formatKnown(progress.images_per_second, (speed) => formatInteger(Math.round(speed)))],
    ["Training error", formatKnown(progress.error ?? run?.error?.at(-1), formatError)],
    ["Test error", formatKnown(run?.test_error?.at(-1), formatError)],
    ["Time left", formatKnown(progress.seconds_left, formatTime), isLive ? "" : "of the recorded run"],
  ];
}

function listTotals(run) {
  const [seconds, speeds] = [run?.seconds ?? [], run?.images_per_second ?? []];
  return [
    ["Epochs", formatKnown(run, () => `${countEpochs(run)} of ${run.epochs}`)],
    ["Training error", formatKnown(run?.training_error ?? run?.error?.at(-1), (error) => `${error.toFixed(2)} %`)],
    ["Images a second", speeds.length ? formatInteger(Math.round(sum(speeds) / speeds.length)) : "–"],
    ["It took", seconds.length ? formatTime(sum(seconds)) : "–"],
  ];
}

/**
 * Creates the result: compared with the paper's, and as files.
 * @param {(what: string) => void} ondownload
 */
export function createResult(ondownload) {
  const outcome = h("p", { class: "rl-outcome" });
  const remark = h("p", { class: "rl-note" });
  const files = h("div", { class: "rl-saved" });
  const element = h("div", { class: "rl-training-result", hidden: true }, outcome, remark, files);
  let listed = ""; // the files that are shown
  /**
   * @param {State} state
   * @param {import("./reference_runs.mjs").PaperResult[]} paper
   * @returns {string}  the result as text, "" before there is one
   */
  function draw({ run, isTraining: isRunning, isLive, settings, recipes, saved }, paper) {
    element.dataset.kind = getKind(run ?? settings);
    element.hidden = isRunning || !run || !countEpochs(run);
    if (element.hidden) return "";
    const result = describeResult(run, findPaperResult(paper, run), recipes);
    const isForeign = isLive && run.name !== formatRunName(settings, recipes);
    outcome.textContent = result.head;
    remark.textContent = result.remark + (isForeign ? ` Shown: ${formatFullName(run)}, ${describeRecipe(run)}.` : "");
    files.hidden = !saved.folder || isForeign;
    if (listed !== JSON.stringify(saved)) files.replaceChildren(...createFileList(saved, ondownload));
    listed = JSON.stringify(saved);
    return `${outcome.textContent} ${remark.textContent}`;
  }
  return { element, draw };
}

function createFileList(saved, ondownload) {
  const names = [["run", "Run"], ["weights", "Weights"]].filter(([what]) => saved[what]);
  return ["Saved in ", h("code", {}, `${saved.folder}`), ...names.map(([what, name]) =>
    createDownloadButton(`${name}, ${formatFileSize(saved[what])}`, () => ondownload(what)))];
}

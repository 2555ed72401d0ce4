// Describes a training run, its time and its result in words.
import { formatCount, formatPercent } from "../shared/formatting.mjs";
import { countEpochs } from "../shared/recorded_runs.mjs";
import { countPlannedEpochs, formatRecipe } from "./settings.mjs";

/**
 * @typedef {import("./settings.mjs").Settings} Settings
 * @typedef {import("./settings.mjs").Recipes} Recipes
 * @typedef {import("./reference_runs.mjs").TimedRun} TimedRun
 * @typedef {import("./reference_runs.mjs").PaperResult} PaperResult
 */

/**
 * Formats a time: 48 s, 3 min 20 s, 14 min, 2 h 5 min.
 * @param {number} seconds
 */
export function formatTime(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/**
 * Formats a time that is only expected: short for a figure, long for a sentence.
 * @param {number} minutes
 */
export function formatExpectedTime(minutes) {
  const seconds = Math.max(5, 5 * Math.round(12 * minutes));
  if (seconds < 60) return { short: `${seconds} s`, long: `about ${seconds} seconds` };
  if (minutes > 60) {
    const hours = minutes < 600 ? Number((minutes / 60).toFixed(1)) : Math.round(minutes / 60);
    return { short: `${hours} h`, long: `about ${formatCount(hours, "hour")}` };
  }
  const whole = Math.round(minutes);
  return { short: `${whole} min`, long: `about ${formatCount(whole, "minute")}` };
}

/**
 * Formats the size of a file: 2 kB, 3.4 MB.
 * @param {number} bytes
 */
export function formatFileSize(bytes) {
  if (bytes < 999_500) return `${Math.max(1, Math.round(bytes / 1000))} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0)} MB`;
}

/**
 * Describes the time that a training run is expected to take: `figure` and `note` for the controls, `hint`
 * where it is long, `text` for a screen reader.
 * @param {Object} forecast  as the kernel sends it
 * @param {{name: string, epochs: number, left?: number}} run  `left` are the epochs that a resumed run
 *   still has to do, 0 where there is none
 */
export function describeForecast(forecast, { name, epochs, left = 0 }) {
  const describeMissing = (figure, note) => ({ figure, note, hint: "", text: "" });
  if (forecast.name !== name) return describeMissing("…", "asking the kernel");
  if (forecast.state === "measuring") return describeMissing("…", "Measuring the speed of this device…");
  if (forecast.state === "later") return describeMissing("–", "measured once the training under way has ended");
  if (forecast.state !== "known") return describeMissing("–", `could not be measured: ${forecast.words ?? "no reason given"}`);
  const { epoch_seconds: seconds, device } = forecast;
  const time = formatExpectedTime(left ? (left * seconds) / 60 : forecast.minutes);
  const note = `${left ? `for the ${formatCount(left, "epoch")} left, ` : ""}on ${device} (${seconds < 9.95 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s an epoch)`;
  return { figure: time.short, note, hint: suggestShorter(forecast, left || epochs), text: `Expected: ${time.long} ${note}.` };
}

/** Suggests a shorter training where a CPU would be busy for long. */
function suggestShorter({ device, epoch_seconds: seconds, minutes }, epochs) {
  if (!/\bCPU\b/i.test(device) || Math.min(minutes, (epochs * seconds) / 60) <= 20) return "";
  const fitting = Math.floor((15 * 60) / seconds);
  return fitting > 0
    ? `This device has no GPU. With ${formatCount(fitting, "epoch")} it would take ${formatExpectedTime((fitting * seconds) / 60).long}; a smaller n is faster too.`
    : "This device has no GPU: choose a smaller n, or open the chapter where there is one (Colab lends them).";
}

/**
 * Describes the range of a field where a number outside it was typed; "" elsewhere.
 * @param {string} subject  such as "n goes"
 * @param {number} typed
 * @param {{min: number, max: number}} range
 */
export function describeLimit(subject, typed, { min, max }) {
  return typed < min || typed > max ? `${subject} from ${min} to ${max}` : "";
}

/**
 * Describes what Start and Resume would do with a run of these settings that the kernel found.
 * @param {{epochs?: number, of?: number, finished?: boolean}} found
 * @param {boolean} isShown
 */
export function describeFoundRun({ epochs, of, finished }, isShown) {
  if (!epochs) return "";
  if (finished) return `These very settings have been trained${isShown ? ": the run is shown below" : ""}. Start trains anew, and sets that run aside.`;
  return `${epochs} of ${formatCount(of, "epoch")} of these settings are done: Resume goes on with epoch ${epochs + 1}. Start begins anew, and sets them aside.`;
}

/**
 * Describes how a run was trained: "recipe quick-8 (8 epochs), seed 0, on CPU".
 * @param {TimedRun} run
 */
export const describeRecipe = (run) => `recipe ${run.recipe} (${formatCount(run.epochs, "epoch")}), seed ${run.seed}, on ${run.device}`;

/**
 * Describes in what a recorded run differs from the controls, beside its net; "" where it does not.
 * @param {TimedRun} run
 * @param {Settings} settings
 * @param {Recipes} recipes
 */
export function describeMismatch(run, settings, recipes) {
  const wanted = [];
  if (run.recipe !== formatRecipe(settings, recipes)) wanted.push(`recipe ${settings.recipe}, ${formatCount(countPlannedEpochs(settings, recipes), "epoch")}`);
  if (run.seed !== settings.seed) wanted.push(`seed ${settings.seed}`);
  return wanted.length ? `The controls say ${wanted.join(", ")}: of that no run is recorded, and this is the nearest there is.` : "";
}

const formatPaperError = ({ test_error, at_least }) => (at_least ? `above ${test_error} %` : `${test_error.toFixed(2)} %`);

/**
 * Formats the label of the line at the paper's error.
 * @param {PaperResult} result
 */
export const formatPaperLabel = (result) => `He et al. 2015: ${result.at_least ? `> ${result.test_error}` : result.test_error.toFixed(2)} %`;

/**
 * Describes the result of a training run, and compares it with the paper's.
 * @param {TimedRun} run
 * @param {PaperResult|null} paper
 * @param {Recipes} recipes
 * @returns {{head: string, remark: string}}
 */
export function describeResult(run, paper, recipes) {
  const [epochs, error] = [countEpochs(run), run.test_error.at(-1)];
  if (!epochs) return { head: "No epoch had ended.", remark: "" };
  const own = error === null || error === undefined ? "no test error" : `test error ${error.toFixed(2)} %`;
  if (run.status !== "finished") {
    const start = run.status === "diverged" ? "It diverged after" : "After";
    return { head: `${start} epoch ${epochs} of ${run.epochs}: ${own}.`, remark: "" };
  }
  if (!paper) return { head: `T${own.slice(1)}.`, remark: "He et al. 2015 report no test error of this net." };
  const points = Math.abs(error - paper.test_error).toFixed(2);
  const side = error > paper.test_error ? "above" : "below";
  const difference = paper.at_least ? "" : Number(points) ? `${points} points ${side} the paper’s. ` : "As low as the paper’s. ";
  return { head: `T${own.slice(1)}, the paper’s ${formatPaperError(paper)}.`, remark: difference + comparePaperRecipe(run.recipe, epochs, recipes) };
}

/**
 * Describes how a recipe compares with the paper's.
 * @param {string} recipe
 * @param {number} epochs
 * @param {Recipes} recipes
 */
export function comparePaperRecipe(recipe, epochs, recipes) {
  const theirs = recipes.paper?.epochs ?? 164;
  return recipe === "paper"
    ? `By the paper’s own recipe, ${theirs} epochs; one seed differs from the next.`
    : `The paper’s recipe is another, of ${theirs} epochs; this one has ${epochs}: the gap is the recipe’s as well.`;
}

/**
 * Describes the errors of a run after an epoch, or at its end (0).
 * @param {TimedRun} run
 * @param {number} epoch
 */
export function describeEpoch(run, epoch) {
  const at = epoch || countEpochs(run);
  if (!at) return "No epoch has ended yet.";
  const errors = [["test", run.test_error[at - 1]], ["training", run.error[at - 1]]].filter(([, value]) => value !== null && value !== undefined);
  return `Epoch ${at} of ${run.epochs}: ${errors.map(([name, value]) => `${name} error ${formatPercent(value)} %`).join(", ")}.`;
}

/**
 * Describes the phase of a training run, beside the progress bar.
 * @param {string} status
 * @param {Object} progress
 */
export function describePhase(status, progress) {
  if (status === "preparing") return "Preparing…";
  if (!progress.epoch) return status === "training" || status === "stopping" ? "Training…" : "";
  const { phase, epoch, epochs, step, steps } = progress;
  const activity = { testing: "testing on the test images", finishing: "a last look at all training images" }[phase] ?? `step ${step} of ${steps}`;
  return `Epoch ${epoch} of ${epochs}: ${activity}${status === "stopping" ? "; it stops at its end" : ""}`;
}

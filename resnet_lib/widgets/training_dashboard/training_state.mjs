// Reads the state of the dashboard: the settings, and the training run that the kernel or a replay reports.
import { findNetProblem } from "../shared/cifar_net.mjs";
import { findRecordedRun } from "./reference_runs.mjs";
import { countPlannedEpochs, formatRunName, readSettings } from "./settings.mjs";

/**
 * @typedef {import("../shared/model.mjs").Model} Model
 * @typedef {import("./reference_runs.mjs").TimedRun} TimedRun
 * @typedef {Object} State
 * @property {import("./settings.mjs").Settings} settings
 * @property {import("./settings.mjs").Recipes} recipes
 * @property {string} problem  what is wrong with the settings, or ""
 * @property {boolean} isLive  whether there is a kernel that trains
 * @property {string} status
 * @property {boolean} isTraining
 * @property {{kind?: string, text?: string}} message
 * @property {Object} progress
 * @property {TimedRun|null} run  that is shown or being trained
 * @property {TimedRun|null} whole  the same run, of a replay with the epochs to come
 * @property {TimedRun|null} recorded  the run that a replay would play
 * @property {{epochs?: number, of?: number, finished?: boolean}} found  by the kernel, of these settings
 * @property {{folder?: string}} saved  the files of the run that is shown
 * @property {{what: string, isLate: boolean}|null} request  that the kernel has not answered
 */

/** The traits of a training run, which the kernel sets. */
export const TRAINING_TRAITS = ["status", "message", "progress", "run"];
/** The other traits that the kernel sets. */
export const KERNEL_TRAITS = ["found", "forecast", "saved"];
const TRAINING_STATUSES = ["preparing", "training", "stopping"];

/**
 * Tells whether a kernel is there to train.
 * @param {Model} model
 */
export const isLive = (model) => Boolean(model.get("live")) && typeof model.send === "function";

/**
 * Tells whether a training run is under way.
 * @param {string} status
 */
export const isTraining = (status) => TRAINING_STATUSES.includes(status);

/**
 * Reads the whole state, from which everything is drawn.
 * @param {Model} model
 * @param {import("./replay.mjs").Replay} replay
 * @param {import("./kernel_requests.mjs").KernelRequests} requests
 * @returns {State}
 */
export function readState(model, replay, requests) {
  const [settings, recipes, live] = [readSettings(model), model.get("recipes"), isLive(model)];
  const problem = findNetProblem(settings) || (settings.recipe in recipes ? "" : `there is no recipe ${settings.recipe}`);
  const kernel = Object.fromEntries([...TRAINING_TRAITS, ...KERNEL_TRAITS].map((name) => [name, model.get(name) ?? {}]));
  const { status, message, progress, run } = live ? kernel : replay.state;
  const shown = run?.name ? run : null;
  return {
    settings, recipes, problem, isLive: live, status, message, progress,
    isTraining: isTraining(status), run: shown, whole: live ? shown : replay.whole,
    recorded: live || problem ? null : findRecordedRun(model.get("recorded"), settings, recipes),
    found: live && !problem && !requests.isSettling ? findRun(kernel.found, settings, recipes) : {},
    forecast: kernel.forecast, saved: live ? kernel.saved : {}, request: requests.pending,
  };
}

/** Returns what the kernel found, if it is a run of these settings. */
function findRun(found, settings, recipes) {
  const name = formatRunName(settings, recipes);
  return (found.name ?? name) === name && found.epochs && found.of === countPlannedEpochs(settings, recipes) ? found : {};
}

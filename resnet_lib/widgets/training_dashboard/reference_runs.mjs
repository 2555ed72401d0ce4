// Finds the recorded runs and the paper's result that belong to a net.
import { computeDepth } from "../shared/cifar_net.mjs";
import { countEpochs, listDistinct } from "../shared/recorded_runs.mjs";
import { formatFamily, formatFullName, formatRecipe, formatRunName, getKind } from "./settings.mjs";

/**
 * @typedef {import("./settings.mjs").Settings} Settings
 * @typedef {import("./settings.mjs").Recipes} Recipes
 * @typedef {import("../shared/recorded_runs.mjs").Run & {n: number, seconds: number[], images_per_second: number[]}} TimedRun
 * @typedef {{version: string, n: number, shortcut: string, test_error: number, at_least: boolean, source: string}} PaperResult
 */

const isSameNet = (one, other) => ["version", "n", "shortcut"].every((key) => one[key] === other[key]);
const findLongest = (runs) => [...runs].sort((a, b) => countEpochs(b) - countEpochs(a) || a.seed - b.seed)[0] ?? null;
const groupByNet = (runs) => listDistinct(runs.map(formatFullName)).map((name) => [name, runs.filter((run) => formatFullName(run) === name)]);

/**
 * Finds the recorded run of a net: the run with these settings, else the longest.
 * @param {TimedRun[]} recorded
 * @param {Settings} settings
 * @param {Recipes} recipes
 * @returns {TimedRun|null}
 */
export function findRecordedRun(recorded, settings, recipes) {
  const same = recorded.filter((run) => isSameNet(run, settings));
  const name = formatRunName(settings, recipes);
  return same.find((run) => run.name === name) ?? findLongest(same);
}

/**
 * Lists the recorded nets, with one run of each.
 * @param {TimedRun[]} recorded
 */
export const listRecordedNets = (recorded) => groupByNet(recorded).map(([name, runs]) => ({ name, run: findLongest(runs) }));

/**
 * Selects the recorded runs that the chart shows faintly: one of each net of the same version and n, and
 * of the same recipe where there are any; where no net has this size, the nearest in depth.
 *
 * Each has a label that tells it from the run in training. `beside` says that a run of the same net and recipe
 * may be drawn before it. `without` names a run to leave out. `unseen` leaves out all runs of this very
 * net, because its reader may still be guessing.
 * @param {TimedRun[]} recorded
 * @param {Settings} settings
 * @param {Recipes} recipes
 * @param {{without?: string, beside?: boolean, unseen?: boolean}} options
 */
export function selectFaintRuns(recorded, settings, recipes, { without = "", beside = false, unseen = false } = {}) {
  const others = recorded.filter((run) => run.name !== without && !(unseen && isSameNet(run, settings)));
  const nets = groupByNet(preferRecipe(selectBySize(others, settings), settings)).map(([, runs]) => runs);
  return nets.map((runs) => {
    const run = findRecordedRun(runs, { ...runs[0], recipe: settings.recipe, epochs: settings.epochs, seed: settings.seed }, recipes);
    const isOneOfKind = nets.some(([one]) => one !== runs[0] && getKind(one) === getKind(run));
    const name = isOneOfKind ? `${formatFamily(run)}, ${run.shortcut}` : formatFamily(run);
    const version = run.version === settings.version ? "" : ` ${run.version}`;
    const label = `${name}${version}${run.recipe === formatRecipe(settings, recipes) ? "" : `, ${run.recipe}`}`;
    return { ...run, label: beside && label === formatFamily(settings) ? `${label}, recorded` : label };
  });
}

function selectBySize(runs, { version, n }) {
  const computeDistance = (run) => Math.abs(run.depth - computeDepth(version, n));
  const nearest = Math.min(...runs.map(computeDistance));
  const ofSize = runs.filter((run) => run.version === version && run.n === n);
  return ofSize.length ? ofSize : runs.filter((run) => computeDistance(run) === nearest);
}

function preferRecipe(runs, { recipe }) {
  const ofRecipe = runs.filter((run) => run.recipe === recipe || run.recipe.startsWith(`${recipe}-`));
  return ofRecipe.length ? ofRecipe : runs;
}

/**
 * Finds what the paper reports of a net, or null.
 * @param {PaperResult[]} results
 * @param {{version: string, n: number, shortcut: string}} net
 */
export const findPaperResult = (results, net) => results.find((one) => isSameNet(one, net)) ?? null;

// Reads recorded runs: their errors, the colours of their curves, and their captions.
import { formatCount, formatPercent, joinWithAnd } from "./formatting.mjs";
import { clamp } from "./plotting.mjs";

/**
 * @typedef {{name: string, label: string, kind: string, version: string, shortcut: string,
 *   depth: number|null, recipe: string, batch_size: number, epochs: number, seed: number,
 *   device: string, backend: string, parameters: number, status: string, error: (number|null)[],
 *   test_error: (number|null)[], learning_rate: number[], highest_rate: number,
 *   training_error: number|null}} Run  errors in per cent, one entry per epoch in each list. `error`
 *   is the average over the epoch, `training_error` the error of the final weights.
 */

/**
 * Counts the epochs that a run has errors of.
 * @param {Run} run
 */
export const countEpochs = (run) => Math.max(run.test_error.length, run.error.length);

/**
 * Finds the last epoch of all runs, 0 where there is none.
 * @param {Run[]} runs
 */
export const findLastEpoch = (runs) => Math.max(0, ...runs.map(countEpochs));

/**
 * Reads both errors of a run after an epoch; null where there is none.
 * @param {Run} run
 * @param {number} epoch  0 for the end, where the training error is that of the final weights
 */
export function readErrors(run, epoch) {
  if (epoch === 0) return { test: run.test_error.at(-1) ?? null, training: run.training_error };
  return { test: run.test_error[epoch - 1] ?? null, training: run.error[epoch - 1] ?? null };
}

/**
 * Gets the errors that a curve shows.
 * @param {Run} run
 * @param {string} series  "test" or "training"
 */
export const getSeries = (run, series) => (series === "test" ? run.test_error : run.error);

/**
 * Lists the distinct values, in order of appearance.
 * @template T
 * @param {T[]} list
 * @returns {T[]}
 */
export const listDistinct = (list) => [...new Set(list)];

/**
 * Computes how dark a curve is: 0 for 20 layers and fewer to 1 for 110 and more, by the logarithm.
 * @param {number|null} depth
 */
export const computeShade = (depth) => (depth === null ? 0.5 : clamp(Math.log(depth / 20) / Math.log(110 / 20), 0, 1));

/**
 * Gets the attributes that give a run's curve its colour.
 * @param {Run} run
 */
export const getColourAttributes = (run) => ({ "data-kind": run.kind, style: `--rl-depth: ${computeShade(run.depth).toFixed(3)}` });

/**
 * Describes how runs were trained: "Recipe: quick (15 epochs, batches of 128). Seed: 0. Device: …".
 * @param {Run[]} runs
 */
export function describeTraining(runs) {
  const list = (noun, values) => `${noun}${values.length > 1 ? "s" : ""}: ${joinWithAnd(values.map(String))}.`;
  const recipes = listDistinct(runs.map((run) => `${run.recipe} (${formatCount(run.epochs, "epoch")}, batches of ${run.batch_size})`));
  const seeds = listDistinct(runs.map((run) => run.seed)).sort((a, b) => a - b);
  const devices = listDistinct(runs.map((run) => `${run.device} (${run.backend})`));
  return [list("Recipe", recipes), list("Seed", seeds), list("Device", devices)].join(" ");
}

/**
 * Describes the errors of runs at one epoch, or at the end (0).
 * @param {Run[]} runs
 * @param {number} epoch
 * @param {string} curves  "both", "test" or "training"
 */
export function describeErrors(runs, epoch, curves) {
  const getName = (run) =>
    runs.filter((one) => one.label === run.label).length > 1 ? `${run.label}, seed ${run.seed}` : run.label;
  const describe = (run) => {
    const ended = `${run.status} after epoch ${countEpochs(run)}`;
    if (epoch > countEpochs(run)) return `${getName(run)} ${ended}`;
    const { test, training } = readErrors(run, epoch);
    const parts = [["test", test], ["training", training]]
      .filter(([name, value]) => (curves === "both" || curves === name) && value !== null)
      .map(([name, value]) => `${name} error ${formatPercent(value)} %`);
    const broken = epoch === 0 && run.status !== "finished" ? `, ${ended}` : "";
    return `${getName(run)} ${parts.join(", ") || "nothing recorded"}${broken}`;
  };
  return `${epoch === 0 ? "At the end" : `Epoch ${epoch}`}: ${runs.map(describe).join("; ")}.`;
}

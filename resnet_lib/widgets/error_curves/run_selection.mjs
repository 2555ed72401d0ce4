// Chooses which runs are drawn, and checks the state of the widget.

/** @typedef {import("../shared/recorded_runs.mjs").Run} Run */

/** The kinds of nets, in the order of the table, with their names. */
export const KINDS = { plain: "Plain", v1: "Residual v1", v2: "Residual v2", highway: "Highway", own: "Own" };
const CURVES = ["both", "test", "training"];
const SCALES = ["linear", "log"];

/**
 * Finds what is wrong with a state, "" where it can be drawn.
 * @param {{runs: Run[], curves: string, scale: string, epoch: number}} state
 */
export function findStateProblem({ runs, curves, scale, epoch }) {
  const foreign = runs.find((run) => !(run.kind in KINDS));
  if (foreign) return `kind must be one of ${Object.keys(KINDS).join(", ")}; got ${foreign.kind} in ${foreign.name}`;
  if (!CURVES.includes(curves)) return `curves must be one of ${CURVES.join(", ")}; got ${curves}`;
  if (!SCALES.includes(scale)) return `scale must be linear or log; got ${scale}`;
  if (!Number.isInteger(epoch) || epoch < 0) return `epoch must be a whole number from 0; got ${epoch}`;
  return "";
}

/**
 * Sorts runs by kind, then depth, then label, recipe and seed.
 * @param {Run[]} runs
 */
export function sortRuns(runs) {
  const order = Object.keys(KINDS);
  return [...runs].sort((a, b) =>
    order.indexOf(a.kind) - order.indexOf(b.kind) || (a.depth ?? 0) - (b.depth ?? 0) ||
    a.label.localeCompare(b.label) || a.recipe.localeCompare(b.recipe) || a.seed - b.seed);
}

/**
 * Selects the runs that are drawn: those named in `names`, or all where it names none of them.
 * @param {Run[]} runs
 * @param {string[]} names
 */
export function selectRuns(runs, names) {
  const named = runs.filter((run) => names.includes(run.name));
  return named.length ? named : runs;
}

/**
 * Lists the names of the runs to draw, as the trait `shown` has them: empty for all runs.
 * @param {Run[]} runs
 * @param {Run[]} wanted
 */
export const listNames = (runs, wanted) => (wanted.length === runs.length ? [] : wanted.map((run) => run.name));

/**
 * Gets the state of a chip, as `aria-pressed` has it: "true", "false" or "mixed".
 * @param {Run[]} runs
 * @param {Run[]} shown
 * @param {"kind"|"depth"} key
 * @param {string|number} value  of the chip: a kind or a depth
 */
export function getChipState(runs, shown, key, value) {
  const own = runs.filter((run) => run[key] === value && passesOtherRow(shown, key, run));
  const on = own.filter((run) => shown.includes(run)).length;
  return on === 0 ? "false" : on === own.length ? "true" : "mixed";
}

/**
 * Lists the names that are shown after a chip is pressed. Pressed on, a kind adds its runs of the depths
 * that are on, a depth its runs of the kinds that are on; were there none, all of its runs.
 * @param {Run[]} runs
 * @param {Run[]} shown
 * @param {"kind"|"depth"} key
 * @param {string|number} value
 */
export function pressChip(runs, shown, key, value) {
  const own = runs.filter((run) => run[key] === value);
  if (getChipState(runs, shown, key, value) === "true") return listNames(runs, shown.filter((run) => run[key] !== value));
  const passing = own.filter((run) => passesOtherRow(shown, key, run));
  const added = passing.length ? passing : own;
  return listNames(runs, runs.filter((run) => shown.includes(run) || added.includes(run)));
}

/** Tells whether the other row of chips lets a run through: its chip is on there, or it has no depth. */
function passesOtherRow(shown, key, run) {
  const other = key === "kind" ? "depth" : "kind";
  return run[other] === null || shown.some((one) => one[other] === run[other]);
}

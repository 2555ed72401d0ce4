// Finds where learning rates step, and draws them below the axis of a chart.
import { formatSignificant } from "./formatting.mjs";
import { countEpochs, listDistinct } from "./recorded_runs.mjs";
import { svg } from "./dom.mjs";

/** @typedef {import("./recorded_runs.mjs").Run} Run */

/**
 * Finds where a rate, known at the end of each epoch, steps; a rate that changes all the time is smooth.
 * @param {number[]} rates
 * @returns {{smooth: boolean, steps: {at: number, text: string}[]}}
 */
export function findRateSteps(rates) {
  const steps = [];
  for (let index = 1; index < rates.length; index += 1) {
    const [before, after] = [rates[index - 1], rates[index]];
    if (Math.abs(after - before) <= 0.01 * Math.max(after, before)) continue;
    const text = after === 0 ? "rate to 0"
      : after < before ? `rate ÷ ${formatSignificant(before / after)}` : `rate × ${formatSignificant(after / before)}`;
    steps.push({ at: index + 0.5, text }); // within epoch index + 1
  }
  return steps.length > rates.length / 3 ? { smooth: true, steps: [] } : { smooth: false, steps };
}

/**
 * Finds the steps of all runs' rates; `who` names the runs of a step that not all runs have.
 * @param {Run[]} runs
 * @returns {{at: number, text: string, who: string}[]}
 */
export function findRateMarks(runs) {
  const marks = new Map();
  for (const run of runs) {
    for (const step of findRateSteps(run.learning_rate).steps) {
      const key = `${step.at} ${step.text}`;
      if (!marks.has(key)) marks.set(key, { ...step, runs: [] });
      marks.get(key).runs.push(run);
    }
  }
  return [...marks.values()].sort((a, b) => a.at - b.at).map(({ at, text, runs: own }) => {
    const others = runs.filter((run) => !own.includes(run) && countEpochs(run) > at);
    const list = (key, some) => listDistinct(some.map((run) => run[key]));
    const key = list("recipe", own).some((recipe) => list("recipe", others).includes(recipe)) ? "label" : "recipe";
    const names = list(key, own);
    return { at, text, who: others.length === 0 ? "" : names.length > 2 ? `${names.length} nets` : names.join(", ") };
  });
}

/**
 * Formats a step with the runs that have it.
 * @param {{text: string, who: string}} mark
 */
export const formatRateMark = ({ text, who }) => (who ? `${who}: ${text}` : text);

/**
 * Lists the distinct rates of the runs, longest first; a run that broke off has the beginning of one.
 * @param {Run[]} runs
 * @returns {{recipe: string, name: string, rates: number[], highest: number, smooth: boolean}[]}
 */
export function listSchedules(runs) {
  const schedules = [];
  for (const run of [...runs].sort((a, b) => b.learning_rate.length - a.learning_rate.length)) {
    const rates = run.learning_rate;
    const ofRecipe = schedules.filter((one) => one.recipe === run.recipe);
    if (!rates.length || ofRecipe.some((one) => rates.every((rate, index) => rate === one.rates[index]))) continue;
    schedules.push({
      recipe: run.recipe, name: ofRecipe.length ? `${run.recipe}, ${run.label}` : run.recipe, // with a warm-up, say
      rates, highest: run.highest_rate ?? Math.max(...rates), smooth: findRateSteps(rates).smooth,
    });
  }
  return schedules;
}

/**
 * Draws the strip below the axis: each learning rate as a share of its own highest.
 * @param {{schedules: Object[], x: (epoch: number) => number, left: number, right: number}} chart
 * @param {number} top
 * @param {Object} clipped  attributes that clip the lines
 * @param {boolean} ahead  whether what is clipped shows faintly, because it is still to come
 */
export function drawRateStrip({ schedules, x, left, right }, top, clipped, ahead) {
  const single = schedules.length < 2; // several have a line of text below the strip
  const [head, foot] = single ? [top + 10, top + 34] : [top - 6, top + 18];
  const title = !single ? "" : schedules.length ? `learning rate, highest: ${formatSignificant(schedules[0].highest)}` : "learning rate";
  const createLine = ({ rates, highest }) =>
    rates.map((rate, epoch) => `${x(epoch + 1).toFixed(1)} ${(foot - ((foot - head) * rate) / highest).toFixed(1)}`).join("L");
  return svg("g", { class: "rl-rates" },
    svg("path", { class: "rl-grid", d: `M${left} ${foot + 0.5}H${right}` }),
    svg("text", { class: "rl-rate-text", x: left, y: top }, title),
    ahead ? schedules.map((schedule) => svg("path", { class: "rl-rate rl-rate-ahead", d: `M${createLine(schedule)}` })) : null,
    svg("g", clipped, schedules.map((schedule, index) => {
      const line = createLine(schedule);
      return [
        single ? svg("path", { class: "rl-rate-area", d: `M${left} ${foot}L${line}V${foot}` }) : null,
        svg("path", { class: `rl-rate rl-rate-${index % 3}`, d: `M${line}` }),
      ];
    }).flat()));
}

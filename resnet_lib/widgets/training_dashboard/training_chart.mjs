// Shows the curves of a training run as they grow, with recorded runs and the paper's error behind them.
import { createLineSample, h } from "../shared/dom.mjs";
import { findEpochByKey } from "../shared/epoch_navigation.mjs";
import { drawErrorChart } from "../shared/error_chart.mjs";
import { locatePointer } from "../shared/events.mjs";
import { countEpochs, describeTraining } from "../shared/recorded_runs.mjs";
import { comparePaperRecipe, describeEpoch, formatPaperLabel } from "./descriptions.mjs";
import { countPlannedEpochs, formatRecipe, getKind, getNetProperties } from "./settings.mjs";

const MIN_WIDTH_PX = 240;
const ATTRIBUTES = ["role", "tabindex", "aria-orientation", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext", "aria-label"];

/**
 * @typedef {Object} Content  what the chart shows
 * @property {import("./settings.mjs").Settings} settings  of the net and recipe that it is of
 * @property {import("./settings.mjs").Recipes} recipes
 * @property {Object|null} run  so far
 * @property {Object|null} whole  the run with the epochs of a replay that are still to come
 * @property {Object|null} plan  a run with the learning rates that are still to come
 * @property {number} epochs  how far the axis reaches
 * @property {Object[]} faint  recorded runs
 * @property {import("./reference_runs.mjs").PaperResult|null} paper
 * @property {boolean} isBroken  whether the run has diverged
 */

/** The chart, which is read by pointer and by key. */
export class TrainingChart {
  constructor() {
    this.key = h("div", { class: "rl-key" });
    this.plot = h("div", { class: "rl-plot-frame" });
    this.reading = h("p", { class: "rl-chart-reading" });
    this.caption = h("p", { class: "rl-note" });
    this.elements = [h("div", { class: "rl-chart-head" }, this.key), this.plot, this.reading, this.caption];
    this.drawn = null; // by drawErrorChart()
    this.signature = ""; // of what is drawn
    this.content = null;
    this.release();
    this.listen();
  }
  /** @param {Content} content */
  draw(content) {
    this.content = content;
    const options = createOptions(content, Math.max(MIN_WIDTH_PX, Math.floor(this.plot.clientWidth)));
    if (options.signature !== this.signature) {
      this.signature = options.signature;
      this.drawn = drawErrorChart(options);
      this.plot.replaceChildren(this.drawn.drawing);
      this.key.replaceChildren(...createKey(content));
      this.caption.replaceChildren(...createCaption(content));
    }
    this.place();
  }
  /** Shows what is wrong in the place of the plot. */
  refuse(problem) {
    [this.drawn, this.signature] = [null, ""];
    setAttributes(this.plot, {});
    this.plot.replaceChildren(h("p", { class: "rl-error", role: "alert" }, problem));
  }
  /** Reads at the end again. */
  release() {
    this.hovered = 0; // the epoch under the pointer, 0 for none
    this.chosen = 0; // the epoch gone to by key or click, 0 for none
  }
  get last() {
    return this.content?.run ? countEpochs(this.content.run) : 0;
  }
  place() {
    const { last, reading, content } = this;
    const epoch = Math.min(this.hovered || this.chosen, last);
    this.drawn.place(last, "replay", epoch);
    reading.textContent = last ? describeEpoch(content.run, epoch) : "";
    setAttributes(this.plot, last ? createSliderAttributes(last, epoch, reading.textContent) : createImageAttributes(content.faint));
    reading.hidden = !last;
    reading.classList.toggle("rl-reading-active", epoch > 0);
  }
  hover(epoch) {
    if (!this.drawn || epoch === this.hovered) return;
    this.hovered = epoch;
    this.place();
  }
  choose(epoch) {
    this.chosen = epoch;
    this.place();
  }
  listen() {
    const { plot } = this;
    const findEpoch = (event) => this.drawn.findEpoch(locatePointer(plot, event).x);
    plot.addEventListener("pointermove", (event) => this.drawn && this.hover(findEpoch(event)));
    plot.addEventListener("pointerleave", () => this.hover(0));
    // A second click reads at the end again.
    plot.addEventListener("click", (event) => this.drawn && this.choose(findEpoch(event) === this.chosen ? 0 : findEpoch(event)));
    plot.addEventListener("keydown", (event) => {
      const { last } = this;
      const to = this.drawn && last ? findEpochByKey(event.key, Math.min(this.chosen, last) || last, last) : undefined;
      if (to === undefined) return;
      event.preventDefault();
      this.choose(to);
    });
  }
}

/** Creates the options of `drawErrorChart`, with a signature that tells whether the drawing is still right. */
function createOptions({ settings, recipes, whole, plan, epochs, faint, paper, isBroken }, width) {
  const net = getNetProperties(settings);
  const blank = { name: "", error: [], test_error: [], learning_rate: [] };
  const ahead = plan && { learning_rate: plan.learning_rate, highest_rate: plan.highest_rate };
  const own = { ...net, epochs, training_error: null, recipe: settings.recipe, ...blank, ...ahead, ...whole, ...net,
    status: isBroken ? "diverged" : "finished" };
  const rates = plan ? "ahead" : whole ? "so far" : "none";
  const line = paper && { error: paper.test_error, text: formatPaperLabel(paper), classes: chooseLineClasses(settings, recipes) };
  const signature = JSON.stringify([settings, width, epochs, own.status, own.name, countEpochs(own), rates, plan?.name, faint.map(({ label }) => label)]);
  return { runs: [own], faint, curves: "both", scale: "linear", width, epochs, rates, line, signature };
}

/** The paper's line is quiet, unless the recipe is the paper's too. */
const chooseLineClasses = (settings, recipes) =>
  (formatRecipe(settings, recipes) === "paper" ? "rl-reference rl-reference-same" : "rl-reference");

function createKey({ settings, recipes, faint, paper }) {
  const kind = { "data-kind": getKind(settings) };
  const create = (classes, text, attributes) => h("span", {}, createLineSample(classes, attributes), text);
  return [h("span", { class: "rl-key-title" }, "Error, %"),
    create("rl-curve rl-test", "test", kind), create("rl-curve rl-training", "training", kind),
    ...(faint.length ? [create("rl-curve rl-faint", "recorded, test", kind)] : []),
    ...(paper ? [create(chooseLineClasses(settings, recipes), "the paper’s")] : [])];
}

function createCaption({ settings, recipes, whole, faint, paper }) {
  const parts = whole ? [h("strong", {}, describeTraining([whole])), " "] : [];
  const isSame = whole && describeTraining([whole]) === describeTraining(faint);
  if (faint.length) parts.push(isSame ? "Faint: recorded runs, trained in the same way. " : `Faint: recorded runs. ${describeTraining(faint)} `);
  const remark = () => comparePaperRecipe(formatRecipe(settings, recipes), countPlannedEpochs(settings, recipes), recipes);
  if (paper) parts.push(`The line: ${paper.source}. ${remark()}`);
  return parts;
}

/** Sets the attributes that the plot has as a slider or as an image, and removes all others of them. */
function setAttributes(plot, attributes) {
  for (const name of ATTRIBUTES) {
    if (attributes[name] === undefined) plot.removeAttribute(name);
    else plot.setAttribute(name, attributes[name]);
  }
}

const createSliderAttributes = (last, epoch, text) => ({
  role: "slider", tabindex: 0, "aria-orientation": "horizontal", "aria-valuemin": 1, "aria-valuemax": last,
  "aria-valuenow": epoch || last, "aria-valuetext": text, "aria-label": "Learning curves: the epoch at which they are read",
});

function createImageAttributes(faint) {
  const behind = faint.length ? `; faint: ${faint.map(({ label }) => label).join("; ")}` : "";
  return { role: "img", "aria-label": `Learning curves. Nothing is trained here yet${behind}.` };
}

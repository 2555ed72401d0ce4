// Trains both nets in the page, and shows their losses and how they classify the plane.
import { createIcon, h } from "../shared/dom.mjs";
import { createSection } from "../shared/section.mjs";
import { interleave, runInSlices } from "./background_work.mjs";
import { createField, createFieldPoints } from "./decision_field.mjs";
import { computeLogitsAt, createNet, forward, trainNet } from "./dense_net.mjs";
import { describeTraining } from "./descriptions.mjs";
import { NETS, createLossChart } from "./loss_chart.mjs";
import { POINTS, STEPS, createPair } from "./settings.mjs";

const MIN_CHART_WIDTH_PX = 220;
const CHART_HEIGHT_PX = 250;
const [STOP_ICON, START_ICON] = ["M1.5 1.5h9v9h-9z", "M2 .5 11 6 2 11.5z"];

/** Computes a trained net's logits at `points`, and how many of its own it classifies correctly; null if it has diverged. */
function* evaluateNet(net, losses, points) {
  if (!Number.isFinite(losses.at(-1))) return null;
  forward(net); // a net that was stopped halfway through a step holds the means of older weights
  yield;
  const right = net.logits.reduce((sum, logit, p) => sum + (logit > 0 === p >= POINTS / 2 ? 1 : 0), 0);
  return [yield* computeLogitsAt(net, points), right];
}

/** The section "Train it". */
export class TrainingPanel {
  /**
   * @param {Float64Array} points  of the task
   * @param {function(): import("./settings.mjs").Spec} getSpec
   * @param {function(string): void} announce
   */
  constructor(points, getSpec, announce) {
    Object.assign(this, { points, getSpec, announce });
    this.button = h("button", {
      type: "button", class: "rl-button rl-play", onclick: () => (this.stopTraining ? this.stop() : this.start()),
    });
    this.progress = h("span", { class: "rl-position" });
    this.lossBox = h("div", { class: "rl-loss-chart" });
    this.fields = Object.fromEntries(NETS.map(([net, kind, name]) => [net, createField(kind, name)]));
    this.result = h("p", { class: "rl-outcome" });
    this.element = createSection("Train it", "the net without a skip, and the same one with it",
      h("div", { class: "rl-transport" }, this.button, this.progress),
      h("div", { class: "rl-training-charts" }, this.lossBox, this.fields.plain.element, this.fields.skip.element), this.result);
    this.nets = {}; // created at the first training run
    this.chart = null;
    this.stopTraining = null; // while it runs
    this.stopEvaluation = () => {};
    this.frame = 0;
    this.reset();
  }

  /** Drops the last training run. */
  reset() {
    this.isTrained = false;
    this.losses = { plain: [], skip: [] };
    this.chart?.update(this.losses);
    for (const [net] of NETS) this.fields[net].clear(this.points);
  }

  /** Forgets the chart, which is created again for the width there is then. */
  hide() {
    this.chart = null;
  }

  /** Shows the section for new settings. @param {import("./settings.mjs").Spec} spec */
  show(spec) {
    if (!this.chart) this.layOut();
    this.result.textContent = spec.depth < 3 ? "Below three layers there is nothing to skip: both nets are the same." : "";
    this.showProgress();
  }

  /** Creates the chart for the width there is. */
  layOut() {
    this.chart = createLossChart(Math.max(MIN_CHART_WIDTH_PX, Math.floor(this.lossBox.clientWidth)), CHART_HEIGHT_PX);
    this.lossBox.replaceChildren(this.chart.drawing);
    this.chart.update(this.losses);
  }

  showProgress() {
    const step = Math.max(this.losses.plain.length, this.losses.skip.length) - 1;
    this.progress.textContent = step >= 0 ? `step ${step} of ${STEPS}` : "";
    const text = this.stopTraining ? "Stop" : `Train ${STEPS} steps`;
    const icon = this.stopTraining ? STOP_ICON : START_ICON;
    if (this.button.textContent !== text) this.button.replaceChildren(createIcon(icon), text);
  }

  /** Draws the losses as they grow, at most once per frame. */
  drawSoon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.chart.update(this.losses);
      this.showProgress();
    });
  }

  start() {
    const specs = createPair(this.getSpec());
    this.reset();
    this.isTrained = true;
    this.result.textContent = "";
    const works = NETS.map(([net]) => {
      this.nets[net] ??= createNet();
      this.fields[net].setCaption("in training");
      return trainNet(this.nets[net], specs[net], (loss) => {
        this.losses[net].push(loss);
        this.drawSoon();
      });
    });
    this.stopTraining = runInSlices(interleave(works), () => this.showResult(false));
    this.showProgress();
  }

  /** Ends a training run, and shows the result so far. */
  stop() {
    this.cancel();
    if (this.losses.plain.length && this.losses.skip.length) this.showResult(true);
    else this.showProgress();
  }

  /** Ends all work. */
  cancel() {
    this.stopTraining?.();
    this.stopTraining = null;
    this.stopEvaluation();
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }

  showResult(isStopped) {
    this.cancel();
    this.chart.update(this.losses);
    this.result.textContent = describeTraining(this.losses, this.getSpec().depth, isStopped);
    this.showProgress();
    this.announce(this.result.textContent);
    const points = createFieldPoints();
    const works = NETS.map(([net]) => evaluateNet(this.nets[net], this.losses[net], points));
    this.stopEvaluation = runInSlices(interleave(works), (results) => NETS.forEach(([net], index) => {
      if (results[index]) this.fields[net].show(...results[index]);
      else this.fields[net].setCaption("not a number");
    }));
  }
}

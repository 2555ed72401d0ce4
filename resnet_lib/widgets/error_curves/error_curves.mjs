// The widget ErrorCurves: learning curves of recorded runs, which the reader chooses and reads.
import { createRadioGroup } from "../shared/controls.mjs";
import { createAnnouncer, h } from "../shared/dom.mjs";
import { coalesce, containKeys, observeWidth } from "../shared/events.mjs";
import { listenToModel, setTraits } from "../shared/model.mjs";
import { describeErrors, describeTraining } from "../shared/recorded_runs.mjs";
import { createCurvesChart, emphasizeRun } from "./curves_chart.mjs";
import { EpochPosition } from "./epoch_position.mjs";
import { createRunFilter } from "./run_filters.mjs";
import { KINDS, findStateProblem, selectRuns, sortRuns } from "./run_selection.mjs";
import { createRunTable } from "./run_table.mjs";

const DRAWN_TRAITS = ["runs", "shown", "curves", "scale"];

/**
 * Renders the widget.
 * @param {{model: import("../shared/model.mjs").Model, el: HTMLElement}} view
 * @returns {() => void}  cleans up
 */
function render({ model, el }) {
  const view = createView(model, () => position);
  const position = new EpochPosition(model.get("epoch"), {
    onmove: () => showPosition(view, position),
    onrest: () => position.isPlaying || view.announcer.announce(describeErrors(shown, position.reading, model.get("curves"))),
    save: (epoch) => setTraits(model, { epoch }),
  });
  let shown = []; // the runs that are drawn

  function draw() {
    const state = Object.fromEntries([...DRAWN_TRAITS, "epoch"].map((name) => [name, model.get(name)]));
    const problem = findStateProblem(state);
    view.root.classList.toggle("rl-invalid", Boolean(problem) || !state.runs.length);
    if (problem || !state.runs.length) {
      position.pause();
      position.last = 0;
      view.chart.refuse(problem ? h("p", { class: "rl-error", role: "alert" }, problem) : createEmptyNote());
      return;
    }
    const runs = sortRuns(state.runs);
    shown = selectRuns(runs, state.shown);
    view.draw(runs, shown, state);
    drawChart();
    if (!position.isPlaying) view.announcer.announce(describeErrors(shown, position.reading, state.curves));
  }
  function drawChart() {
    position.setLast(view.chart.draw({ runs: shown, curves: model.get("curves"), scale: model.get("scale") }));
    showPosition(view, position);
  }
  const drawLater = coalesce(draw);
  const stopListening = listenToModel(model, [
    ...DRAWN_TRAITS.map((name) => [`change:${name}`, drawLater]),
    ["change:epoch", () => position.follow(model.get("epoch"))],
  ]);
  const releaseKeys = containKeys(view.root);
  el.append(view.root);
  draw();
  const stopObserving = observeWidth(view.chart.plot, () => view.chart.isDrawn() && drawChart());
  return () => [stopListening, () => position.stop(), stopObserving, view.announcer.stop, releaseKeys].forEach((stop) => stop());
}

/** Shows the position in the chart and in the table, once there is a chart. */
function showPosition({ chart, table }, position) {
  if (!chart.isDrawn()) return;
  chart.showPosition();
  table.write(position.reading);
}

const createEmptyNote = () => h("p", { class: "rl-empty" }, "There is no recorded run to show yet.", h("br"),
  h("code", {}, "python -m resnet_lib train"), " records one.");

/** Creates the elements of the widget; `draw` sets everything but the chart. */
function createView(model, getPosition) {
  const createRadios = (name, legend, values) => createRadioGroup({
    legend, value: model.get(name), options: values.map((value) => ({ value, label: value })),
    onchange: (value) => setTraits(model, { [name]: value }),
  });
  const onchange = (shown) => setTraits(model, { shown });
  const filters = [
    createRunFilter({ legend: "Nets", key: "kind", formatValue: (kind) => KINDS[kind], onchange }),
    createRunFilter({ legend: "Depth", key: "depth", formatValue: String, onchange }),
  ];
  const curves = createRadios("curves", "Curves", ["both", "test", "training"]);
  const scale = createRadios("scale", "Error axis", ["linear", "log"]);
  scale.element.classList.add("rl-scale");
  scale.element.firstChild.classList.add("rl-visually-hidden"); // the legend: the axis is beside it
  const chart = createCurvesChart(getPosition);
  const table = createRunTable({ onchange, onhover: (name) => emphasizeRun(chart.plot, name) });
  const caption = h("p", { class: "rl-note" });
  const announcer = createAnnouncer();
  const root = h("div", { class: "rl rl-error-curves", "data-kind": "own" },
    h("div", { class: "rl-curve-controls" }, filters.map(({ element }) => element), curves.element),
    h("div", { class: "rl-chart-head" }, chart.key, scale.element), chart.plot, chart.rates, chart.controls,
    h("div", { class: "rl-scroll" }, table.element), caption, announcer.element);

  function draw(runs, shown, state) {
    curves.set(state.curves);
    scale.set(state.scale);
    filters.forEach((filter) => filter.draw(runs, shown));
    curves.element.hidden = !runs.some((run) => run.error.length) || !runs.some((run) => run.test_error.length);
    table.draw(runs, shown);
    caption.replaceChildren(h("strong", {}, describeTraining(shown)), " " +
      "Dashed: the average over an epoch’s training batches, while the weights change. " +
      "Final training error: that of the last weights on all training images, as they are.");
  }
  return { root, chart, table, announcer, draw };
}

export default { render };

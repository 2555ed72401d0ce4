// Shows the chart of the learning curves, and the controls of its epoch.
import { createIcon, createId, createLineSample, h } from "../shared/dom.mjs";
import { findEpochByKey } from "../shared/epoch_navigation.mjs";
import { drawErrorChart } from "../shared/error_chart.mjs";
import { locatePointer } from "../shared/events.mjs";
import { formatSignificant } from "../shared/formatting.mjs";

const MIN_WIDTH_PX = 240;
const SLIDER_ATTRIBUTES = {
  role: "slider", tabindex: 0, "aria-orientation": "horizontal", "aria-valuemin": 1,
  "aria-label": "Learning curves: the epoch at which they are read",
};
const PAUSE_ICON = "M2 1h3v10H2zM7 1h3v10H7z";
const PLAY_ICON = "M2 .5 11 6 2 11.5z";

/**
 * Creates the chart, its keys, and the slider and buttons below it.
 * @param {() => import("./epoch_position.mjs").EpochPosition} getPosition
 */
export function createCurvesChart(getPosition) {
  const key = h("div", { class: "rl-key" });
  const plot = h("div", { class: "rl-plot-frame" });
  const rates = h("div", { class: "rl-key rl-rate-key" });
  const controls = createEpochControls(getPosition);
  let drawn = null; // by drawErrorChart()

  /** Draws the chart of some runs; returns its last epoch. */
  function draw({ runs, curves, scale }) {
    drawn = drawErrorChart({ runs, curves, scale, width: Math.max(MIN_WIDTH_PX, Math.floor(plot.clientWidth)) });
    plot.replaceChildren(drawn.drawing);
    setAttributes(plot, { ...SLIDER_ATTRIBUTES, "aria-valuemax": Math.max(1, drawn.last) });
    key.replaceChildren(...createCurveKey(curves));
    rates.replaceChildren(...createRateKey(drawn.schedules));
    rates.hidden = drawn.schedules.length < 2; // the strip of a single rate has its own title
    controls.setLast(drawn.last);
    return drawn.last;
  }
  /** Shows the position: crosshair or end, slider and buttons. */
  function showPosition() {
    const { at, isGrowing, isPlaying, hovered, reading: epoch } = getPosition();
    const crosshair = !isPlaying && (hovered || (!isGrowing && at)) ? epoch : 0;
    drawn.place(at, isGrowing ? "replay" : crosshair ? "read" : "end", crosshair);
    setAttributes(plot, { "aria-valuenow": epoch || drawn.last, "aria-valuetext": controls.show(epoch) });
  }
  /** Shows what is wrong, or missing, in the place of the plot. */
  function refuse(message) {
    drawn = null;
    plot.replaceChildren(message);
    [...plot.attributes].filter(({ name }) => name !== "class").forEach(({ name }) => plot.removeAttribute(name));
  }
  listenToPlot(plot, () => drawn, getPosition);
  return { key, plot, rates, controls: controls.element, draw, showPosition, refuse, isDrawn: () => Boolean(drawn) };
}

/**
 * Dims the curves of all runs but one.
 * @param {HTMLElement} plot
 * @param {string|undefined} name  undefined dims none
 */
export function emphasizeRun(plot, name) {
  for (const curve of plot.querySelectorAll("[data-run]")) curve.classList.toggle("rl-dimmed", Boolean(name) && curve.dataset.run !== name);
}

const createCurveKey = (curves) => [h("span", { class: "rl-key-title" }, "Error, %"), ...["test", "training"]
  .filter((series) => curves === "both" || curves === series)
  .map((series) => h("span", {}, createLineSample(`rl-curve rl-${series}`), series))];

const createRateKey = (schedules) => [h("span", {}, "Learning rate, as a share of its highest:"),
  ...schedules.map(({ name, highest }, index) =>
    h("span", {}, createLineSample(`rl-rate rl-rate-${index % 3}`), `${name} (${formatSignificant(highest)})`))];

const setAttributes = (element, attributes) =>
  Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));

/** Reads the plot by pointer and by key. */
function listenToPlot(plot, getDrawn, getPosition) {
  const findEpoch = (event) => {
    const { at, isGrowing } = getPosition();
    const epoch = getDrawn().findEpoch(locatePointer(plot, event).x);
    return isGrowing ? Math.min(epoch, Math.floor(at)) : epoch;
  };
  plot.addEventListener("pointermove", (event) => {
    const position = getPosition();
    if (getDrawn() && !position.isPlaying && findEpoch(event) !== position.hovered) position.hover(findEpoch(event));
  });
  plot.addEventListener("pointerleave", () => getPosition().hover(0));
  plot.addEventListener("click", (event) => {
    const position = getPosition();
    if (!getDrawn() || position.isGrowing) return;
    const epoch = findEpoch(event);
    position.goTo(epoch === position.at ? 0 : epoch); // a second click reads at the end again
  });
  plot.addEventListener("keydown", (event) => {
    if (!getDrawn()) return;
    const position = getPosition();
    const to = findEpochByKey(event.key, Math.floor(position.at) || position.last, position.last);
    if (to === undefined) return;
    event.preventDefault();
    position.goTo(to);
  });
}

/** Creates the button that replays, the slider of epochs, and the button that goes to the end. */
function createEpochControls(getPosition) {
  const togglePlaying = () => (getPosition().isPlaying ? getPosition().pause() : getPosition().start());
  const play = h("button", { type: "button", class: "rl-button rl-play", onclick: togglePlaying });
  const sliderId = createId();
  const slider = h("input", { type: "range", id: sliderId, min: 1, step: 1, oninput: () => getPosition().goTo(slider.valueAsNumber) });
  const text = h("span", { class: "rl-position" });
  const finals = h("button", { type: "button", class: "rl-button", onclick: () => getPosition().goTo(0) }, "Finals");
  const element = h("div", { class: "rl-transport" }, play,
    h("label", { class: "rl-visually-hidden", for: sliderId }, "Epoch"), slider, text, finals);

  function setLast(last) {
    element.hidden = last < 2;
    slider.max = Math.max(1, last);
  }
  /** Shows an epoch (0: the end), and returns it as text. */
  function show(epoch) {
    const { at, last, isGrowing, isPlaying } = getPosition();
    slider.value = epoch || last;
    text.textContent = epoch ? `epoch ${epoch} of ${last}` : `the end, epoch ${last}`;
    slider.setAttribute("aria-valuetext", text.textContent);
    finals.disabled = !at;
    const label = isPlaying ? "Pause" : isGrowing ? "Go on" : "Replay";
    if (play.textContent !== label) play.replaceChildren(createIcon(isPlaying ? PAUSE_ICON : PLAY_ICON), label);
    return text.textContent;
  }
  return { element, setLast, show };
}

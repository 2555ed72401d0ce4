// Draws the gradient norm and the output's standard deviation of each layer, one panel above the other.
import { createTextRuler, svg } from "../shared/dom.mjs";
import { chooseCountTicks, clamp } from "../shared/plotting.mjs";
import { FLOAT32_MIN, FLOAT32_MIN_NORMAL } from "./descriptions.mjs";
import {
  chooseDecadeTicks, chooseDecades, createBottomTick, createDecadeScale, createDrawing, createLeftTick, createLogLine,
  createMarks, formatExponent,
} from "./log_axis.mjs";

const FLOAT32_MIN_EXPONENT = Math.log10(FLOAT32_MIN);
const TICK_DISTANCE_PX = 38; // between two powers of ten

/** One of the two panels: an axis of powers of ten, the line, and the line before the last change. */
class Panel {
  constructor({ name, left, right, top, bottom, low, high, showsFloat32 }) {
    Object.assign(this, { left, right, top, bottom, low, high, showsFloat32 });
    this.axis = svg("g");
    this.previous = svg("path", { class: "rl-previous-line" });
    this.line = svg("path", { class: "rl-curve rl-lab-line" });
    this.dots = svg("path", { class: "rl-lab-dots" });
    this.crosses = svg("path", { class: "rl-cross rl-lab-cross" });
    this.element = svg("g", { "data-panel": name }, this.axis, this.previous, this.line, this.crosses, this.dots);
    this.drawnRange = "";
  }

  update(values, before, x, dotSize) {
    const range = chooseDecades([values, before ?? []], this.low, this.high);
    if (this.showsFloat32 && range.bottom < FLOAT32_MIN_EXPONENT) { // space for the text below the line
      const share = 24 / (this.bottom - this.top);
      range.bottom = Math.min(range.bottom, Math.floor((FLOAT32_MIN_EXPONENT - share * range.top) / (1 - share)));
    }
    this.drawAxis(range);
    this.previous.setAttribute("d", before ? createLogLine(before, x, this.y) : "");
    this.line.setAttribute("d", createLogLine(values, x, this.y));
    this.dots.setAttribute("d", createMarks(values, x, this.y));
    this.crosses.setAttribute("d", createMarks(values, x, this.y, true));
    this.dots.setAttribute("stroke-width", dotSize);
  }

  /** Draws the axis anew if its range has changed. */
  drawAxis(range) {
    const key = JSON.stringify(range);
    if (key === this.drawnRange) return;
    this.drawnRange = key;
    const { left, right, top, bottom } = this;
    this.y = createDecadeScale(range, top, bottom);
    const count = Math.max(3, Math.floor((bottom - top) / TICK_DISTANCE_PX));
    const ticks = chooseDecadeTicks(range, count).flatMap((exponent) => {
      const y = Math.round(this.y(10 ** exponent)) + 0.5;
      return [svg("path", { class: "rl-grid", d: `M${left} ${y}H${right}` }), createLeftTick(left, y, formatExponent(exponent))];
    });
    this.axis.replaceChildren(
      ...(this.showsFloat32 && range.bottom < Math.log10(FLOAT32_MIN_NORMAL) ? this.createFloat32Limits() : []), ...ticks,
      ...(range.zero ? this.createEdge(bottom, "0", "nothing: 0, even in float64", bottom - 7) : []),
      ...(range.broken ? this.createEdge(top, "∞", "overflow: not a finite number", top + 17) : []));
  }

  /** Creates an edge of the panel for values that have no place on a logarithmic axis. */
  createEdge(height, tick, text, baseline) {
    const { left, right } = this;
    return [
      svg("path", { class: "rl-limit-line", d: `M${left} ${height + 0.5}H${right}` }), createLeftTick(left, height, tick),
      svg("text", { class: "rl-limit-text rl-limit-name", x: right - 8, y: baseline, "text-anchor": "end" }, text),
    ];
  }

  /** Marks where float32, in which nets are trained, loses digits and where it ends. */
  createFloat32Limits() {
    const { left, right, bottom } = this;
    const [normal, min] = [this.y(FLOAT32_MIN_NORMAL), Math.min(bottom, this.y(FLOAT32_MIN))];
    const createGround = (name, upper) =>
      svg("rect", { class: name, x: left, y: upper, width: right - left, height: Math.max(0, bottom - upper) });
    const createText = (text, y, classes) =>
      svg("text", { class: `rl-limit-text ${classes}`, x: right - 8, y, "text-anchor": "end" }, text);
    const parts = [createGround("rl-subnormal-range", normal)];
    if (min - normal > 17) parts.push(createText("float32 loses digits", normal + 13, ""));
    if (this.y(FLOAT32_MIN) < bottom - 1) {
      parts.push(
        createGround("rl-underflow-range", min),
        svg("path", { class: "rl-limit-line", d: `M${left} ${Math.round(min) + 0.5}H${right}` }),
        createText(right - left < 400 ? "float32 ends here" : "float32 ends here, at 10⁻⁴⁵", min + 17, "rl-limit-name"));
    }
    return parts;
  }
}

/** Computes where the parts of the plot are. */
function layOutPlot(width) {
  const [left, right] = [56, width - 4];
  const height = Math.round(clamp(0.38 * width, 210, 300)); // of the upper panel
  const [top, middle] = [30, 30 + height];
  const [second, bottom] = [middle + 52, middle + 52 + Math.round(0.45 * height)];
  return { left, right, top, middle, second, bottom, first: left + 12, last: right - 12, narrow: width < 480 };
}

/**
 * @typedef {Object} LayerPlot
 * @property {SVGElement} drawing
 * @property {function({norms: Float64Array, stds: Float64Array}, Object=): void} update  draws measurements, and
 *   those before the last change
 * @property {function(number): void} read  marks a layer, from 1; 0 for none
 * @property {function(number): number} layerAt  finds the layer at a pixel
 */

/**
 * Creates the plot of all layers.
 * @param {number} width  in pixels
 * @returns {LayerPlot}
 */
export function createPlot(width) {
  const layout = layOutPlot(width);
  const { left, right, top, middle, second, bottom, first, last, narrow } = layout;
  const gradients = new Panel({ name: "gradient", left, right, top, bottom: middle, low: -3, high: 1, showsFloat32: true });
  const stds = new Panel({ name: "spread", left, right, top: second, bottom, low: -2, high: 1, showsFloat32: false });
  const axis = createLayerAxis(layout);
  const marker = svg("g");
  const createTitle = (y, name, direction) => [
    svg("text", { class: "rl-lab-title", x: 0, y }, name),
    svg("text", { class: "rl-lab-direction", x: right, y, "text-anchor": "end" }, direction),
  ];
  const drawing = createDrawing(width, bottom + 44, narrow ? 13 : 14,
    createTitle(14, "Gradient norm", narrow ? "← backwards" : "← backwards, from the loss to the input"),
    createTitle(second - 16, "Spread of the outputs", narrow ? "forwards →" : "forwards, from the input to the loss →"),
    svg("path", { class: "rl-axis", d: `M${left} ${bottom + 0.5}H${right}` }), axis.element,
    gradients.element, stds.element, createBottomTick((left + right) / 2, bottom + 40, "layer"), marker);
  let depth = 0;
  let drawn;

  function update(now, before) {
    drawn = now;
    depth = now.norms.length;
    axis.setDepth(depth);
    const dotSize = clamp((0.6 * (right - left)) / depth, 3.5, 9);
    const cut = (list) => list?.subarray(0, depth); // of a deeper net, as many layers as fit
    gradients.update(now.norms, cut(before?.norms), axis.x, dotSize);
    stds.update(now.stds, cut(before?.stds), axis.x, dotSize);
    read(0);
  }

  function read(layer) {
    const at = axis.x(layer - 1);
    const flag = axis.mark(layer);
    if (!layer) return marker.replaceChildren();
    const hair = Math.round(at) + 0.5;
    const createPoint = (value, panel) => (value === undefined ? []
      : [svg("circle", { class: "rl-point rl-lab-point", cx: at, cy: panel.y(value), r: 6 })]);
    marker.replaceChildren(
      svg("path", { class: "rl-crosshair", d: `M${hair} ${top}V${middle}M${hair} ${second}V${bottom}` }), ...flag,
      ...createPoint(drawn.norms[layer - 1], gradients), ...createPoint(drawn.stds[layer - 1], stds));
  }

  const layerAt = (pixel) => Math.round(clamp(1 + ((pixel - first) / (last - first)) * (depth - 1), 1, depth));
  return { drawing, update, read, layerAt };
}

/** Creates the axis of layers below both panels. */
function createLayerAxis({ left, right, bottom, first, last, narrow }) {
  const measureText = createTextRuler(narrow ? 13 : 14);
  const element = svg("g");
  let depth = 0;
  let ticks = [];
  const x = (index) => (depth === 1 ? (left + right) / 2 : first + ((last - first) * index) / (depth - 1));

  function setDepth(newDepth) {
    if (depth === newDepth) return;
    depth = newDepth;
    ticks = chooseCountTicks(depth, clamp(Math.floor((right - left) / 40), 2, 12)).map((tick) => ({
      at: x(tick - 1), half: measureText(`${tick}`) / 2,
      text: createBottomTick(x(tick - 1), bottom + 20, `${tick}`),
    }));
    const marks = svg("path", { class: "rl-axis", d: ticks.map(({ at }) => `M${at} ${bottom}v5`).join("") });
    element.replaceChildren(marks, ...ticks.map(({ text }) => text));
  }

  /** Creates the flag of a layer, and hides the ticks that it covers. */
  function mark(layer) {
    const at = x(layer - 1);
    const half = measureText(`${layer}`) / 2 + 7;
    const isCovered = (tick) => layer > 0 && Math.abs(tick.at - at) < half + tick.half + 3;
    ticks.forEach((tick) => tick.text.toggleAttribute("hidden", isCovered(tick)));
    return [
      svg("rect", { class: "rl-axis-flag", x: at - half, y: bottom + 6, width: 2 * half, height: 19, rx: 5 }),
      svg("text", { class: "rl-axis-flag-text", x: at, y: bottom + 20, "text-anchor": "middle" }, `${layer}`),
    ];
  }

  return { element, x, setDepth, mark };
}

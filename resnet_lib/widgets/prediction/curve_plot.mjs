// Draws the plot of a curve question: given curves, the guess, the pen, and the real curve.
import { createTextRuler, svg } from "../shared/dom.mjs";
import { chooseCountTicks, chooseTickStep, clamp, createLinePath, separatePositions } from "../shared/plotting.mjs";
import { formatQuantity } from "./descriptions.mjs";

const [MARGIN_TOP, MARGIN_BOTTOM, MARGIN_LEFT] = [30, 40, 44]; // pixels around the axes
const FONT_SIZE_PX = 13;
const LABEL_GAP_PX = 17;

/**
 * @typedef {Object} CurveScales
 * @property {number} width  in pixels, as the next three
 * @property {number} height
 * @property {number} right  the end of the x axis
 * @property {number} bottom  the height of the x axis
 * @property {function(number): number} x  from a value to a pixel
 * @property {function(number): number} y
 * @property {function(number): number} fromX  from a pixel to a value
 * @property {function(number): number} fromY
 */

/**
 * Chooses the ticks of an axis: round values from `low` to `high`.
 * @param {number} low
 * @param {number} high
 * @param {number} count  about as many
 */
export function chooseTicks(low, high, count) {
  const step = chooseTickStep(high - low, count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

/**
 * Computes the scales of the plot.
 * @param {import("./prediction.mjs").Question} question
 * @param {number} width  in pixels
 * @returns {CurveScales}
 */
export function createCurveScales({ x, low, high, given, label }, width) {
  const height = width < 480 ? 250 : 310;
  const names = [...given.map((one) => one.name), label, "you"];
  const right = width - Math.ceil(Math.max(...names.map(createTextRuler(FONT_SIZE_PX)))) - 14;
  const bottom = height - MARGIN_BOTTOM;
  const [first, last] = [x[0], x.at(-1)];
  return {
    width, height, right, bottom,
    x: (value) => MARGIN_LEFT + ((value - first) / (last - first)) * (right - MARGIN_LEFT),
    y: (value) => bottom - ((value - low) / (high - low)) * (bottom - MARGIN_TOP),
    fromX: (pixel) => first + clamp((pixel - MARGIN_LEFT) / (right - MARGIN_LEFT), 0, 1) * (last - first),
    fromY: (pixel) => low + clamp((bottom - pixel) / (bottom - MARGIN_TOP), 0, 1) * (high - low),
  };
}

const createText = (attributes, text) => svg("text", { "font-size": FONT_SIZE_PX, ...attributes }, text);

function drawAxes({ x, low, high, xlabel, ylabel }, scales) {
  const { right, bottom, height } = scales;
  const grid = chooseTicks(low, high, 5).flatMap((value) => [
    svg("path", { class: "rl-grid", d: `M${MARGIN_LEFT} ${scales.y(value)}H${right}` }),
    createText({ x: MARGIN_LEFT - 8, y: scales.y(value) + 4, "text-anchor": "end" }, formatQuantity(value, "")),
  ]);
  const counts = x[0] === 1 && x.every(Number.isInteger);
  const ticks = counts ? chooseCountTicks(x.at(-1), Math.floor((right - MARGIN_LEFT) / 70)) : chooseTicks(x[0], x.at(-1), 6);
  return [
    createText({ x: 0, y: 14, class: "rl-axis-name" }, ylabel),
    createText({ x: (MARGIN_LEFT + right) / 2, y: height - 4, "text-anchor": "middle" }, xlabel),
    ...grid, svg("path", { class: "rl-axis", d: `M${MARGIN_LEFT} ${bottom}H${right}` }),
    ...ticks.map((value) => createText({ x: scales.x(value), y: bottom + 18, "text-anchor": "middle" }, formatQuantity(value, ""))),
  ];
}

function drawLabels(ends, { y, right, bottom }) {
  const heights = separatePositions(ends.map(({ end }) => y(end)), LABEL_GAP_PX, MARGIN_TOP, bottom);
  return ends.map(({ name, attributes }, index) => svg("g", { class: "rl-curve-label", ...attributes },
    createText({ class: attributes["data-kind"] ? "rl-curve-name" : "rl-curve-name rl-guess-name", x: right + 8, y: heights[index] + 4 }, name)));
}

/**
 * Draws the plot.
 * @param {import("./prediction.mjs").Question} question
 * @param {CurveScales} scales
 * @param {{points: (number | null)[], guess: number[] | null, at: number, revealed: boolean, isFresh: boolean}} state
 *   `guess` are the points filled in, `at` the index of the pen
 * @returns {SVGElement}
 */
export function drawCurvePlot(question, scales, { points, guess, at, revealed, isFresh }) {
  const { x, low, high } = question;
  const { width, height, right, bottom } = scales;
  const drawCurve = (values, classes, attributes = {}) =>
    svg("path", { class: `rl-curve ${classes}`, d: createLinePath(values, (count) => scales.x(x[count - 1]), scales.y), ...attributes });
  const createLine = (name, y, kind, depth, classes = "") => ({ name, y, classes, attributes: { "data-kind": kind, style: `--rl-depth: ${depth}` } });
  const lines = question.given.map(({ name, y, kind }) => createLine(name, y, kind, 0));
  if (revealed) lines.push(createLine(question.label, question.y, question.kind, 0.6, isFresh ? "rl-animated-curve" : ""));
  const ends = lines.map(({ name, y, attributes }) => ({ name, end: y.at(-1), attributes }));
  if (guess) ends.push({ name: "you", end: guess.at(-1), attributes: {} });
  return svg("svg", { class: "rl-plot", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    ...drawAxes(question, scales),
    ...(guess ? [drawCurve(guess, "rl-guess rl-guess-filled"), drawCurve(points, "rl-guess")] : []),
    ...lines.map(({ y, classes, attributes }) => drawCurve(y, classes, attributes)),
    ...drawLabels(ends, scales),
    revealed ? null : svg("g", { class: "rl-pen" },
      svg("path", { class: "rl-crosshair", d: `M${scales.x(x[at])} ${MARGIN_TOP}V${bottom}` }),
      svg("circle", { class: "rl-pen-point", cx: scales.x(x[at]), cy: scales.y(guess?.[at] ?? (low + high) / 2), r: 7 })),
    guess || revealed ? null
      : createText({ class: "rl-invite", x: (MARGIN_LEFT + right) / 2, y: MARGIN_TOP + 18, "text-anchor": "middle" }, "draw your curve here"));
}

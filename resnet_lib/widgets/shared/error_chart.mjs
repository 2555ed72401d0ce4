// Draws error against epoch, of one run or many.
import { drawCrosses, drawCrosshair, drawPoints } from "./crosshair.mjs";
import { chooseLabelStyle, createCurveLabels } from "./curve_labels.mjs";
import { createId, createTextRuler, svg } from "./dom.mjs";
import { chooseErrorTicks, computeErrorRange, createErrorScale } from "./error_axis.mjs";
import { drawRateStrip, findRateMarks, formatRateMark, listSchedules } from "./learning_rates.mjs";
import { chooseCountTicks, clamp, createLinePath } from "./plotting.mjs";
import { countEpochs, findLastEpoch, getColourAttributes, getSeries } from "./recorded_runs.mjs";

/** @typedef {import("./recorded_runs.mjs").Run} Run */

const LEFT_PX = 34; // room for the ticks of the error axis
const MARK_ROW_PX = 17; // the height of a row of rate marks

/**
 * Draws a chart of runs. `place(at, mode, reading)` moves what follows the epoch, `findEpoch(pixel)`
 * gives the epoch at a pixel.
 *
 * A training that goes on has more options. `epochs` is how far the axis reaches, whatever there is of
 * the curves. `faint` runs are behind, with the test error alone. A `line` with a text marks an error.
 * `rates` is "none", "so far" (uncovered with the curves) or "ahead" (all are known, and drawn faintly).
 * @param {{runs: Run[], curves: string, scale: string, width: number, faint?: Run[], epochs?: number,
 *   line?: {error: number, text: string, classes: string}|null, rates?: string}} options
 */
export function drawErrorChart({ faint = [], epochs = 0, line = null, rates = "so far", ...options }) {
  const chart = createLayout(collectData({ faint, epochs, line, rates, ...options }));
  const { left, right, top, bottom, width, height, last, size } = chart;
  const clipId = createId();
  const clip = svg("rect", { x: left - 3, y: top - 1, height: height - top });
  const clipped = { "clip-path": `url(#${clipId})` };
  const moving = svg("g");
  const ends = svg("g");
  const epochAxis = drawEpochAxis(chart);
  const drawing = svg("svg", {
    class: "rl-plot", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", style: `font-size: ${size}px`,
  }, svg("defs", {}, svg("clipPath", { id: clipId }, clip)), drawErrorAxis(chart), epochAxis.elements, drawRateMarks(chart),
  drawFaintCurves(chart), drawReferenceLine(chart, ends), svg("g", clipped, drawCurves(chart)), moving,
  // Words below the axis stand over the crosshair, which would strike them through.
  svg("text", { class: "rl-tick rl-axis-name", x: (left + right) / 2, y: bottom + 36, "text-anchor": "middle" }, "epoch"),
  chart.strip ? drawRateStrip(chart, bottom + 56, epochs ? clipped : {}, rates === "ahead") : null, ends);
  const placeCurveLabels = createCurveLabels(chart, ends);

  /** `mode`: "end", "read" (all is drawn, and read at `at`) or "replay" (drawn as far as `at`). */
  function place(at, mode, reading = 0) {
    const drawnTo = mode === "replay" ? at : last;
    epochAxis.ticks.forEach(({ text }) => text.removeAttribute("visibility"));
    clip.setAttribute("width", mode === "replay" ? Math.max(0, chart.x(at) - left + 6) : right - left + 6);
    placeCurveLabels(drawnTo, reading);
    const atEpoch = reading ? drawCrosshair(chart, reading, epochAxis.ticks)
      : mode === "replay" ? drawPoints(chart, at) : last === 1 ? drawPoints(chart, 1) : [];
    moving.replaceChildren(...drawCrosses(chart, drawnTo), ...atEpoch);
  }
  const findEpoch = (pixel) => Math.round(clamp(1 + ((pixel - left) / (right - left)) * Math.max(1, last - 1), 1, Math.max(1, last)));
  return { drawing, place, findEpoch, last, schedules: chart.strip ? chart.schedules : [] };
}

/** Collects what the chart shows: the series, the groups of runs that share a label, the range of errors. */
function collectData(options) {
  const { runs, curves, scale, faint, epochs, line, rates } = options;
  const last = Math.max(epochs, findLastEpoch(runs));
  const background = faint.map((run) => ({ ...run, test_error: run.test_error.slice(0, last), error: [] }));
  const series = curves === "both" ? ["training", "test"] : [curves];
  const isUnknown = epochs && ![...runs, ...background].some(countEpochs); // a curve may come to be anywhere
  const range = isUnknown ? { low: 0, high: 100 } : computeErrorRange([
    ...runs.flatMap((run) => series.map((which) => getSeries(run, which))),
    ...background.map((run) => run.test_error), line ? [line.error] : []], scale);
  const groups = groupByLabel(runs);
  const labelled = [
    ...[...groups].map(([label, group]) => ({ label, group, reach: Math.max(epochs, findLastEpoch(group)) })),
    ...background.map((run) => ({ label: run.label, group: [run], reach: countEpochs(run), quiet: true })),
  ];
  const schedules = listSchedules(runs);
  // A training that goes on has the strip from the first, whatever the rate will do.
  const hasStrip = epochs ? rates !== "none" : schedules.some((schedule) => schedule.smooth);
  const strip = !hasStrip ? 0 : schedules.length < 2 ? 56 : 38;
  return { ...options, last, background, series, range, groups, labelled, marks: epochs ? [] : findRateMarks(runs), schedules, strip };
}

function groupByLabel(runs) {
  const groups = new Map();
  for (const run of runs) groups.set(run.label, [...(groups.get(run.label) ?? []), run]);
  return groups;
}

/** Adds to the data where everything is, in pixels. */
function createLayout(data) {
  const { width, epochs, last, range, scale, marks, strip, series } = data;
  const size = width < 480 ? 13 : 14;
  const measureText = createTextRuler(size);
  const plotHeight = Math.round(epochs ? clamp(0.42 * width, 220, 320) : clamp(0.56 * width, 270, 430));
  const left = LEFT_PX;
  const labelStyle = chooseLabelStyle(data, { left, width, plotHeight, measureText });
  const right = labelStyle ? labelStyle.right : width - 14;
  const x = (epoch) => left + ((right - left) * (epoch - 1)) / Math.max(1, last - 1);
  const markTexts = assignRows(marks.map((mark) => {
    const half = measureText(formatRateMark(mark)) / 2;
    return { half, middle: clamp(x(mark.at), left + half, Math.max(right, width - 14) - half) };
  }));
  const top = 12 + MARK_ROW_PX * Math.max(0, ...markTexts.map(({ row }) => row + 1));
  const bottom = top + plotHeight;
  const y = createErrorScale(range, scale, top, bottom);
  const getMainSeries = (run) => (series.includes("test") && run.test_error.length ? run.test_error : run.error);
  const findHeight = (values, at) => interpolate(values, at, y);
  const findTip = (run, at) => {
    const values = getMainSeries(run);
    const until = Math.min(at, values.length);
    return { until, y: findHeight(values, until), value: values[Math.floor(until) - 1] ?? null };
  };
  return { ...data, size, measureText, plotHeight, left, right, top, bottom, height: bottom + 40 + strip, labelStyle, markTexts,
    x, y, getMainSeries, findHeight, findTip };
}

/** Assigns a row to each text, given from left to right, so that texts in one row do not overlap. */
function assignRows(texts) {
  const ends = [];
  return texts.map(({ middle, half }) => {
    const free = ends.findIndex((end) => end < middle - half);
    const row = free < 0 ? ends.length : free;
    ends[row] = middle + half + 10;
    return { middle, row };
  });
}

/** Finds a curve's height in pixels after `at` epochs, which may be a fraction, or null. */
function interpolate(values, at, y) {
  const before = values[Math.floor(at) - 1] ?? null;
  const after = values[Math.ceil(at) - 1] ?? null;
  if (before === null) return null;
  const share = after === null ? 0 : at - Math.floor(at);
  return y(before) + share * (y(after ?? before) - y(before));
}

function drawErrorAxis({ range, scale, left, right, bottom, y }) {
  const ticks = chooseErrorTicks(range, scale).flatMap((tick) => [
    svg("path", { class: tick === 0 ? "rl-axis" : "rl-grid", d: `M${left} ${Math.round(y(tick)) + 0.5}H${right}` }),
    svg("text", { class: "rl-tick", x: left - 8, y: y(tick), dy: "0.35em", "text-anchor": "end" }, `${tick}`),
  ]);
  return scale === "log" ? [...ticks, svg("path", { class: "rl-axis", d: `M${left} ${bottom + 0.5}H${right}` })] : ticks;
}

function drawEpochAxis({ last, left, right, bottom, x, measureText }) {
  const values = chooseCountTicks(last, clamp(Math.floor((right - left) / (last < 100 ? 30 : 40)), 2, 16));
  const ticks = values.map((tick) => ({
    text: svg("text", { class: "rl-tick", x: x(tick), y: bottom + 20, "text-anchor": "middle" }, `${tick}`),
    at: x(tick), half: measureText(`${tick}`) / 2,
  }));
  return { ticks, elements: ticks.flatMap(({ text, at }) => [svg("path", { class: "rl-axis", d: `M${at} ${bottom}v5` }), text]) };
}

function drawRateMarks({ marks, markTexts, top, bottom, x }) {
  return marks.flatMap((mark, index) => {
    const base = top - 10 - MARK_ROW_PX * markTexts[index].row;
    return [
      svg("path", { class: "rl-rate-mark", d: `M${Math.round(x(mark.at)) + 0.5} ${base + 5}V${bottom}` }),
      svg("text", { class: "rl-rate-text", x: markTexts[index].middle, y: base, "text-anchor": "middle" }, formatRateMark(mark)),
    ];
  });
}

const drawFaintCurves = ({ background, x, y }) => background.map((run) =>
  svg("path", { class: "rl-curve rl-faint", ...getColourAttributes(run), d: createLinePath(run.test_error, x, y), "data-faint": run.name }));

/** Draws the line at an error; its text, in `layer`, is below it where there is room, and at the left. */
function drawReferenceLine({ line, left, right, bottom, y }, layer) {
  if (!line) return null;
  const at = Math.round(y(line.error)) + 0.5;
  const height = bottom - at > 21 ? at + 16 : at - 6;
  layer.append(svg("text", { class: `${line.classes} rl-reference-text`, x: left + 6, y: height }, line.text));
  return svg("path", { class: line.classes, d: `M${left} ${at}H${right}` });
}

const drawCurves = ({ runs, series, groups, x, y }) => series.flatMap((which) => runs.map((run) => {
  const several = groups.get(run.label).length > 1 ? " rl-one-of-several" : "";
  return svg("path", {
    class: `rl-curve rl-${which}${several}`, ...getColourAttributes(run), d: createLinePath(getSeries(run, which), x, y), "data-run": run.name,
  });
}));

// Draws what moves in a chart of errors: points, crosses and the crosshair at an epoch.
import { LABEL_HEIGHT_PX } from "./curve_labels.mjs";
import { svg } from "./dom.mjs";
import { formatPercent } from "./formatting.mjs";
import { clamp, separatePositions } from "./plotting.mjs";
import { countEpochs, getColourAttributes, getSeries, readErrors } from "./recorded_runs.mjs";

const COLUMN_PX = 44; // the width of a column of values
const GAP_PX = 11; // between the crosshair and a column
const POINT_RADIUS_PX = 4.5;

/**
 * Draws a point on each curve after `at` epochs.
 * @param {Object} chart  as `error_chart.mjs` lays it out
 * @param {number} at
 */
export function drawPoints({ runs, series, x, top, findHeight }, at) {
  const elements = [];
  for (const run of runs) {
    for (const which of series) {
      const values = getSeries(run, which);
      const height = values.length >= at ? findHeight(values, at) : null;
      if (height === null || height < top - 1) continue;
      elements.push(svg("circle", { class: `rl-point rl-${which}`, ...getColourAttributes(run), cx: x(at), cy: height, r: POINT_RADIUS_PX }));
    }
  }
  return elements;
}

/**
 * Draws a cross where a run broke off, if that was within `at` epochs.
 * @param {Object} chart
 * @param {number} at
 */
export function drawCrosses({ runs, x, top, bottom, findHeight, getMainSeries }, at) {
  const broken = runs.filter((run) => run.status !== "finished" && countEpochs(run) <= at && countEpochs(run) > 0);
  return broken.map((run) => {
    const values = getMainSeries(run);
    const [cx, cy] = [x(values.length), clamp(findHeight(values, values.length) ?? top, top, bottom)];
    return svg("path", { class: "rl-cross", ...getColourAttributes(run), d: `M${cx - 5} ${cy - 5}l10 10m0 -10l-10 10` });
  });
}

/**
 * Draws the crosshair at a whole epoch: points, their values beside them, and the epoch at the axis.
 * @param {Object} chart
 * @param {number} epoch
 * @param {{text: SVGElement, at: number, half: number}[]} ticks  those that it covers are hidden
 */
export function drawCrosshair(chart, epoch, ticks) {
  const { series, x, top, bottom, height, strip, measureText } = chart;
  const at = x(epoch);
  const flag = `${epoch}`;
  const half = measureText(flag) / 2 + 7;
  const covered = ticks.filter((tick) => Math.abs(tick.at - at) < half + tick.half + 3);
  covered.forEach(({ text }) => text.setAttribute("visibility", "hidden"));
  const sides = chooseSides(chart, at);
  return [
    svg("path", { class: "rl-crosshair", d: `M${Math.round(at) + 0.5} ${top}V${strip ? height - 8 : bottom}` }),
    ...drawPoints(chart, epoch),
    svg("rect", { class: "rl-axis-flag", x: at - half, y: bottom + 6, width: 2 * half, height: 19, rx: 5 }),
    svg("text", { class: "rl-axis-flag-text", x: at, y: bottom + 20, "text-anchor": "middle" }, flag),
    ...series.flatMap((which) => drawValues(chart, which, epoch, sides[which])),
  ];
}

/** Chooses the sides of the values: test errors right, training errors left, both on one side near an edge. */
function chooseSides({ series, left, right }, at) {
  const sides = { test: { dx: GAP_PX, anchor: "start" }, training: { dx: -GAP_PX, anchor: "end" } };
  const both = series.length > 1;
  if (!both) sides.training = sides.test;
  if (at + COLUMN_PX > right + 4) {
    sides.test = { dx: -GAP_PX, anchor: "end" };
    sides.training = { dx: both ? -GAP_PX - COLUMN_PX : -GAP_PX, anchor: "end" };
  } else if (at - COLUMN_PX < left - 4 && both) {
    sides.training = { dx: GAP_PX + COLUMN_PX, anchor: "start" };
  }
  return sides;
}

/** Draws the values of one series beside the crosshair; where there are too many, only the table has them. */
function drawValues({ runs, x, y, top, bottom, width, plotHeight, measureText }, which, epoch, { dx, anchor }) {
  const read = runs.map((run) => ({ run, value: readErrors(run, epoch)[which] })).filter(({ value }) => value !== null);
  if (read.length * LABEL_HEIGHT_PX > plotHeight * (width < 480 ? 0.55 : 0.75)) return [];
  const wanted = read.map(({ value }) => clamp(y(value), top, bottom));
  return separatePositions(wanted, LABEL_HEIGHT_PX, top + 6, bottom - 7).flatMap((height, index) => {
    const { run, value } = read[index];
    const [text, start] = [formatPercent(value), x(epoch) + dx];
    const wide = measureText(text) + 6;
    return [
      svg("rect", { class: "rl-crosshair-ground", x: anchor === "start" ? start - 3 : start - wide + 3, y: height - 8,
        width: wide, height: LABEL_HEIGHT_PX, rx: 4 }),
      svg("text", {
        class: `rl-crosshair-value rl-crosshair-${which}`, ...getColourAttributes(run), x: start, y: height, dy: "0.35em",
        "text-anchor": anchor, "data-run": run.name,
      }, text),
    ];
  });
}

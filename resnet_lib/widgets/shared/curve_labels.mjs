// Labels the ends of curves, so that no two labels overlap.
import { svg } from "./dom.mjs";
import { formatPercent } from "./formatting.mjs";
import { clamp, separatePositions } from "./plotting.mjs";
import { getColourAttributes } from "./recorded_runs.mjs";

/** The distance from one label to the next. */
export const LABEL_HEIGHT_PX = 16;
const NARROW_PX = 480;
const OFFSET_PX = 14; // from a curve's end to its label

/**
 * Places labels one below the other where they would overlap; labels side by side need not keep apart.
 * A label that is `first` keeps its place, and the others keep a little more distance from it.
 * @param {{x: number, y: number, width: number, first?: boolean}[]} labels
 * @param {number} gap
 * @param {number} low
 * @param {number} high
 * @returns {number[]}  their heights
 */
export function placeLabels(labels, gap, low, high) {
  const order = labels.map((_, index) => index).sort((a, b) => labels[a].x - labels[b].x);
  const placed = [];
  let group = [];
  let right = -Infinity;
  const settle = () => {
    const wanted = group.map((index) => labels[index].y);
    const first = group.findIndex((index) => labels[index].first);
    const heights = first < 0 ? separatePositions(wanted, gap, low, high) : separateAround(wanted, first, gap, low, high);
    heights.forEach((y, rank) => (placed[group[rank]] = y));
    group = [];
  };
  for (const index of order) {
    if (labels[index].x > right) settle();
    group.push(index);
    right = Math.max(group.length > 1 ? right : -Infinity, labels[index].x + labels[index].width);
  }
  settle();
  return placed;
}

/** Separates positions around the one at index `first`, which stays, if the others have room around it. */
function separateAround(wanted, first, gap, low, high) {
  const own = clamp(wanted[first], low, high);
  const distance = gap + 3;
  const others = wanted.map((_, index) => index).filter((index) => index !== first).sort((a, b) => wanted[a] - wanted[b]);
  const countFitting = (pixels) => Math.max(0, Math.floor((pixels - distance) / gap + 1 + 1e-9));
  const [most, least] = [countFitting(own - low), others.length - countFitting(high - own)];
  if (least > most) return separatePositions(wanted, gap, low, high);
  const above = clamp(others.filter((index) => wanted[index] < own).length, Math.max(0, least), most);
  const placed = [];
  placed[first] = own;
  for (const [side, from, to] of [[others.slice(0, above), low, own - distance], [others.slice(above), own + distance, high]]) {
    separatePositions(side.map((index) => wanted[index]), gap, from, to).forEach((y, rank) => (placed[side[rank]] = y));
  }
  return placed;
}

const shortenLabel = (label) => label.split(", ")[0];
const formatDepthLabel = (label, [run]) => (run.depth === null ? shortenLabel(label) : `${run.depth}`);
function formatFullLabel(label, group) {
  const broken = group.find((run) => run.status !== "finished");
  return broken ? `${label}, ${broken.status}` : label;
}

/**
 * Chooses the longest labels that the chart has room for: names and values, else names, else what comes
 * first in a name, else the depth in the kind's colour. The table has all of it.
 * @param {Object} data  what the chart shows, with the `labelled` groups of runs
 * @param {{left: number, width: number, plotHeight: number, measureText: (text: string) => number}} space
 * @returns {{names: string[], widths: number[], withValues: boolean, right: number}|undefined}
 */
export function chooseLabelStyle({ labelled, last }, { left, width, plotHeight, measureText }) {
  if (labelled.length * LABEL_HEIGHT_PX > plotHeight) return undefined;
  const styles = [[formatFullLabel, true], [formatFullLabel, false], [shortenLabel, true], [shortenLabel, false], [formatDepthLabel, false]];
  for (const [formatLabel, withValues] of styles) {
    const names = labelled.map(({ label, group }) => formatLabel(label, group));
    const widths = names.map((name, index) => measureText(name) + (withValues && !labelled[index].quiet ? measureText(" 00.0") : 0));
    const rights = labelled.map(({ reach }, index) => {
      const share = (reach - 1) / Math.max(1, last - 1);
      return left + (width - left - 16 - widths[index]) / Math.max(share, 0.01);
    });
    const right = Math.min(width - 14, ...rights);
    if (right > width * (withValues ? 0.72 : 0.66)) return { names, widths, withValues, right };
  }
  return undefined;
}

/**
 * Creates the labels of a chart's curves in `layer`.
 * @param {Object} chart  as `error_chart.mjs` lays it out
 * @param {SVGElement} layer
 * @returns {(at: number, reading: number) => void}  places them beside what is drawn up to epoch `at`,
 *   where the crosshair is at epoch `reading` (0: there is none)
 */
export function createCurveLabels(chart, layer) {
  const { labelled, labelStyle, top, bottom } = chart;
  const labels = labelled.map(({ label, group, quiet }, index) => {
    const name = svg("tspan", { class: "rl-curve-name" }, labelStyle ? labelStyle.names[index] : label);
    const value = svg("tspan", { class: "rl-curve-value" });
    const text = svg("text", { dy: "0.35em" }, name, value);
    const leader = svg("path", { class: "rl-leader-line" });
    const classes = quiet ? "rl-curve-label rl-label-quiet" : "rl-curve-label";
    const element = svg("g", { class: classes, ...getColourAttributes(group[0]), "data-label": label }, leader, text);
    if (labelStyle) layer.append(element);
    return { group, quiet, element, value, text, leader, width: labelStyle ? labelStyle.widths[index] : 0 };
  });
  return (at, reading) => {
    const present = labels.map((label) => findLabelPosition(chart, label, at, reading)).filter(Boolean);
    placeLabels(present, LABEL_HEIGHT_PX, top + 6, bottom - 4).forEach((height, index) => {
      const { label, tip, y, value } = present[index];
      const start = tip + OFFSET_PX;
      label.text.setAttribute("x", start);
      label.text.setAttribute("y", height);
      label.value.textContent = labelStyle?.withValues && !label.quiet ? ` ${formatPercent(value)}` : "";
      label.leader.setAttribute("d", Math.abs(height - y) > 2 ? `M${tip + 3} ${y}L${start - 3} ${height}` : "");
    });
  };
}

/** Finds where a label should be, and hides it where it has no place (null). */
function findLabelPosition(chart, label, at, reading) {
  const { x, right, top, bottom, width, last, background, findTip } = chart;
  const tips = label.group.map((run) => findTip(run, label.quiet ? last : at)).filter((tip) => tip.y !== null);
  const tip = x(Math.max(...tips.map((one) => one.until)));
  // Within the plot a label gives way to the values at the crosshair, and to a narrow page.
  const inside = tip < right - 60;
  const crossed = inside && reading && tip < x(reading) + 70 && tip + OFFSET_PX + label.width > x(reading) - 70;
  const hidden = tips.length === 0 || crossed || (inside && width < NARROW_PX && at === last);
  label.element.toggleAttribute("hidden", hidden);
  if (hidden) return null;
  const average = (key) => tips.reduce((sum, one) => sum + one[key], 0) / tips.length;
  const place = { x: tip + OFFSET_PX, y: clamp(average("y"), top, bottom), width: label.width };
  // The label of a growing curve keeps others away from the curve's point too.
  const own = background.length && !label.quiet ? { first: true, x: tip - 8, width: label.width + 32 } : {};
  return { ...place, ...own, label, tip, value: average("value") };
}

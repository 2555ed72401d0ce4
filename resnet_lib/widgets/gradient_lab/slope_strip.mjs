// Draws the slopes of a net of one input along a line, as one strip.
import { svg } from "../shared/dom.mjs";
import { createDrawing } from "./log_axis.mjs";
import { LINE_POINTS } from "./settings.mjs";

/**
 * Draws the slopes, scaled to the strip's height, and the height of 0. Ticks of the inputs are below the
 * strip if `fullHeight` is more than `height`.
 * @param {Float64Array} slopes
 * @param {number} width  in pixels
 * @param {number} height
 * @param {number} [fullHeight]
 * @returns {SVGElement}
 */
export function drawStrip(slopes, width, height, fullHeight = height) {
  const [low, high] = slopes.reduce(([min, max], slope) => [Math.min(min, slope), Math.max(max, slope)], [0, 0]);
  const hasRange = high > low && Number.isFinite(high - low);
  const isFinite = slopes.every(Number.isFinite);
  const y = (slope) => (hasRange ? 4 + ((height - 8) * (high - slope)) / (high - low) : height / 2);
  const zero = y(0);
  const line = Array.from(slopes, (slope, index) => `${((width * index) / (LINE_POINTS - 1)).toFixed(1)} ${y(slope).toFixed(1)}`).join("L");
  const ticks = [["−2", 0.5, "start"], ["0", width / 2, "middle"], ["2", width - 0.5, "end"]];
  return createDrawing(width, fullHeight, 14,
    isFinite ? svg("path", { class: "rl-strip-area", d: `M0 ${zero}L${line}L${width} ${zero}Z` }) : [],
    svg("path", { class: "rl-axis", d: `M0 ${Math.round(zero) + 0.5}H${width}` }),
    isFinite ? svg("path", { class: "rl-curve rl-strip-line", d: `M${line}` }) : [],
    fullHeight === height ? [] : ticks.map(([text, x, anchor]) => [
      svg("path", { class: "rl-axis", d: `M${x} ${height}v5` }),
      svg("text", { class: "rl-tick", x, y: height + 20, "text-anchor": anchor }, text)]).flat());
}

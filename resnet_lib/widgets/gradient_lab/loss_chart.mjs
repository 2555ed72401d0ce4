// Draws the losses of both nets against the step, on a logarithmic axis.
import { svg } from "../shared/dom.mjs";
import { separatePositions } from "../shared/plotting.mjs";
import { formatNumber } from "./descriptions.mjs";
import {
  chooseDecadeTicks, chooseDecades, createBottomTick, createDecadeScale, createDrawing, createLeftTick, createLogLine,
  formatExponent,
} from "./log_axis.mjs";
import { STEPS } from "./settings.mjs";

/** The two nets: the name in the code, the kind that gives the colour, and the name on the page. */
export const NETS = [["plain", "plain", "plain"], ["skip", "v1", "with skip"]];

const LABEL_HEIGHT_PX = 17;
const MAX_LABEL_WIDTH_PX = 130;

/**
 * Creates the chart. `update` draws the losses as they grow.
 * @param {number} width  in pixels
 * @param {number} height
 * @returns {{drawing: SVGElement, update: function({plain: number[], skip: number[]}): void}}
 */
export function createLossChart(width, height) {
  const wide = width > 440; // has space for the values beside the curves' ends
  const [left, right, top, bottom] = [44, width - (wide ? 140 : 84), 10, height - 40];
  const x = (step) => left + ((right - left) * step) / STEPS;
  const axis = svg("g");
  const labels = svg("g");
  const hint = createBottomTick((left + right) / 2, (top + bottom) / 2,
    wide ? "Here the losses of both nets will fall, or not." : "No losses yet");
  const lines = NETS.map(([, kind]) => svg("path", { class: "rl-curve", "data-kind": kind }));
  const drawing = createDrawing(width, height, 14, axis, hint, lines, labels,
    [0, 50, 100, 150, 200].map((step) => createBottomTick(x(step), bottom + 18, `${step}`)),
    createBottomTick((left + right) / 2, bottom + 36, "step"));
  let drawnRange = "";
  let y;

  function drawAxis(range) {
    if (JSON.stringify(range) === drawnRange) return;
    drawnRange = JSON.stringify(range);
    y = createDecadeScale(range, top, bottom);
    const chance = Math.round(y(Math.LN2)) + 0.5;
    axis.replaceChildren(
      ...chooseDecadeTicks(range, 6).flatMap((exponent) => [
        svg("path", { class: "rl-grid", d: `M${left} ${Math.round(y(10 ** exponent)) + 0.5}H${right}` }),
        createLeftTick(left, y(10 ** exponent), formatExponent(exponent)),
      ]),
      svg("path", { class: "rl-axis", d: `M${left} ${bottom + 0.5}H${right}` }),
      svg("path", { class: "rl-chance-line", d: `M${left} ${chance}H${right}` }));
  }

  function update(losses) {
    const finite = NETS.map(([net]) => losses[net].filter(Number.isFinite));
    const range = chooseDecades(finite, -2, 0);
    drawAxis({ low: range.low, high: range.high, bottom: range.bottom, top: range.top });
    hint.toggleAttribute("hidden", losses.plain.length > 0);
    lines.forEach((line, index) => line.setAttribute("d", createLogLine(finite[index], x, y)));
    const tips = NETS.flatMap(([net, kind, name], index) => {
      const values = finite[index];
      if (!values.length) return [];
      const broken = values.length < losses[net].length;
      const value = broken ? ": not a number" : ` ${formatNumber(values.at(-1))}`;
      return [{ kind, broken, text: wide ? name + value : name, x: x(values.length - 1), y: y(values.at(-1)) }];
    });
    const chance = { text: wide ? "guessing 0.69" : "guessing", x: right, y: y(Math.LN2), isChance: true };
    placeLabels(tips, chance, right, top, bottom);
    labels.replaceChildren(...tips.map(createTip), ...[...tips, chance].map(createLabel));
  }

  update({ plain: [], skip: [] });
  return { drawing, update };
}

/** Gives each label a height, so that those at the right end do not overlap, and nor do the others. */
function placeLabels(tips, chance, right, top, bottom) {
  const atEnd = [...tips.filter((tip) => tip.x > right - MAX_LABEL_WIDTH_PX), chance];
  for (const group of [atEnd, tips.filter((tip) => !atEnd.includes(tip))]) {
    const heights = separatePositions(group.map((label) => label.y), LABEL_HEIGHT_PX, top + 4, bottom - 4);
    group.forEach((label, rank) => (label.height = heights[rank]));
  }
}

const createTip = ({ kind, broken, x, y }) => (broken
  ? svg("path", { class: "rl-cross", "data-kind": kind, d: `M${x - 5} ${y - 5}l10 10m0-10l-10 10` })
  : svg("circle", { class: "rl-point", "data-kind": kind, cx: x, cy: y, r: 4 }));

const createLabel = ({ kind, text, x, height, isChance }) => svg("g", { class: "rl-curve-label", "data-kind": kind },
  svg("text", { class: isChance ? "rl-chance-text" : "rl-curve-name", x: x + 10, y: height, dy: "0.35em" }, text));

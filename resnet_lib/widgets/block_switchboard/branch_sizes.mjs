// Draws how large the branch and the skip of each block are.
import { h, svg } from "../shared/dom.mjs";
import { formatBlockName } from "../shared/net_drawing.mjs";
import { chooseTickStep } from "../shared/plotting.mjs";
import { describeSizes } from "./descriptions.mjs";

// In pixels.
const BAR_HEIGHT = 104; // of the longest bar
const MAX_BAR_WIDTH = 16;
const [MARGIN_ABOVE, MARGIN_BELOW, MARGIN_LEFT] = [10, 22, 34];
const STAGE_GAP = 10;

/**
 * Creates the plot: for each block two bars, the root mean squares of its branch and of its skip. Screen readers
 * read a table.
 * @param {function(number): void} onchoose  gets the index of a block that is clicked
 * @returns {{element: HTMLElement, draw: function(Object, {branch: number[], skip: number[]}, number): void}}
 */
export function createSizes(onchoose) {
  const plot = h("div", { class: "rl-sizes-plot", "aria-hidden": "true" });
  const rows = h("tbody");
  const table = h("table", {}, h("caption", {}, "Root mean square of branch and skip, block by block"),
    h("thead", {}, h("tr", {}, ["block", "branch", "skip"].map((name) => h("th", { scope: "col" }, name)))), rows);
  const element = h("div", { class: "rl-sizes" }, plot, h("div", { class: "rl-visually-hidden" }, table));

  function draw(net, { branch, skip }, chosen) {
    const blocks = net.blocks.filter(({ role }) => role === "block");
    const width = Math.max(240, Math.floor(plot.clientWidth));
    const pitch = (width - MARGIN_LEFT - 2 * STAGE_GAP) / blocks.length;
    const largest = Math.max(...branch, ...skip, 1e-6);
    const base = MARGIN_ABOVE + BAR_HEIGHT;
    const drawing = svg("svg", { class: "rl-plot", width, height: base + MARGIN_BELOW }, ...createSizeAxis(largest, width));
    blocks.forEach((block, index) => {
      const left = MARGIN_LEFT + index * pitch + (block.stage - 1) * STAGE_GAP;
      const pair = createBars(block, branch[index], skip[index], left, pitch, BAR_HEIGHT / largest);
      pair.classList.toggle("rl-selected", index === chosen);
      pair.addEventListener("click", () => onchoose(index));
      drawing.append(pair);
      if (block.index !== 1) return;
      drawing.append(svg("text", { x: left + (pitch * net.n) / 2, y: base + 17, "text-anchor": "middle", "font-size": 12 }, `stage ${block.stage}`));
    });
    plot.replaceChildren(drawing);
    rows.replaceChildren(...blocks.map((block, index) => h("tr", {}, h("th", { scope: "row" }, formatBlockName(block)),
      h("td", {}, branch[index].toFixed(2)), h("td", {}, skip[index].toFixed(2)))));
  }
  return { element, draw };
}

function createSizeAxis(largest, width) {
  const step = chooseTickStep(largest, 3);
  const parts = [];
  for (let value = 0; value <= largest * 1.0001; value += step) {
    const y = MARGIN_ABOVE + BAR_HEIGHT - (BAR_HEIGHT * value) / largest;
    parts.push(svg("path", { class: value ? "rl-grid" : "rl-axis", d: `M${MARGIN_LEFT} ${y}H${width}` }),
      svg("text", { x: MARGIN_LEFT - 6, y: y + 4, "text-anchor": "end", "font-size": 12 }, Number(value.toPrecision(3))));
  }
  return parts;
}

function createBars(block, branch, skip, left, pitch, pixelsPerUnit) {
  const [middle, base, width] = [left + pitch / 2, MARGIN_ABOVE + BAR_HEIGHT, Math.min(MAX_BAR_WIDTH, pitch * 0.34)];
  const createBar = (name, x, value) =>
    svg("rect", { class: name, x, y: base - pixelsPerUnit * value, width, height: pixelsPerUnit * value });
  return svg("g", { class: "rl-size" },
    svg("title", {}, describeSizes(block, branch, skip)),
    svg("rect", { class: "rl-hit-area", x: left, y: 0, width: pitch, height: base, rx: 4 }),
    createBar("rl-size-skip", middle + 0.5, skip), createBar("rl-size-branch", middle - 0.5 - width, branch));
}

// Draws a net: a row for each stage, with its blocks and the shortcuts around them.
import { h, svg } from "./dom.mjs";

/**
 * @typedef {import("./cifar_net.mjs").Block} Block
 * @typedef {import("./cifar_net.mjs").Net} Net
 */

// In pixels: the least and the most width of a block, its heights by stage, the room above and below it.
const ROOMY_STYLE = { pitch: 30, widest: 104, heights: [48, 36, 26], arc: 19, below: 12 };
const DENSE_STYLE = { pitch: 11, widest: 14, heights: [20, 15, 11], arc: 8, below: 7 };
const MARGIN_PX = 14;
const MAX_ROOMY_N = 18;

/**
 * Formats a shape: "32 × 32 × 16".
 * @param {number[]} shape
 */
export const formatShape = (shape) => shape.join(" × ");

/**
 * Formats the name of a block, of the stem or of the classifier.
 * @param {Block} block
 */
export const formatBlockName = (block) =>
  (block.role === "block" ? `Stage ${block.stage}, block ${block.index}` : { stem: "Stem", head: "Classifier" }[block.role]);

/**
 * Creates the rows of the three stages: a title, and blocks from left to right with their shortcuts.
 * @param {Net} net
 * @param {number} width  in pixels
 * @param {Map<Block, SVGGElement>} elements  gets the drawing of each block
 * @param {(block: Block) => Object} getAttributes  of that drawing, such as its role
 * @returns {HTMLElement[]}
 */
export function createStageRows(net, width, elements, getAttributes) {
  return [1, 2, 3].map((stage) => {
    // Stem and classifier are in the row of the stage beside them.
    const inRow = net.blocks.filter((block) => Math.min(3, Math.max(1, block.stage)) === stage);
    const own = inRow.filter((block) => block.role === "block");
    const title = h("div", { class: "rl-stage-head" },
      h("strong", {}, `Stage ${stage}`), h("span", {}, formatShape(own[0].output)),
      h("span", {}, `${own.length} ${own.length > 1 ? "blocks" : "block"}`));
    return h("div", { class: "rl-stage-row" }, title, drawStage(net, inRow, stage, width, elements, getAttributes));
  });
}

function drawStage(net, blocks, stage, width, elements, getAttributes) {
  const style = net.n <= MAX_ROOMY_N ? ROOMY_STYLE : DENSE_STYLE;
  const rows = Math.ceil((blocks.length * style.pitch) / (width - 2 * MARGIN_PX));
  const perRow = Math.ceil(blocks.length / rows);
  const pitch = Math.min(style.widest, (width - 2 * MARGIN_PX) / perRow);
  const tall = style.heights[stage - 1];
  const rowHeight = tall + style.arc + style.below;
  const drawing = svg("svg", {
    class: "rl-stage", width, height: rows * rowHeight + 4, viewBox: `0 0 ${width} ${rows * rowHeight + 4}`,
    role: "presentation",
  });
  for (let row = 0; row < rows; row += 1) {
    const y = row * rowHeight + style.arc + tall / 2 + 2;
    const count = Math.min(perRow, blocks.length - row * perRow);
    const end = MARGIN_PX + count * pitch + (row < rows - 1 || stage < 3 ? MARGIN_PX - 2 : 0);
    drawing.append(svg("path", { class: "rl-track", d: `M2 ${y}H${end}` }));
    for (let column = 0; column < count; column += 1) {
      const block = blocks[row * perRow + column];
      drawing.append(drawBlock(net, block, MARGIN_PX + column * pitch, y, pitch, tall, style, getAttributes(block)));
      elements.set(block, drawing.lastChild);
    }
  }
  return drawing;
}

function drawBlock(net, block, left, middle, pitch, tall, style, attributes) {
  const inner = pitch * (block.role === "block" ? [0.44, 0.52, 0.6][block.stage - 1] : 0.5);
  const y = middle - tall / 2;
  const group = svg("g", {
    class: `rl-block rl-${block.role} rl-stage-${block.stage}`, "data-block": block.name, ...attributes,
  });
  // The whole slot takes the pointer: a thin block is easy to miss.
  group.append(svg("rect", { class: "rl-hit-area", x: left, y: y - style.arc, width: pitch, height: tall + style.arc + style.below - 2, rx: 5 }));
  group.append(...drawBody(block, left + (pitch - inner) / 2, y, inner, tall, style));
  if (block.role === "block" && block.shortcut !== "none") group.append(...drawShortcut(net, block, left, middle, pitch, y, style));
  return group;
}

/** Draws a slab for each convolution, half as wide for a 1×1, or one for the whole block. */
function drawBody(block, left, y, inner, tall, style) {
  const drawSlab = (x, width) => svg("rect", { class: "rl-body", x, y, width, height: tall, rx: 2 });
  const convolutions = block.layers.filter((layer) => layer.type === "conv");
  if (style !== ROOMY_STYLE || convolutions.length < 2) return [drawSlab(left, inner)];
  const weights = convolutions.map((layer) => (layer.label.includes("3×3") ? 2 : 1));
  const gap = Math.min(4, inner / 12);
  const unit = (inner - gap * (weights.length - 1)) / weights.reduce((a, b) => a + b);
  let x = left;
  return weights.map((weight) => {
    const slab = drawSlab(x, unit * weight);
    x += unit * weight + gap;
    return slab;
  });
}

function drawShortcut(net, block, left, middle, pitch, y, style) {
  const [right, top, roomy] = [left + pitch, y - style.arc + 3, style === ROOMY_STYLE];
  const half = roomy ? 4 : 2;
  const path = roomy
    ? `M${left} ${middle}V${top + 6}Q${left} ${top} ${left + 6} ${top}H${right - 6}Q${right} ${top} ${right} ${top + 6}V${middle}`
    : `M${left} ${middle}V${top}H${right}V${middle}`;
  const elements = [svg("path", { class: `rl-shortcut rl-shortcut-${block.shortcut}`, d: path })];
  if (block.shortcut === "projection") {
    elements.push(svg("rect", { class: "rl-projection", x: left + pitch / 2 - half, y: top - half, width: 2 * half, height: 2 * half, rx: 1 }));
  }
  if (net.shortcut === "highway") {
    elements.push(svg("circle", { class: "rl-gate", cx: right - 2 * half, cy: top, r: half }));
  }
  if (roomy) {
    elements.push(svg("circle", { class: "rl-sum", cx: right, cy: middle, r: 5 }));
    elements.push(svg("path", { class: "rl-plus", d: `M${right - 2.5} ${middle}h5M${right} ${middle - 2.5}v5` }));
  }
  return elements;
}

// A net of `describe` as a drawing: a row a stage, with its blocks and the skips around them.
import { h, svg } from "./dom.mjs";

/** @typedef {import("./cifar_net.mjs").Block} Block */

const ROOMY = { pitch: 30, widest: 104, heights: [48, 36, 26], arc: 19, below: 12 };
const DENSE = { pitch: 11, widest: 14, heights: [20, 15, 11], arc: 8, below: 7 };

/** "32 × 32 × 16" */
export const formatShape = (shape) => shape.join(" × ");

/** What a block is called, and what stands before and after them. */
export const formatBlockName = (block) =>
  (block.role === "block" ? `Stage ${block.stage}, block ${block.index}` : { stem: "Stem", head: "Classifier" }[block.role]);

/**
 * The three stages of a net, each with its title: blocks from left to right, a skip arching over
 * each. `attributesOf` a block says what it is to the reader; its group is put into `elements`.
 * @param {Map<Block, SVGGElement>} elements
 */
export function createStageRows(net, width, elements, attributesOf) {
  return [1, 2, 3].map((stage) => {
    // Stem and classifier stand in the row of the stage they touch.
    const inRow = net.blocks.filter((block) => Math.min(3, Math.max(1, block.stage)) === stage);
    const own = inRow.filter((block) => block.role === "block");
    const title = h("div", { class: "rl-stage-head" },
      h("strong", {}, `Stage ${stage}`), h("span", {}, formatShape(own[0].output)),
      h("span", {}, `${own.length} ${own.length > 1 ? "blocks" : "block"}`));
    return h("div", { class: "rl-stage-row" }, title, drawStage(net, inRow, stage, width, elements, attributesOf));
  });
}

function drawStage(net, blocks, stage, width, elements, attributesOf) {
  const style = net.n <= 18 ? ROOMY : DENSE;
  const margin = 14;
  const rows = Math.ceil((blocks.length * style.pitch) / (width - 2 * margin));
  const perRow = Math.ceil(blocks.length / rows);
  const pitch = Math.min(style.widest, (width - 2 * margin) / perRow);
  const tall = style.heights[stage - 1];
  const rowHeight = tall + style.arc + style.below;
  const drawing = svg("svg", {
    class: "rl-stage", width, height: rows * rowHeight + 4, viewBox: `0 0 ${width} ${rows * rowHeight + 4}`,
    role: "presentation",
  });
  for (let row = 0; row < rows; row += 1) {
    const y = row * rowHeight + style.arc + tall / 2 + 2;
    const count = Math.min(perRow, blocks.length - row * perRow);
    const end = margin + count * pitch + (row < rows - 1 || stage < 3 ? margin - 2 : 0);
    drawing.append(svg("path", { class: "rl-track", d: `M2 ${y}H${end}` }));
    for (let column = 0; column < count; column += 1) {
      const block = blocks[row * perRow + column];
      drawing.append(drawBlock(net, block, margin + column * pitch, y, pitch, tall, style, attributesOf(block)));
      elements.set(block, drawing.lastChild);
    }
  }
  return drawing;
}

function drawBlock(net, block, left, middle, pitch, tall, style, attributes) {
  const right = left + pitch;
  const inner = pitch * (block.role === "block" ? [0.44, 0.52, 0.6][block.stage - 1] : 0.5);
  const [x, y] = [left + (pitch - inner) / 2, middle - tall / 2];
  const group = svg("g", {
    class: `rl-block rl-${block.role} rl-stage-${block.stage}`, "data-block": block.name, ...attributes,
  });
  // The whole slot takes the pointer: a thin block is easy to miss.
  group.append(svg("rect", { class: "rl-hit-area", x: left, y: y - style.arc, width: pitch, height: tall + style.arc + style.below - 2, rx: 5 }));
  const convolutions = block.layers.filter((layer) => layer.type === "conv");
  if (style === ROOMY && convolutions.length > 1) {
    // A slab a convolution; a 1×1 is half as wide as a 3×3.
    const weights = convolutions.map((layer) => (layer.label.includes("3×3") ? 2 : 1));
    const gap = Math.min(4, inner / 12);
    const unit = (inner - gap * (weights.length - 1)) / weights.reduce((a, b) => a + b);
    let at = x;
    for (const weight of weights) {
      group.append(svg("rect", { class: "rl-body", x: at, y, width: unit * weight, height: tall, rx: 2 }));
      at += unit * weight + gap;
    }
  } else {
    group.append(svg("rect", { class: "rl-body", x, y, width: inner, height: tall, rx: 2 }));
  }
  if (block.role === "block" && block.shortcut !== "none") {
    const top = y - style.arc + 3;
    const path = `M${left} ${middle}V${top + 6}Q${left} ${top} ${left + 6} ${top}H${right - 6}Q${right} ${top} ${right} ${top + 6}V${middle}`;
    const rounded = style === ROOMY ? path : `M${left} ${middle}V${top}H${right}V${middle}`;
    group.append(svg("path", { class: `rl-shortcut rl-shortcut-${block.shortcut}`, d: rounded }));
    const half = style === ROOMY ? 4 : 2;
    if (block.shortcut === "projection") {
      group.append(svg("rect", { class: "rl-projection", x: left + pitch / 2 - half, y: top - half, width: 2 * half, height: 2 * half, rx: 1 }));
    }
    if (net.shortcut === "highway") {
      group.append(svg("circle", { class: "rl-gate", cx: right - 2 * half, cy: top, r: half }));
    }
    if (style === ROOMY) {
      group.append(svg("circle", { class: "rl-sum", cx: right, cy: middle, r: 5 }));
      group.append(svg("path", { class: "rl-plus", d: `M${right - 2.5} ${middle}h5M${right} ${middle - 2.5}v5` }));
    }
  }
  return group;
}

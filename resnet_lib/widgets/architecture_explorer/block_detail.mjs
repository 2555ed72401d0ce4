// Shows the layers of a block: operations, output shapes, parameters and multiply-adds.
import { h } from "../shared/dom.mjs";
import { formatInteger, formatShort } from "../shared/formatting.mjs";
import { formatBlockName, formatShape } from "../shared/net_drawing.mjs";

/**
 * @typedef {import("../shared/cifar_net.mjs").Block} Block
 * @typedef {import("../shared/cifar_net.mjs").Net} Net
 */

const SHORTCUT_NAMES = {
  identity: "identity", projection: "1×1 convolution", pad: "zero padding", none: "no shortcut", "": "",
};
const SHORTCUT_NOTES = {
  none: "Plain: nothing goes around.", identity: "The skip hands x on unchanged.",
  projection: "The skip is a 1×1 convolution, for x must change its shape.",
  pad: "The skip takes every second pixel where it must, and pads with zero channels.", "": "",
};
const SHORTCUT_LAYERS = ["projection", "pad", "gate", "mix"];
const COLUMNS = ["operation / stride", "output", "parameters", "multiply-adds"];

/**
 * Describes a block in one line.
 * @param {Block} block
 */
export function describeBlock(block) {
  const shortcut = block.role === "block" ? `, shortcut ${SHORTCUT_NAMES[block.shortcut]}` : "";
  return `${formatBlockName(block)}: ${formatShape(block.input)} to ${formatShape(block.output)}, ${formatInteger(block.params)} parameters${shortcut}`;
}

/**
 * Draws a block layer by layer.
 * @param {Net} net
 * @param {Block} block
 * @returns {HTMLElement[]}
 */
export function drawBlockDetail(net, block) {
  const addition = block.layers.findIndex((layer) => layer.type === "add");
  const note = SHORTCUT_NOTES[block.shortcut];
  return [
    h("div", { class: "rl-detail-head" },
      h("strong", {}, formatBlockName(block)),
      h("span", {}, `${formatShape(block.input)} → ${formatShape(block.output)}`),
      h("span", {}, `${formatInteger(block.params)} parameters`),
      h("span", {}, `${formatShort(block.macs)} multiply-adds`)),
    h("table", { class: `rl-skip-${block.shortcut}` },
      h("thead", {}, h("tr", {}, COLUMNS.map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, block.layers.map((layer, index) => createLayerRow(layer, index <= addition)))),
    h("p", { class: "rl-note" }, note, net.shortcut === "highway" && note ? " The gate T mixes: x + T · (F(x) − x)." : null),
  ];
}

/** Creates the row of a layer; a shortcut bypasses the layers up to the addition. */
function createLayerRow({ name, type, label, shape, params, macs }, isBypassed) {
  const classes = `rl-op-${type}${SHORTCUT_LAYERS.includes(type) ? " rl-on-skip" : ""}${isBypassed ? " rl-bypassed" : ""}`;
  return h("tr", { class: classes },
    h("th", { scope: "row", title: name }, label),
    h("td", {}, shape.join("×")),
    h("td", {}, params ? formatInteger(params) : "–"),
    h("td", {}, macs ? formatShort(macs) : "–"));
}

// Shows the drawing of a net, in which the reader chooses a block by pointer or by key.
import { h } from "../shared/dom.mjs";
import { createStageRows } from "../shared/net_drawing.mjs";
import { describeBlock, drawBlockDetail } from "./block_detail.mjs";

/** @typedef {import("../shared/cifar_net.mjs").Net} Net */

const MIN_WIDTH_PX = 240;

/** Creates the drawing, and below it the detail of the chosen block. */
export function createBlockChoice() {
  const element = h("div", { class: "rl-net", role: "group", "aria-label": "The net's blocks; arrow keys go from one to the next" });
  const detail = h("div", { class: "rl-detail" });
  const choice = { net: null, name: "stage1_block1", drawings: new Map(), choose, show };

  /** @param {Net} net */
  function draw(net = choice.net) {
    choice.net = net;
    const isFocused = element.contains(document.activeElement);
    choice.drawings.clear();
    const getAttributes = (block) => ({ role: "button", tabindex: -1, "aria-label": describeBlock(block) });
    element.replaceChildren(...createStageRows(net, Math.max(MIN_WIDTH_PX, Math.floor(element.clientWidth)), choice.drawings, getAttributes));
    const rows = Math.max(...net.blocks.map((block) => block.layers.length));
    detail.style.setProperty("--rl-rows", rows); // so that nothing below moves
    choose(findBlock(choice.name) ?? net.blocks[1], isFocused);
  }
  function choose(block, focus = false) {
    choice.name = block.name;
    for (const [one, drawing] of choice.drawings) {
      drawing.setAttribute("tabindex", one === block ? 0 : -1);
      drawing.classList.toggle("rl-selected", one === block);
    }
    show(block);
    if (focus) choice.drawings.get(block).focus({ preventScroll: true });
  }
  function show(block = findBlock(choice.name)) {
    detail.replaceChildren(...drawBlockDetail(choice.net, block));
  }
  const findBlock = (name) => choice.net.blocks.find((block) => block.name === name);
  /** Shows what is wrong in the place of the drawing. */
  function refuse(problem) {
    element.replaceChildren(h("p", { class: "rl-error", role: "alert" }, problem));
  }
  listenToBlocks(element, choice);
  return { element, detail, draw, refuse, isDrawn: () => Boolean(choice.net) };
}

/** Chooses a block by click, focus and key; the block under the pointer is shown. */
function listenToBlocks(element, choice) {
  const findBlock = (event) => {
    const name = event.target.closest?.("[data-block]")?.dataset.block;
    return name && choice.net.blocks.find((block) => block.name === name);
  };
  element.addEventListener("pointerover", (event) => findBlock(event) && choice.show(findBlock(event)));
  element.addEventListener("pointerleave", () => choice.net && choice.show());
  element.addEventListener("click", (event) => findBlock(event) && choice.choose(findBlock(event), true));
  element.addEventListener("focusin", (event) => {
    const block = findBlock(event);
    if (block && block.name !== choice.name) choice.choose(block);
  });
  element.addEventListener("keydown", (event) => {
    const { blocks, n } = choice.net;
    const at = blocks.findIndex((block) => block.name === choice.name);
    const last = blocks.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last,
      PageDown: at + n, PageUp: at - n }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choice.choose(blocks[Math.min(last, Math.max(0, to))], true);
  });
}

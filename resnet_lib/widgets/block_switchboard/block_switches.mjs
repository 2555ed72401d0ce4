// Draws a net whose blocks are switches.
import { h, svg } from "../shared/dom.mjs";
import { createStageRows, formatBlockName } from "../shared/net_drawing.mjs";
import { clamp } from "../shared/plotting.mjs";
import { describeScale } from "./descriptions.mjs";

const TRACK_END_PX = 7; // of line left at each end of a block that is off
const MIN_NET_WIDTH_PX = 240;

/** Prepares a drawn block to look off or partly on; returns the function that shows a scale. */
function makeScalable(group, isPlain) {
  const readNumber = (element, name) => Number(element.getAttribute(name));
  const hitArea = group.querySelector(".rl-hit-area");
  const [left, width] = [readNumber(hitArea, "x"), readNumber(hitArea, "width")];
  const bodies = [...group.querySelectorAll(".rl-body")].map((body) => {
    const outline = body.cloneNode();
    outline.setAttribute("class", "rl-body-outline");
    body.before(outline);
    return { body, top: readNumber(body, "y"), height: readNumber(body, "height") };
  });
  const middle = bodies[0].top + bodies[0].height / 2;
  // A gap in the line that runs behind all blocks: the block is without its branch.
  hitArea.before(svg("rect", { class: "rl-track-gap", x: left + TRACK_END_PX, y: middle - 3, width: width - 2 * TRACK_END_PX, height: 6 }));
  if (isPlain) bodies[0].body.before(svg("path", { class: "rl-bypass", d: `M${left + TRACK_END_PX} ${middle}h${width - 2 * TRACK_END_PX}` }));
  return (scale) => {
    group.classList.toggle("rl-scaled-down", scale < 1);
    for (const { body, top, height } of bodies) {
      body.setAttribute("height", height * scale);
      body.setAttribute("y", top + height * (1 - scale));
    }
  };
}

/** The net with a switch on each block. */
export class BlockSwitches {
  /**
   * @param {{onswitch: function(number): void, onchoose: function(number): void}} listeners  `onswitch` gets the
   *   index of a block that is pressed, `onchoose` that of a block to which the reader moves by keyboard
   */
  constructor({ onswitch, onchoose }) {
    Object.assign(this, { onswitch, onchoose });
    this.element = h("div", {
      class: "rl-net rl-switches", role: "group",
      "aria-label": "The net’s blocks: Space switches one, arrow keys go from one to the next",
      onclick: (event) => this.press(event), onfocusin: (event) => this.follow(event), onkeydown: (event) => this.navigate(event),
    });
    [this.switches, this.blocksPerStage, this.chosen] = [[], 1, 0];
  }

  /**
   * Draws a net; returns whether the focus was in the old drawing.
   * @param {import("../shared/cifar_net.mjs").Net} net
   */
  draw(net) {
    const hadFocus = this.element.contains(document.activeElement);
    const groups = new Map();
    const getAttributes = (block) => (block.role === "block" ? { role: "switch", tabindex: -1 } : { role: "img", "aria-label": formatBlockName(block) });
    this.element.replaceChildren(...createStageRows(net, Math.max(MIN_NET_WIDTH_PX, Math.floor(this.element.clientWidth)), groups, getAttributes));
    this.blocksPerStage = net.n;
    this.switches = [...groups].filter(([block]) => block.role === "block")
      .map(([block, group]) => ({ block, group, showScale: makeScalable(group, net.shortcut === "none") }));
    return hadFocus;
  }

  /**
   * Shows the scales and the chosen block.
   * @param {number[]} scales
   * @param {number} chosen
   * @param {boolean} takesFocus
   */
  update(scales, chosen, takesFocus) {
    this.chosen = chosen;
    this.switches.forEach(({ block, group, showScale }, index) => {
      const scale = scales[index];
      showScale(scale);
      const partly = scale > 0 && scale < 1 ? `, ${describeScale(scale)}` : "";
      group.setAttribute("aria-checked", `${scale > 0}`);
      group.setAttribute("aria-label", `${formatBlockName(block)}${partly}`);
      group.setAttribute("tabindex", index === chosen ? 0 : -1);
      group.classList.toggle("rl-selected", index === chosen);
    });
    if (takesFocus) this.focus(chosen);
  }

  focus(index) {
    this.switches[index]?.group.focus({ preventScroll: true });
  }

  findIndex(event) {
    return this.switches.findIndex(({ group }) => group.contains(event.target));
  }

  press(event) {
    const index = this.findIndex(event);
    if (index < 0) return;
    this.focus(index);
    this.onswitch(index);
  }

  follow(event) {
    const index = this.findIndex(event);
    if (index >= 0 && index !== this.chosen) this.onchoose(index);
  }

  navigate(event) {
    if (this.findIndex(event) < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const { chosen, blocksPerStage } = this;
    const last = this.switches.length - 1;
    const target = { ArrowRight: chosen + 1, ArrowDown: chosen + 1, ArrowLeft: chosen - 1, ArrowUp: chosen - 1, Home: 0, End: last,
      PageDown: chosen + blocksPerStage, PageUp: chosen - blocksPerStage }[event.key];
    const isPress = event.key === "Enter" || event.key === " ";
    if (target === undefined && !isPress) return;
    event.preventDefault();
    if (isPress) this.onswitch(chosen);
    else this.focus(clamp(target, 0, last));
  }
}

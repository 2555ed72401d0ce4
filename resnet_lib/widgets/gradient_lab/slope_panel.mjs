// Shows the slopes of both nets of one input, which are computed after each change.
import { h } from "../shared/dom.mjs";
import { createSection } from "../shared/section.mjs";
import { runInSlices } from "./background_work.mjs";
import { describeSlopes } from "./descriptions.mjs";
import { computeLineSlopes } from "./line_slopes.mjs";
import { NETS } from "./loss_chart.mjs";
import { drawNormals } from "./numbers.mjs";
import { WIDTH, createPair, getNextSeed } from "./settings.mjs";
import { drawStrip } from "./slope_strip.mjs";

const SLOPES_DELAY_MS = 60; // after a change until the slopes are computed
const MIN_STRIP_WIDTH_PX = 220;
const STRIP_HEIGHT_PX = { plain: 76, skip: 100 }; // the lower strip has ticks below it

/** Draws the next seed's numbers, so that "New weights" takes no time. */
function* drawAhead({ seed, depth }) {
  for (let index = 0; index < depth; index += 1) {
    drawNormals(getNextSeed(seed), index, WIDTH * WIDTH);
    yield;
  }
}

/** The section on the net of one input. */
export class SlopePanel {
  constructor() {
    this.strips = Object.fromEntries(NETS.map(([net, kind, name]) => {
      const [text, box] = [h("span", { class: "rl-strip-text" }), h("div", { class: "rl-strip-box" })];
      const element = h("div", { class: "rl-strip-row", "data-kind": kind },
        h("div", { class: "rl-strip-head" }, h("strong", {}, name), text), box);
      return [net, { text, box, element }];
    }));
    this.element = createSection("The gradient of a one-dimensional net",
      "its slope, along a line of inputs from −2 to 2; each to its own scale",
      this.strips.plain.element, this.strips.skip.element);
    this.slopes = null;
    this.stop = () => {};
  }

  /**
   * Computes the slopes in the background, and draws them.
   * @param {import("./settings.mjs").Spec} spec
   * @param {function(string): void} ondone  gets the descriptions of both nets
   */
  start(spec, ondone) {
    const pair = createPair(spec);
    const compute = function* () {
      return { plain: yield* computeLineSlopes(pair.plain), skip: yield* computeLineSlopes(pair.skip) };
    };
    this.stop = runInSlices(compute(), (slopes) => {
      this.slopes = slopes;
      this.draw();
      ondone(NETS.map(([net, , name]) => `${name[0].toUpperCase()}${name.slice(1)}, ${this.strips[net].text.textContent}.`).join(" "));
      this.stop = runInSlices(drawAhead(spec), () => {});
    }, SLOPES_DELAY_MS);
  }

  /** Draws the strips for the width there is. */
  draw() {
    if (!this.slopes) return;
    for (const [net] of NETS) {
      const { text, box } = this.strips[net];
      text.textContent = describeSlopes(this.slopes[net]);
      const width = Math.max(MIN_STRIP_WIDTH_PX, Math.floor(box.clientWidth));
      box.replaceChildren(drawStrip(this.slopes[net], width, STRIP_HEIGHT_PX.plain, STRIP_HEIGHT_PX[net]));
    }
  }
}

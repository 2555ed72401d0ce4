// Shows the gradients of the untrained net, and reads out the layer that the reader points at.
import { createLineSample, h } from "../shared/dom.mjs";
import { locatePointer } from "../shared/events.mjs";
import { clamp } from "../shared/plotting.mjs";
import { measureInitialNet } from "./dense_net.mjs";
import { describeGradients, formatNumber } from "./descriptions.mjs";
import { createPlot } from "./layer_plot.mjs";

const REST_MS = 600; // without a change, after which what is drawn becomes "before"
const MIN_PLOT_WIDTH_PX = 240;
const PLOT_ATTRIBUTES = {
  role: "slider", tabindex: 0, "aria-orientation": "horizontal", "aria-valuemin": 1, "aria-label": "The layer that is read",
};

/** The sentence, the line that reads out a layer, and the plot of all layers. */
export class GradientPanel {
  /** @param {import("./dense_net.mjs").Net} net */
  constructor(net) {
    this.net = net;
    this.sentence = h("p", { class: "rl-verdict" });
    this.reading = h("span", { class: "rl-reading" });
    this.beforeKey = h("span", { class: "rl-before-key" }, createLineSample("rl-previous-line"), "before");
    this.box = h("div", { class: "rl-plot-frame" });
    const head = h("div", { class: "rl-chart-head rl-chart-reading" }, this.reading, this.beforeKey);
    this.elements = [this.sentence, head, this.box];
    this.changed = -Infinity; // when a control last moved
    this.chosen = 0; // the layer that is read, by click or keyboard; 0 for none
    this.clear();
    this.listen();
  }

  /** Forgets what is drawn. */
  clear() {
    this.plot = this.measured = this.before = null;
  }

  /** Whether a net is drawn. */
  get isDrawn() {
    return this.plot !== null;
  }

  /** Says in place of the plot what is wrong with the state. @param {string} problem */
  showProblem(problem) {
    this.clear();
    this.box.replaceChildren(h("p", { class: "rl-error", role: "alert" }, problem));
    [...this.box.attributes].filter(({ name }) => name !== "class").forEach(({ name }) => this.box.removeAttribute(name));
  }

  /** Measures and draws an untrained net; returns the sentence. @param {import("./settings.mjs").Spec} spec */
  show(spec) {
    const now = performance.now();
    if (this.measured && now - this.changed > REST_MS) this.before = this.measured;
    this.changed = now;
    this.measured = measureInitialNet(this.net, spec);
    this.sentence.textContent = describeGradients(this.measured.norms);
    this.chosen = Math.min(this.chosen, spec.depth);
    if (this.isDrawn) this.draw();
    else this.layOut();
    return this.sentence.textContent;
  }

  /** Creates the plot for the width there is. */
  layOut() {
    this.plot = createPlot(Math.max(MIN_PLOT_WIDTH_PX, Math.floor(this.box.clientWidth)));
    this.box.replaceChildren(this.plot.drawing);
    Object.entries(PLOT_ATTRIBUTES).forEach(([name, value]) => this.box.setAttribute(name, value));
    this.draw();
  }

  draw() {
    this.plot.update(this.measured, this.before);
    this.beforeKey.toggleAttribute("data-off", !this.before);
    this.box.setAttribute("aria-valuemax", this.measured.norms.length);
    this.read(this.chosen);
  }

  /** Marks a layer, from 1, and says its numbers; 0 for none. */
  read(layer) {
    this.plot.read(layer);
    const [gradient, std] = [this.measured.norms[layer - 1], this.measured.stds[layer - 1]];
    const text = `Layer ${layer} of ${this.measured.norms.length}: gradient ${formatNumber(gradient ?? 0)}, ` +
      (std === undefined ? "its output is the logit" : `spread ${formatNumber(std)}`);
    this.reading.textContent = layer ? text : "Point at a layer to read it.";
    this.reading.classList.toggle("rl-reading-active", layer > 0);
    this.box.setAttribute("aria-valuenow", layer || 1);
    this.box.setAttribute("aria-valuetext", layer ? text : "no layer");
  }

  choose(layer) {
    this.chosen = layer;
    this.read(layer);
  }

  listen() {
    const findLayer = (event) => this.plot.layerAt(locatePointer(this.box, event).x);
    const listeners = {
      pointermove: (event) => this.read(findLayer(event)),
      pointerleave: () => this.read(this.chosen),
      click: (event) => this.choose(findLayer(event) === this.chosen ? 0 : findLayer(event)), // a second click releases
      keydown: (event) => this.chooseByKey(event),
    };
    for (const [name, listener] of Object.entries(listeners)) {
      this.box.addEventListener(name, (event) => this.isDrawn && listener(event));
    }
  }

  chooseByKey(event) {
    const last = this.measured.norms.length;
    const page = Math.max(1, Math.round(last / 10));
    const back = (this.chosen || last + 1) - 1;
    const target = {
      ArrowRight: this.chosen + 1, ArrowUp: this.chosen + 1, ArrowLeft: back, ArrowDown: back, Home: 1, End: last,
      PageUp: this.chosen + page, PageDown: this.chosen - page, Escape: 0,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    this.choose(event.key === "Escape" ? 0 : clamp(target, 1, last));
  }
}

// Computes a trained net in the page for an image, with a switch on each of its blocks.
import { decodeSprite } from "../net_in_page/pixels.mjs";
import { createAnnouncer } from "../shared/dom.mjs";
import { coalesce, containKeys } from "../shared/events.mjs";
import { formatShort } from "../shared/formatting.mjs";
import { listenToModel, loadWidgetFile } from "../shared/model.mjs";
import { AccuracyCount } from "./accuracy_count.mjs";
import { BoardState } from "./board_state.mjs";
import { BoardView } from "./board_view.mjs";
import { describeSetting } from "./descriptions.mjs";
import { NetInference } from "./net_inference.mjs";

const LOAD_MARGIN = "600px"; // a net is fetched when the widget is this near to the screen
const BYTES_PER_WEIGHT = 2;
const DRAWN_TRAITS = ["net", "image", "scales", "block"];

/** Joins the state, the view and the net. */
class Switchboard {
  constructor(model) {
    const loadFile = (name) => loadWidgetFile(model, name);
    this.state = new BoardState(model);
    this.announcer = createAnnouncer();
    this.inference = new NetInference(this.state, loadFile);
    this.accuracy = new AccuracyCount({
      images: this.state.images, announce: this.announcer.announce, prepare: () => this.inference.prepare(), loadFile,
    });
    this.view = new BoardView(this.state, {
      accuracy: this.accuracy.element, announcer: this.announcer.element,
      onpicture: (pixels) => this.state.takePicture(pixels) || this.draw(), onretry: () => this.begin(),
    });
    this.isNear = false;
    this.isEnded = false;
    this.result = null; // the last inference
    this.failures = new Map(); // net label to why it does not compute
  }

  /** Decodes the images to choose from. */
  async loadGallery() {
    const { sprite, gallery } = this.state.images;
    const bytes = Uint8Array.from(atob(sprite.split(",")[1]), (letter) => letter.charCodeAt(0));
    const pixels = await decodeSprite(bytes, gallery.length);
    if (this.isEnded) return;
    this.state.galleryPixels = pixels;
    this.view.imagePanel.drawGallery(pixels);
    if (!this.view.isInvalid) this.draw();
  }

  /** Lets the net compute: when the widget first comes near, and when the reader asks again. */
  begin() {
    this.isNear = true;
    this.failures.clear();
    this.compute();
  }

  draw() {
    const problem = this.state.findProblem();
    this.view.showProblem(problem);
    if (problem) return;
    this.view.showState();
    this.accuracy.update(this.state.net, this.state.scales);
    this.showResult();
    this.compute();
  }

  showResult() {
    const whole = this.result && this.inference.findWhole(this.result);
    if (!this.view.showInference(this.result, whole)) return;
    this.announcer.announce(`${describeSetting(this.result.scales)}. ${this.view.verdict.textContent}`);
  }

  async compute() {
    const { state, view, inference } = this;
    if (!this.isNear || !state.galleryPixels || this.isEnded || view.isInvalid) return;
    const { net, imageKey } = state;
    view.showFailure(this.failures.get(net.label) ?? "");
    if (this.failures.has(net.label)) return;
    const isCurrent = () => !this.isEnded && !view.isInvalid && state.imageKey === imageKey;
    try {
      if (!inference.isLoaded) {
        view.showLoading(`Loading ${net.label}, about ${formatShort(BYTES_PER_WEIGHT * state.describedNet.params, "B")} …`);
      }
      const result = await inference.compute(isCurrent, () => view.showLoaded());
      if (!result) return;
      this.result = result;
      this.showResult();
    } catch (problem) {
      if (isCurrent()) this.fail(net, problem);
    }
  }

  fail(net, problem) {
    const text = `${net.label} does not compute here: ${problem.message}. The drawing and the recorded figures stand.`;
    this.inference.reset();
    this.failures.set(net.label, text);
    this.view.showFailure(text);
    this.announcer.announce(text);
  }

  /** Calls `begin` once the widget comes near; returns what ends it. */
  beginWhenNear() {
    if (typeof IntersectionObserver === "undefined") {
      this.begin();
      return () => {};
    }
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      observer.disconnect();
      this.begin();
    }, { rootMargin: LOAD_MARGIN });
    observer.observe(this.view.root);
    return () => observer.disconnect();
  }

  /** Draws the net again when the width changes; returns what ends it. */
  drawWhenResized() {
    const observer = new ResizeObserver(() => this.view.isOutdated && this.draw());
    observer.observe(this.view.root);
    return () => observer.disconnect();
  }

  end() {
    this.isEnded = true;
    this.accuracy.stop();
    this.inference.stop();
    this.view.input.stop();
    this.announcer.stop();
  }
}

/**
 * Renders the widget; returns the function that removes its listeners and ends its worker.
 * @param {{model: import("../shared/model.mjs").Model, el: HTMLElement}} view
 */
function render({ model, el }) {
  const board = new Switchboard(model);
  el.append(board.view.root);
  board.loadGallery();
  const drawOnce = coalesce(() => board.draw());
  const cleanups = [
    listenToModel(model, DRAWN_TRAITS.map((name) => [`change:${name}`, drawOnce])), containKeys(board.view.root), () => board.end(),
  ];
  board.draw();
  cleanups.push(board.drawWhenResized(), board.beginWhenNear());
  return () => cleanups.forEach((cleanUp) => cleanUp());
}

export default { render };

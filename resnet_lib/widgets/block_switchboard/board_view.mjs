// Creates the elements of the switchboard, and shows its state and the net's results in them.
import { createPictureInput } from "../net_in_page/picture_input.mjs";
import { createRadioGroup } from "../shared/controls.mjs";
import { createId, h } from "../shared/dom.mjs";
import { formatBlockName } from "../shared/net_drawing.mjs";
import { createSection } from "../shared/section.mjs";
import { createRemovalButtons } from "./block_removal.mjs";
import { BlockSwitches } from "./block_switches.mjs";
import { createSizes } from "./branch_sizes.mjs";
import { describeMaps, describePrediction, describeScale, describeSetting, describeSizes } from "./descriptions.mjs";
import { createMaps, measureMaps } from "./feature_maps.mjs";
import { createImagePanel } from "./image_panel.mjs";

const OFF_TEXTS = {
  pad: "Off, a block’s branch F(x) adds nothing: its skip hands on what came in.",
  none: "A plain net has no skip. Off, a block’s layers are taken out, and what the skip of its residual twin would carry takes their place.",
};

const createField = (id, label, ...controls) =>
  h("div", { class: "rl-field" }, h("label", { for: id }, label), h("div", { class: "rl-slider" }, controls));

/** All elements of the widget. */
export class BoardView {
  /**
   * @param {import("./board_state.mjs").BoardState} state
   * @param {{accuracy: HTMLElement, announcer: HTMLElement, onpicture: function(Uint8Array): void, onretry: function(): void}} given
   */
  constructor(state, { accuracy, announcer, onpicture, onretry }) {
    this.state = state;
    this.drawnFor = ""; // the net and width that is drawn
    this.shown = null; // the inference that is drawn
    this.root = h("div", { class: "rl rl-switchboard", tabindex: -1 });
    this.netChoice = createRadioGroup({
      legend: "Net", value: state.model.get("net"), options: state.nets.map(({ label }) => ({ value: label, label })),
      onchange: (label) => state.chooseNet(label),
    });
    this.weights = h("p", { class: "rl-note rl-weights-note" });
    this.problem = h("p", { class: "rl-state-problem rl-error", role: "alert" });
    this.verdict = h("p", { class: "rl-verdict" });
    this.retryButton = this.createFleetingButton("Try again", onretry);
    this.timing = h("span", {});
    const note = h("p", { class: "rl-note" }, "Computed in this page, in a worker of its own", this.timing,
      ". Nothing is sent anywhere, and nothing is trained again: batch normalisation keeps its recorded averages.");
    this.root.append(
      h("div", { class: "rl-controls rl-net-controls" }, this.netChoice.element, this.weights), this.problem,
      ...this.createImageElements(onpicture),
      h("div", { class: "rl-verdict-row" }, this.verdict, this.retryButton),
      this.createBlockSection(),
      createSection("How many does it get right?", "of test images, which it was not trained on", accuracy),
      this.createSizesSection(), this.createMapsSection(), note, announcer);
  }

  /** Creates a button that disappears when it is pressed; the focus moves to the widget. */
  createFleetingButton(text, onclick) {
    const press = () => {
      this.root.focus({ preventScroll: true });
      onclick();
    };
    return h("button", { type: "button", class: "rl-button", hidden: true, onclick: press }, text);
  }

  createImageElements(onpicture) {
    const { state } = this;
    this.refusal = h("div", { class: "rl-notice", role: "alert" });
    const chooseImage = (image) => {
      this.refusal.replaceChildren();
      state.chooseImage(image);
    };
    const takePicture = (pixels) => {
      this.refusal.replaceChildren();
      onpicture(pixels);
    };
    const refusePicture = (reason) => this.refusal.replaceChildren(h("p", { class: "rl-alert" }, reason));
    this.input = createPictureInput(this.root, takePicture, refusePicture);
    this.backButton = this.createFleetingButton("Back to your picture", () => chooseImage(-1));
    const hint = h("span", {}, "or drop one here, or click here and paste it. It stays on this machine.");
    this.imagePanel = createImagePanel(state.classes, state.images, chooseImage, [this.input.element, this.backButton, hint]);
    return [this.imagePanel.element, this.refusal];
  }

  createBlockSection() {
    const { state } = this;
    this.switches = new BlockSwitches({ onchoose: (index) => state.choose(index), onswitch: (index) => state.toggle(index) });
    this.removal = createRemovalButtons((scales) => state.setScales(scales));
    const [blockId, scaleId] = [createId(), createId()];
    this.blockChoice = h("select", { id: blockId, onchange: () => state.choose(this.blockChoice.selectedIndex) });
    this.scaleValue = h("output", { for: scaleId, class: "rl-scale-value" });
    this.scale = h("input", {
      type: "range", id: scaleId, min: 0, max: 1, step: 0.05,
      oninput: () => state.setScale(state.chosen, this.scale.valueAsNumber),
    });
    this.setting = h("span", {});
    this.offNote = h("p", { class: "rl-note rl-off-note" });
    return createSection("Switch its blocks", this.setting,
      this.removal.element, this.switches.element, this.offNote,
      h("div", { class: "rl-block-controls" }, createField(blockId, "Chosen block", this.blockChoice),
        createField(scaleId, "Scale of this branch, 0 to 1", this.scale, this.scaleValue)));
  }

  createSizesSection() {
    this.sizes = createSizes((index) => this.state.choose(index));
    this.sizesText = h("p", { class: "rl-chart-reading rl-reading-active" });
    return createSection("Branch against skip", "root mean square of what a block’s branch adds, and of what it is added to",
      h("p", { class: "rl-key rl-sizes-key" }, h("span", { class: "rl-key-branch" }, "branch, scale · F(x)"), h("span", { class: "rl-key-skip" }, "skip")),
      this.sizes.element, this.sizesText);
  }

  createMapsSection() {
    this.maps = createMaps();
    this.mapsText = h("p", { class: "rl-chart-reading rl-maps-text" });
    return createSection("What the chosen block sees", "its output after ReLU, a map for every channel",
      this.mapsText, h("div", { class: "rl-maps-box" }, this.maps.canvas));
  }

  /** Whether the state cannot be shown. */
  get isInvalid() {
    return this.root.classList.contains("rl-invalid");
  }

  /** Says what is wrong with the state; "" for nothing. @param {string} problem */
  showProblem(problem) {
    this.root.classList.toggle("rl-invalid", Boolean(problem));
    this.problem.textContent = problem;
  }

  get drawingKey() {
    return `${this.state.model.get("net")} ${this.switches.element.clientWidth}`;
  }

  /** Whether the net has been drawn, for another width than there is. */
  get isOutdated() {
    return this.drawnFor !== "" && this.drawnFor !== this.drawingKey;
  }

  /** Shows the net, its scales, the chosen block and the image. */
  showState() {
    const { net, scales } = this.state;
    this.netChoice.set(net.label);
    this.root.dataset.kind = net.kind;
    this.weights.textContent = `Weights of the recorded run ${net.run}, kept in half precision: ${net.test_error.toFixed(2)} % of the test images wrong after the last epoch. ${net.caption}`;
    this.offNote.textContent = OFF_TEXTS[net.shortcut];
    const hadFocus = this.drawNet();
    const { chosen } = this.state;
    this.switches.update(scales, chosen, hadFocus);
    this.blockChoice.selectedIndex = chosen;
    this.scale.value = scales[chosen];
    this.scale.setAttribute("aria-valuetext", describeScale(scales[chosen]));
    this.scaleValue.textContent = scales[chosen].toFixed(2);
    this.setting.textContent = describeSetting(scales);
    this.removal.update(net, scales);
    this.showImage();
  }

  /** Draws the net if it or the width has changed; returns whether the focus was in the old drawing. */
  drawNet() {
    if (this.drawnFor === this.drawingKey) return false;
    this.drawnFor = this.drawingKey;
    const hadFocus = this.switches.draw(this.state.describe());
    this.shown = null;
    this.blockChoice.replaceChildren(...this.state.blocks.map((block) => h("option", {}, formatBlockName(block))));
    return hadFocus;
  }

  showImage() {
    if (!this.state.galleryPixels) return; // they are being decoded
    const { image, pixels, label, ownPixels } = this.state;
    this.imagePanel.showImage(image, pixels, label);
    this.backButton.hidden = !ownPixels || image < 0;
  }

  /**
   * Shows the results of the net; returns whether they were not shown before.
   * @param {import("./net_inference.mjs").Inference | null} inference
   * @param {Float32Array | null} whole  probabilities with every block on
   */
  showInference(inference, whole) {
    const isCurrent = inference?.imageKey === this.state.imageKey;
    this.root.classList.toggle("rl-waiting", !isCurrent);
    if (!isCurrent || inference === this.shown) return false;
    this.shown = inference;
    const { probabilities, branch, skip, maps, shape, watchedBlock, net, milliseconds } = inference;
    this.imagePanel.showProbabilities(probabilities, whole);
    this.verdict.textContent = describePrediction(probabilities, whole, this.state.label, this.state.classes);
    const block = this.state.blocks[watchedBlock];
    this.sizes.draw(this.state.describedNet, { branch, skip }, watchedBlock);
    this.sizesText.textContent = describeSizes(block, branch[watchedBlock], skip[watchedBlock]);
    const facts = measureMaps(maps, shape[2]);
    this.mapsText.textContent = describeMaps(block, shape, facts);
    this.maps.draw(maps, shape, facts.bright, net.kind, this.mapsText.textContent);
    this.timing.textContent = `: ${milliseconds.toFixed(1)} ms for this image`;
    return true;
  }

  /** Says that a net is being loaded. @param {string} text */
  showLoading(text) {
    this.verdict.textContent = text;
    this.root.setAttribute("aria-busy", "true");
  }

  /** Says that loading has ended. */
  showLoaded() {
    this.root.removeAttribute("aria-busy");
  }

  /** Says why a net does not compute; "" hides the button that tries again. @param {string} text */
  showFailure(text) {
    this.retryButton.hidden = !text;
    if (!text) return;
    this.showLoaded();
    this.verdict.textContent = text;
  }
}

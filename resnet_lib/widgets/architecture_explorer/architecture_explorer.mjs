// The widget ArchitectureExplorer: a CIFAR net block by block, with its depth and cost.
import { BATCH_SIZE, compareVersions, computeDepth, describeNet, findNetProblem, formatNetName, formatPythonCall } from "../shared/cifar_net.mjs";
import { createShortcutRadios, createSlider, createVersionRadios } from "../shared/controls.mjs";
import { createAnnouncer, createFigures, h } from "../shared/dom.mjs";
import { coalesce, containKeys, observeWidth } from "../shared/events.mjs";
import { formatInteger, formatShort } from "../shared/formatting.mjs";
import { listenToModel, setTraits } from "../shared/model.mjs";
import { createBlockChoice } from "./block_choice.mjs";
import { createCodeSample } from "./code_sample.mjs";

const N_STOPS = [...Array.from({ length: 18 }, (_, index) => index + 1), 25, 36, 50, 75, 111, 150, 200];
const PRESETS = { v1: [3, 9, 18, 200], v2: [3, 6, 12, 111] };
const TRAITS = ["version", "n", "shortcut"];

/**
 * Renders the widget.
 * @param {{model: import("../shared/model.mjs").Model, el: HTMLElement}} view
 * @returns {() => void}  cleans up
 */
function render({ model, el }) {
  const view = createView(model);
  function draw() {
    const choice = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
    const problem = findNetProblem(choice);
    view.root.classList.toggle("rl-invalid", Boolean(problem));
    if (problem) view.blocks.refuse(problem);
    else view.draw(choice);
  }
  const drawLater = coalesce(() => {
    view.code.reset();
    draw();
  });
  const stopListening = listenToModel(model, TRAITS.map((name) => [`change:${name}`, drawLater]));
  const releaseKeys = containKeys(view.root);
  el.append(view.root);
  draw();
  const stopObserving = observeWidth(view.blocks.element, () => view.blocks.isDrawn() && view.blocks.draw());
  return () => [stopListening, stopObserving, view.announcer.stop, releaseKeys].forEach((stop) => stop());
}

/** Creates the elements of the widget; `draw` shows a net in all of them. */
function createView(model) {
  const controls = createControls(model);
  const presets = h("div", { class: "rl-presets", role: "group", "aria-label": "Well-known depths" });
  const totals = h("dl", { class: "rl-totals" });
  const blocks = createBlockChoice();
  const announcer = createAnnouncer();
  const comparison = h("p", { class: "rl-note" });
  const code = createCodeSample();
  const root = h("div", { class: "rl" }, controls.element, presets, totals, blocks.element, blocks.detail,
    announcer.element, comparison, code.element);

  function draw(choice) {
    const net = describeNet(choice);
    controls.draw(choice);
    root.dataset.kind = { none: "plain", highway: "highway" }[choice.shortcut] ?? choice.version;
    presets.replaceChildren(...createPresets(choice, (n) => setTraits(model, { n })));
    totals.replaceChildren(...createFigures([
      ["Depth", `${net.depth}`, "layers with weights"],
      ["Parameters", formatInteger(net.params), `${formatInteger(net.trainable)} trained`],
      ["Multiply-adds", formatShort(net.macs), "for one image"],
      ["Activations", formatShort(net.activationBytes, "B"), `batch of ${BATCH_SIZE}, all kept`],
    ]));
    blocks.draw(net);
    code.draw(formatPythonCall(choice));
    comparison.textContent = compareVersions(net);
    announcer.announce(
      `${formatNetName(net)}: ${net.depth} layers deep, ${formatInteger(net.params)} parameters, ` +
      `${formatShort(net.macs)} multiply-adds for an image, ${formatShort(net.activationBytes, "B")} of activations for a batch of ${BATCH_SIZE}.`);
  }
  return { root, blocks, code, announcer, draw };
}

function createControls(model) {
  const version = createVersionRadios(model.get("version"), (value) => setTraits(model, { version: value }));
  const blocks = createSlider({
    label: "n, blocks in each stage", stops: N_STOPS, value: model.get("n"),
    describe: (n) => `n = ${n}, depth ${computeDepth(model.get("version"), n)}`,
    // An emptied field goes back to the n that is drawn.
    onchange: (n) => (n === null ? blocks.set(model.get("n")) : setTraits(model, { n })),
  });
  const shortcut = createShortcutRadios(model.get("shortcut"), (value) => setTraits(model, { shortcut: value }));
  const draw = (choice) => {
    version.set(choice.version);
    shortcut.set(choice.shortcut);
    blocks.set(choice.n);
  };
  return { element: h("div", { class: "rl-controls" }, version.element, blocks.element, shortcut.element), draw };
}

/** Creates the chips of well-known depths. */
const createPresets = (choice, onchoose) => PRESETS[choice.version].map((n) =>
  h("button", { type: "button", class: "rl-chip", "aria-pressed": String(n === choice.n), onclick: () => onchoose(n) },
    formatNetName({ ...choice, n }).replace(/ v\d$/, "")));

export default { render };

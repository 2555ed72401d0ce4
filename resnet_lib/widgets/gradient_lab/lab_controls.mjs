// Creates the controls of the gradient lab: presets, depth, four choices and new weights.
import { createRadioGroup, createSlider } from "../shared/controls.mjs";
import { h } from "../shared/dom.mjs";
import { MAX_DEPTH, PRESETS, SKIPS, findPreset, getNextSeed } from "./settings.mjs";

/** @typedef {import("./settings.mjs").Spec} Spec */

const DEPTHS = Array.from({ length: MAX_DEPTH }, (_, index) => index + 1);
const SKIP_LABELS = { none: "none", identity: "identity", scaled: "1/√depth" };
const SKIP_FORMULAS = { none: "f(h)", identity: "h + f(h)", scaled: "h + f(h)/√depth" };
const CHOICES = [
  ["activation", "Activation", [["sigmoid", "sigmoid"], ["tanh", "tanh"], ["relu", "ReLU"]]],
  ["initialization", "Initial weights", [
    ["small", "small", "standard deviation √(1/3n), the usual one before 2010"],
    ["glorot", "Glorot", "standard deviation √(2/(n+m)), 2010"], ["he", "He", "standard deviation √(2/n), 2015"]]],
  ["normalization", "Normalisation", [["none", "none"], ["batch", "batch"]]],
  ["skip", "Skip", SKIPS.map((skip) => [skip, SKIP_LABELS[skip], SKIP_FORMULAS[skip]])],
];

/**
 * Creates the controls.
 * @param {function(): Spec} getSpec  reads the settings
 * @param {function(Object): void} change  sets some of them
 * @returns {{element: HTMLElement, show: function(Spec): void}}
 */
export function createLabControls(getSpec, change) {
  const initial = getSpec();
  const depth = createSlider({
    label: "Depth, layers with weights", stops: DEPTHS, value: initial.depth,
    describe: (value) => `${value} ${value === 1 ? "layer" : "layers"}`,
    // An emptied field shows the depth again.
    onchange: (value) => (value === null ? depth.set(getSpec().depth) : change({ depth: value })),
  });
  const groups = Object.fromEntries(CHOICES.map(([name, legend, options]) => [name, createRadioGroup({
    legend, value: initial[name], onchange: (value) => change({ [name]: value }),
    options: options.map(([value, label, title]) => ({ value, label, title })),
  })]));
  const createButton = (kind, onclick, text) => h("button", { type: "button", class: `rl-${kind}`, onclick }, text);
  const seed = h("span", { class: "rl-seed" });
  const newWeights = createButton("button", () => change({ seed: getNextSeed(getSpec().seed) }), "New weights");
  const chips = Object.keys(PRESETS).map((name) => createButton("chip", () => change(PRESETS[name]), name));
  const element = h("div", { class: "rl-controls rl-lab-controls" },
    h("fieldset", { class: "rl-field" }, h("legend", {}, "The history, one click each"), h("div", { class: "rl-chips" }, chips)),
    depth.element, Object.values(groups).map((group) => group.element),
    h("div", { class: "rl-field rl-lab-seed" }, newWeights, seed));

  function show(spec) {
    depth.set(spec.depth);
    for (const [name, group] of Object.entries(groups)) group.set(spec[name]);
    seed.textContent = `seed ${spec.seed}`;
    const preset = findPreset(spec);
    for (const chip of chips) chip.setAttribute("aria-pressed", `${chip.textContent === preset}`);
  }
  return { element, show };
}

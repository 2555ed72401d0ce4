// Creates the labelled controls that several widgets use: radio buttons, sliders and number fields.
import { createId, h } from "./dom.mjs";

/**
 * Creates a row of radio buttons.
 * @param {{legend: string, options: {value: string, label: string, title?: string}[], value: string,
 *   onchange: (value: string) => void}} what
 * @returns {{element: HTMLElement, set: (value: string) => void}}
 */
export function createRadioGroup({ legend, options, value, onchange }) {
  const name = createId();
  const inputs = options.map((option) =>
    h("input", {
      type: "radio",
      name,
      value: option.value,
      checked: option.value === value,
      onchange: () => onchange(option.value),
    }),
  );
  const labels = options.map((option, index) =>
    h("label", { class: "rl-choice", title: option.title }, inputs[index], h("span", {}, option.label)),
  );
  const element = h("fieldset", { class: "rl-field" }, h("legend", {}, legend));
  element.append(h("div", { class: "rl-choices" }, labels));
  const set = (wanted) => inputs.forEach((input) => (input.checked = input.value === wanted));
  return { element, set };
}

/**
 * Creates the radio buttons of the two versions of a residual net.
 * @param {string} value
 * @param {(value: string) => void} onchange
 */
export const createVersionRadios = (value, onchange) =>
  createRadioGroup({
    legend: "Version", value, onchange,
    options: [
      { value: "v1", label: "v1", title: "conv-BN-ReLU, two 3×3 convolutions a block" },
      { value: "v2", label: "v2", title: "BN-ReLU-conv, bottlenecks of three convolutions" },
    ],
  });

/**
 * Creates the radio buttons of the shortcuts that a net can have.
 * @param {string} value
 * @param {(value: string) => void} onchange
 */
export const createShortcutRadios = (value, onchange) =>
  createRadioGroup({
    legend: "Shortcut", value, onchange,
    options: [
      { value: "projection", label: "projection" }, { value: "pad", label: "pad" },
      { value: "highway", label: "highway" }, { value: "none", label: "none (plain)" },
    ],
  });

/**
 * Reads a number field as a whole number within its range.
 * @param {HTMLInputElement} input
 * @param {number|null} empty  the value of an empty field
 */
function readWholeNumber(input, empty) {
  const typed = Math.round(input.valueAsNumber);
  return Number.isFinite(typed) ? Math.min(Number(input.max), Math.max(Number(input.min), typed)) : empty;
}

/**
 * Creates a slider over `stops`, and a number field beside it for every whole number between its ends.
 * @param {{label: string, stops: number[], value: number, describe: (value: number) => string,
 *   onchange: (value: number|null) => void}} what  `onchange` gets null when the field is emptied
 */
export function createSlider({ label, stops, value, describe, onchange }) {
  const [min, max] = [stops[0], stops.at(-1)];
  const [sliderId, numberId] = [createId(), createId()];
  const slider = h("input", {
    type: "range",
    id: sliderId,
    min: 0,
    max: stops.length - 1,
    step: 1,
    oninput: () => onchange(stops[slider.valueAsNumber]),
  });
  const number = h("input", {
    type: "number", id: numberId, min, max, step: 1,
    "aria-label": `${label}, ${min} to ${max}`,
    onchange: () => onchange(readWholeNumber(number, null)),
  });
  const set = (wanted) => {
    const distances = stops.map((stop) => Math.abs(stop - wanted));
    slider.value = distances.indexOf(Math.min(...distances));
    slider.setAttribute("aria-valuetext", describe(wanted));
    number.value = wanted;
  };
  set(value);
  const row = h("div", { class: "rl-slider" }, slider, number);
  return { element: h("div", { class: "rl-field" }, h("label", { for: sliderId }, label), row), set };
}

/**
 * Creates a field for a whole number, with room for a note beside it.
 * @param {{label: string, min: number, max: number, empty: number, onchange: (value: number) => void}} what
 *   `empty` is the value of an empty field
 */
export function createNumberField({ label, min, max, empty, onchange }) {
  const id = createId();
  const note = h("span", { class: "rl-field-note" });
  const input = h("input", {
    type: "number", id, min, max, step: 1,
    onchange: () => onchange(readWholeNumber(input, empty)),
  });
  const row = h("div", { class: "rl-slider" }, input, note);
  const element = h("div", { class: "rl-field" }, h("label", { for: id }, label), row);
  return { element, note, set: (value) => (input.value = value) };
}

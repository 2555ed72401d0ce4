// Asks the reader for a number on a scale, and draws the answer beside the guess.
import { createTextRuler, h, svg } from "../shared/dom.mjs";
import { clamp } from "../shared/plotting.mjs";
import { describeNumber, formatQuantity } from "./descriptions.mjs";

// In pixels.
const SCALE_HEIGHT = 74;
const MIN_SCALE_WIDTH = 220;
const FONT_SIZE = 14;
const [ANSWER_BASELINE, GUESS_BASELINE] = [16, 64];

/**
 * Creates the slider and the field.
 * @param {import("./prediction.mjs").Question} question
 * @param {string} labelId  of the element that asks
 * @param {function(number | null): void} onguess
 * @returns {import("./prediction.mjs").Form}
 */
export function createNumberForm(question, labelId, onguess) {
  const { low, high, step, unit } = question;
  const range = `from ${formatQuantity(low, unit)} to ${formatQuantity(high, unit)}`;
  const slider = h("input", { type: "range", min: low, max: high, step, "aria-labelledby": labelId });
  const field = h("input", { type: "number", min: low, max: high, step: "any", "aria-label": `Your guess, ${range}` });
  const row = h("div", { class: "rl-slider" }, slider, field, h("span", { class: "rl-unit" }, unit));
  const rangeNote = h("p", { class: "rl-note" }, `Anything ${range}.`);
  const scale = h("div", { class: "rl-scale-frame" });
  let drawn = { guess: null, revealed: false };

  // A press that leaves the slider where it is counts as a guess.
  for (const event of ["input", "pointerup"]) slider.addEventListener(event, () => !slider.disabled && onguess(slider.valueAsNumber));
  slider.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && onguess(slider.valueAsNumber));
  field.addEventListener("change", () => onguess(Number.isFinite(field.valueAsNumber) ? clamp(field.valueAsNumber, low, high) : null));

  const draw = () => scale.replaceChildren(drawScale(question, drawn.guess, Math.max(MIN_SCALE_WIDTH, Math.floor(scale.clientWidth))));
  function show(guess, revealed) {
    drawn = { guess, revealed };
    slider.value = guess ?? (low + high) / 2;
    slider.setAttribute("aria-valuetext", guess === null ? "no guess yet" : formatQuantity(guess, unit));
    row.classList.toggle("rl-untouched", guess === null);
    if (guess === null) field.value = "";
    else if (field.valueAsNumber !== guess) field.value = guess;
    row.hidden = rangeNote.hidden = revealed;
    scale.hidden = !revealed;
    if (revealed) draw();
  }

  return {
    elements: [row, rangeNote, scale],
    missing: "Move the slider or type a number first.",
    show,
    describe: (guess) => describeNumber(question, guess),
    getHint: () => "",
    focus: () => slider.focus({ preventScroll: true }),
    resize: () => drawn.revealed && draw(),
  };
}

/** Draws the answer and the guess on a line from `low` to `high`. */
function drawScale({ low, high, unit, answer }, guess, width) {
  const x = (value) => 8 + ((value - low) / (high - low)) * (width - 16);
  const labels = createScaleLabels({ low, high, unit, answer }, guess, x, width);
  return svg("svg", { class: "rl-plot", width, height: SCALE_HEIGHT, viewBox: `0 0 ${width} ${SCALE_HEIGHT}`, "aria-hidden": "true" },
    svg("path", { class: "rl-scale-line", d: `M8 36H${width - 8}` }),
    guess === null ? null : svg("path", { class: "rl-scale-distance", d: `M${x(guess)} 36H${x(answer)}` }),
    guess === null ? null : svg("circle", { class: "rl-scale-guess-point", cx: x(guess), cy: 36, r: 7 }),
    svg("path", { class: "rl-scale-answer-mark", d: `M${x(answer)} 24V48` }),
    ...labels.map(({ at, text, baseline, name }) =>
      svg("text", { class: name, x: at, y: baseline, "text-anchor": "middle", "font-size": FONT_SIZE }, text)));
}

/** Creates the labels of answer and guess, and those of the ends where there is space. */
function createScaleLabels({ low, high, unit, answer }, guess, x, width) {
  const measureText = createTextRuler(FONT_SIZE);
  const createLabel = (text, value, baseline, name) => {
    const half = measureText(text) / 2;
    return { half, at: clamp(x(value), half, width - half), text, baseline, name };
  };
  const labels = [createLabel(formatQuantity(answer, unit), answer, ANSWER_BASELINE, "rl-scale-answer")];
  if (guess !== null) labels.push(createLabel(`your guess, ${formatQuantity(guess, unit)}`, guess, GUESS_BASELINE, "rl-scale-guess"));
  const isFree = (one) => labels.every((label) => label.baseline !== one.baseline || Math.abs(label.at - one.at) > label.half + one.half + 8);
  for (const value of [low, high]) {
    const end = createLabel(formatQuantity(value, unit), value, GUESS_BASELINE, "rl-scale-end");
    if (isFree(end)) labels.push(end);
  }
  return labels;
}

import { createDrawing } from "./prediction_chart.mjs";
import { choiceWords, curveWords, filledIn, fittingGuess, markupOf, measured, numberWords } from "./prediction_words.mjs";
import { createId, createTextRuler, h, svg } from "../shared/dom.mjs";
import { containKeys } from "../shared/events.mjs";
import { clamp } from "../shared/plotting.mjs";

// A question, a guess, and then the answer. What the reader guesses is kept in the tab and nowhere else.

const TRAITS = ["form", "question", "reveal", "options", "hints", "answer", "low", "high", "step", "unit", "x", "y", "xlabel", "ylabel", "label", "kind", "given"];
const FORMS = { choice: createChoice, number: createNumber, curve: createCurve };
const marked = (text) => markupOf(text).map(({ tag, text }) => (tag ? h(tag, {}, text) : text));

// ---------------------------------------------------------------- what is kept over a reload

const keyOf = ({ form, question }) => `rl-prediction ${location.pathname} ${form} ${question}`;

function recall(asked) {
  try {
    const { guess, revealed } = JSON.parse(sessionStorage.getItem(keyOf(asked))) ?? {};
    return { guess: fittingGuess(asked, guess ?? null), revealed: revealed === true };
  } catch {
    return { guess: null, revealed: false }; // storage is refused, or holds something else
  }
}

function keep(asked, state) {
  try {
    sessionStorage.setItem(keyOf(asked), JSON.stringify(state));
  } catch {
    // Storage is refused or full: the guess lasts as long as the page.
  }
}

// ---------------------------------------------------------------- three forms of a question

// Each gives `elements`, `why` nothing can be revealed yet, `show(guess, revealed, fresh)`, `words(guess)`,
// a `hint` for it, `focus` and `resize`; and calls `changed` with a guess.

function createChoice(asked, labelId, changed) {
  const name = createId();
  const inputs = asked.options.map((_, index) => h("input", { type: "radio", name, value: index, onchange: () => changed(index) }));
  const notes = asked.options.map(() => h("em", {}));
  const rows = asked.options.map((option, index) =>
    h("label", { class: "rl-option" }, inputs[index], h("span", {}, marked(option)), notes[index]));
  return {
    elements: [h("div", { class: "rl-options", role: "radiogroup", "aria-labelledby": labelId }, rows)],
    why: "Choose an answer first.",
    show(guess, revealed) {
      rows.forEach((row, index) => {
        inputs[index].checked = index === guess;
        inputs[index].disabled = revealed;
        const [right, mine] = [index === asked.answer, index === guess];
        row.classList.toggle("rl-right", revealed && right);
        row.classList.toggle("rl-locked", revealed);
        notes[index].textContent = revealed ? [mine && "your guess", right && "the answer"].filter(Boolean).join(", ") : "";
      });
    },
    words: (guess) => choiceWords(asked, guess),
    hint: (guess) => asked.hints[guess] ?? "",
    focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus({ preventScroll: true }),
    resize() {},
  };
}

function createNumber(asked, labelId, changed) {
  const { low, high, step, unit, answer } = asked;
  const range = `from ${measured(low, unit)} to ${measured(high, unit)}`;
  const slider = h("input", { type: "range", min: low, max: high, step, "aria-labelledby": labelId });
  const field = h("input", { type: "number", min: low, max: high, step: "any", "aria-label": `Your guess, ${range}` });
  const row = h("div", { class: "rl-slider" }, slider, field, h("span", { class: "rl-unit" }, unit));
  const ends = h("p", { class: "rl-note" }, `Anything ${range}.`);
  const scale = h("div", { class: "rl-scale-frame" });
  let drawn = { guess: null, revealed: false };

  // A press that leaves the slider where it stands is a guess as well.
  for (const event of ["input", "pointerup"]) slider.addEventListener(event, () => !slider.disabled && changed(slider.valueAsNumber));
  slider.addEventListener("keydown", (event) => [" ", "Enter"].includes(event.key) && changed(slider.valueAsNumber));
  field.addEventListener("change", () => changed(Number.isFinite(field.valueAsNumber) ? clamp(field.valueAsNumber, low, high) : null));

  function show(guess, revealed) {
    drawn = { guess, revealed };
    slider.value = guess ?? (low + high) / 2;
    slider.setAttribute("aria-valuetext", guess === null ? "no guess yet" : measured(guess, unit));
    row.classList.toggle("rl-untouched", guess === null);
    if (guess === null) field.value = "";
    else if (field.valueAsNumber !== guess) field.value = guess;
    row.hidden = ends.hidden = revealed;
    scale.hidden = !revealed;
    if (revealed) drawScale();
  }

  function drawScale() {
    const width = Math.max(220, Math.floor(scale.clientWidth));
    const ruler = createTextRuler(14);
    const x = (value) => 8 + ((value - low) / (high - low)) * (width - 16);
    const text = (words, value, line, classes) => {
      const half = ruler(words) / 2;
      return { half, at: clamp(x(value), half, width - half), words, line, classes };
    };
    const { guess } = drawn;
    const labels = [text(measured(answer, unit), answer, 16, "rl-scale-answer")];
    if (guess !== null) labels.push(text(`your guess, ${measured(guess, unit)}`, guess, 64, "rl-scale-guess"));
    const free = (one) => labels.every((label) => label.line !== one.line || Math.abs(label.at - one.at) > label.half + one.half + 8);
    for (const value of [low, high]) {
      const end = text(measured(value, unit), value, 64, "rl-scale-end");
      if (free(end)) labels.push(end);
    }
    scale.replaceChildren(svg("svg", { class: "rl-plot", width, height: 74, viewBox: `0 0 ${width} 74`, "aria-hidden": "true" },
      svg("path", { class: "rl-scale-line", d: `M8 36H${width - 8}` }),
      guess === null ? null : svg("path", { class: "rl-scale-off", d: `M${x(guess)} 36H${x(answer)}` }),
      guess === null ? null : svg("circle", { class: "rl-scale-mine", cx: x(guess), cy: 36, r: 7 }),
      svg("path", { class: "rl-scale-real", d: `M${x(answer)} 24V48` }),
      ...labels.map(({ at, words, line, classes }) => svg("text", { class: classes, x: at, y: line, "text-anchor": "middle", "font-size": 14 }, words))));
  }

  return {
    elements: [row, ends, scale],
    why: "Move the slider or type a number first.",
    show,
    words: (guess) => numberWords(asked, guess),
    hint: () => "",
    focus: () => slider.focus({ preventScroll: true }),
    resize: () => drawn.revealed && drawScale(),
  };
}

function createCurve(asked, labelId, changed) {
  const drawing = createDrawing(asked, labelId, changed);
  drawing.elements[1].id = createId();
  return {
    ...drawing,
    why: "Draw your curve first.",
    words: (guess) => curveWords(asked, guess && filledIn(asked.x, guess)),
    hint: () => "",
  };
}

// ---------------------------------------------------------------- the widget

/** @param {{model: {get: Function}, el: HTMLElement}} view */
function render({ model, el }) {
  const asked = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  const state = recall(asked);
  const labelId = createId();
  const form = FORMS[asked.form](asked, labelId, (guess) => {
    if (state.revealed) return;
    state.guess = guess;
    update();
  });
  const button = (classes, onclick, text) => h("button", { type: "button", class: `rl-button ${classes}`, onclick }, text);
  const reveal = button("rl-play", () => show(true), "Reveal");
  const why = h("span", { class: "rl-note" }, form.why);
  const skip = button("rl-skip", () => { state.guess = null; show(true); }, "Show me without a guess");
  const again = button("", () => { state.guess = null; show(false); }, "Ask again");
  const result = h("div", { class: "rl-result", "aria-live": "polite" });
  const root = h("div", { class: "rl rl-prediction", "data-kind": asked.kind },
    h("p", { class: "rl-predict" }, "Predict"),
    h("p", { class: "rl-question", id: labelId }, marked(asked.question)),
    h("div", { class: "rl-guessing" }, form.elements), result, h("div", { class: "rl-transport" }, reveal, why, skip, again));

  /** Shows the answer, or asks again; the focus goes on to what there is to do next. */
  function show(revealed) {
    state.revealed = revealed;
    update(true);
    if (revealed) again.focus({ preventScroll: true });
    else form.focus();
  }

  function update(fresh = false) {
    form.show(state.guess, state.revealed, fresh);
    reveal.disabled = state.guess === null;
    why.hidden = state.revealed || state.guess !== null;
    reveal.hidden = skip.hidden = state.revealed;
    again.hidden = !state.revealed;
    keep(asked, state);
    if (!state.revealed) return result.replaceChildren();
    const hint = state.guess === null ? "" : form.hint(state.guess);
    result.replaceChildren(h("p", { class: "rl-told" }, marked(form.words(state.guess))),
      ...[hint, asked.reveal].filter(Boolean).map((text) => h("p", {}, marked(text))));
  }

  el.append(root);
  let width = 0;
  const resized = new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) >= 1) form.resize();
    width = entry.contentRect.width;
  });
  const unguard = containKeys(root);
  update();
  resized.observe(root);
  return () => {
    resized.disconnect();
    unguard();
  };
}

export default { render };

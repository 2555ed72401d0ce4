// Asks a question, takes the reader's guess, and then reveals the answer.
import { createId, h } from "../shared/dom.mjs";
import { containKeys, observeWidth } from "../shared/events.mjs";
import { createChoiceForm } from "./choice_form.mjs";
import { CurveForm } from "./curve_form.mjs";
import { createMarkup } from "./markup.mjs";
import { createNumberForm } from "./number_form.mjs";
import { loadGuess, saveGuess } from "./saved_guess.mjs";

/**
 * @typedef {{form: string, question: string, reveal: string, options: string[], hints: string[], answer: number,
 *   low: number, high: number, step: number, unit: string, x: number[], y: number[], xlabel: string, ylabel: string,
 *   label: string, kind: string, given: {name: string, kind: string, y: number[]}[]}} Question  the traits
 *
 * @typedef {Object} Form  the part that takes a guess
 * @property {HTMLElement[]} elements
 * @property {string} missing  what the reader has to do before the answer is revealed
 * @property {function(*, boolean, boolean=): void} show  draws a guess, and the answer if it is revealed
 * @property {function(*): string} describe  describes a guess beside the answer
 * @property {function(*): string} getHint
 * @property {function(): void} focus
 * @property {function(): void} resize
 */

const TRAITS = ["form", "question", "reveal", "options", "hints", "answer", "low", "high", "step", "unit", "x", "y", "xlabel", "ylabel", "label", "kind", "given"];
const FORMS = { choice: createChoiceForm, number: createNumberForm, curve: (...given) => new CurveForm(...given) };

const createButton = (classes, onclick, text) => h("button", { type: "button", class: `rl-button ${classes}`, onclick }, text);

/** Creates the card around a form. `ask(revealed, guess)` shows the question or its answer. */
function createCard(question, form, labelId, ask) {
  const reveal = createButton("rl-play", () => ask(true), "Reveal");
  const missing = h("span", { class: "rl-note" }, form.missing);
  const skip = createButton("rl-skip", () => ask(true, null), "Show me without a guess");
  const again = createButton("", () => ask(false, null), "Ask again");
  const result = h("div", { class: "rl-result", "aria-live": "polite" });
  const root = h("div", { class: "rl rl-prediction", "data-kind": question.kind },
    h("p", { class: "rl-prediction-label" }, "Predict"),
    h("p", { class: "rl-question", id: labelId }, createMarkup(question.question)),
    h("div", { class: "rl-guessing" }, form.elements), result, h("div", { class: "rl-transport" }, reveal, missing, skip, again));

  function show({ guess, revealed }, isFresh = false) {
    form.show(guess, revealed, isFresh);
    reveal.disabled = guess === null;
    missing.hidden = revealed || guess !== null;
    reveal.hidden = skip.hidden = revealed;
    again.hidden = !revealed;
    if (!revealed) return result.replaceChildren();
    const hint = guess === null ? "" : form.getHint(guess);
    result.replaceChildren(h("p", { class: "rl-result-text" }, createMarkup(form.describe(guess))),
      ...[hint, question.reveal].filter(Boolean).map((text) => h("p", {}, createMarkup(text))));
  }
  return { root, again, show };
}

/**
 * Renders the widget; returns the function that removes its listeners.
 * @param {{model: {get: Function}, el: HTMLElement}} view
 */
function render({ model, el }) {
  const question = Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  const state = loadGuess(question);
  const labelId = createId();
  const form = FORMS[question.form](question, labelId, (guess) => state.revealed || show({ guess }));
  const card = createCard(question, form, labelId, (revealed, guess = state.guess) => {
    show({ guess, revealed }, true);
    if (revealed) card.again.focus({ preventScroll: true }); // the button that was pressed has gone
    else form.focus();
  });
  function show(changes, isFresh) {
    Object.assign(state, changes);
    card.show(state, isFresh);
    saveGuess(question, state);
  }
  el.append(card.root);
  const releaseKeys = containKeys(card.root);
  show({});
  const stopObserving = observeWidth(card.root, () => form.resize());
  return () => [stopObserving, releaseKeys].forEach((stop) => stop());
}

export default { render };

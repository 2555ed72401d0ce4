// Asks the reader to choose one of several options.
import { createId, h } from "../shared/dom.mjs";
import { describeChoice } from "./descriptions.mjs";
import { createMarkup } from "./markup.mjs";

/**
 * Creates the options of a question.
 * @param {import("./prediction.mjs").Question} question
 * @param {string} labelId  of the element that asks
 * @param {function(number): void} onguess
 * @returns {import("./prediction.mjs").Form}
 */
export function createChoiceForm(question, labelId, onguess) {
  const name = createId();
  const inputs = question.options.map((_, index) => h("input", { type: "radio", name, value: index, onchange: () => onguess(index) }));
  const notes = question.options.map(() => h("em", {}));
  const rows = question.options.map((option, index) =>
    h("label", { class: "rl-option" }, inputs[index], h("span", {}, createMarkup(option)), notes[index]));
  return {
    elements: [h("div", { class: "rl-options", role: "radiogroup", "aria-labelledby": labelId }, rows)],
    missing: "Choose an answer first.",
    show(guess, revealed) {
      rows.forEach((row, index) => {
        inputs[index].checked = index === guess;
        inputs[index].disabled = revealed;
        const [isRight, isGuess] = [index === question.answer, index === guess];
        row.classList.toggle("rl-right-option", revealed && isRight);
        row.classList.toggle("rl-locked", revealed);
        notes[index].textContent = revealed ? [isGuess && "your guess", isRight && "the answer"].filter(Boolean).join(", ") : "";
      });
    },
    describe: (guess) => describeChoice(question, guess),
    getHint: (guess) => question.hints[guess] ?? "",
    focus: () => (inputs.find((input) => input.checked) ?? inputs[0]).focus({ preventScroll: true }),
    resize() {},
  };
}

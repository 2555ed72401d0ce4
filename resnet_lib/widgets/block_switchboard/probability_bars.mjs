// Draws the probability of each class as a bar, with a mark for the probability with every block on.
import { createLineSample, h } from "../shared/dom.mjs";
import { findLargest, formatProbability } from "./descriptions.mjs";

const MIN_MARK = 0.01; // a smaller probability has no mark

/**
 * Creates the bars and their key.
 * @param {string[]} classes
 * @returns {{element: HTMLElement, key: HTMLElement, markLabel: function(number): void,
 *   show: function(ArrayLike<number>, ArrayLike<number> | null): void}} `markLabel` gets the true label, -1 if it is
 *   not known; `show` the probabilities, and those with every block on unless they are the same
 */
export function createProbabilityBars(classes) {
  const bars = classes.map((name) => {
    const [bar, before] = [h("i", { class: "rl-bar" }), h("i", { class: "rl-bar-before", hidden: true })];
    const [figure, note] = [h("span", { class: "rl-probability" }, "–"), h("span", { class: "rl-visually-hidden" })];
    const track = h("span", { class: "rl-bar-track", "aria-hidden": "true" }, bar, before);
    return { row: h("li", {}, h("span", { class: "rl-class" }, name, note), track, figure), bar, before, figure, note };
  });
  const element = h("ul", { class: "rl-classes", "aria-label": "Probability of each class" }, bars.map(({ row }) => row));
  const trueKey = h("span", { class: "rl-key-true" }, "what it is");
  const beforeKey = h("span", { class: "rl-before-key", "data-off": true },
    createLineSample("rl-before-sample", { d: "M13 0V8" }), "with every block on");
  const key = h("p", { class: "rl-key rl-bar-key" }, trueKey, beforeKey);

  function markLabel(truth) {
    trueKey.toggleAttribute("data-off", truth < 0);
    bars.forEach(({ row, note }, label) => {
      row.classList.toggle("rl-true-class", label === truth);
      note.textContent = label === truth ? " (what it is)" : "";
    });
  }

  function show(now, whole) {
    const best = findLargest(Array.from(now));
    beforeKey.toggleAttribute("data-off", !whole);
    bars.forEach(({ row, bar, before, figure }, label) => {
      bar.style.width = `${100 * now[label]}%`;
      figure.textContent = formatProbability(now[label]);
      row.classList.toggle("rl-best-class", label === best);
      before.hidden = !(whole?.[label] >= MIN_MARK);
      if (whole) before.style.left = `${100 * whole[label]}%`;
    });
  }
  return { element, key, markLabel, show };
}

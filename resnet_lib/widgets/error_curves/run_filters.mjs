// Shows a row of chips that choose the runs of a kind or of a depth.
import { h } from "../shared/dom.mjs";
import { listDistinct } from "../shared/recorded_runs.mjs";
import { getChipState, pressChip } from "./run_selection.mjs";

/**
 * Creates a row of chips. The last chip that is on cannot be switched off.
 * @param {{legend: string, key: "kind"|"depth", formatValue: (value: any) => string,
 *   onchange: (names: string[]) => void}} what
 */
export function createRunFilter({ legend, key, formatValue, onchange }) {
  const chips = h("div", { class: "rl-chips" });
  const element = h("fieldset", { class: "rl-field" }, h("legend", {}, legend), chips);

  function createChip(runs, shown, value) {
    const pressed = getChipState(runs, shown, key, value);
    const isOnly = pressed === "true" && shown.every((run) => run[key] === value);
    return h("button", {
      type: "button", class: "rl-chip", "aria-pressed": pressed, "data-kind": key === "kind" ? value : null,
      disabled: isOnly, title: isOnly ? "Something must stay: choose another first" : null,
      onclick: () => onchange(pressChip(runs, shown, key, value)),
    }, formatValue(value));
  }
  /** Draws a chip for each value; there is nothing to choose from one value. */
  function draw(runs, shown) {
    const values = listDistinct(runs.map((run) => run[key])).filter((value) => value !== null);
    if (key === "depth") values.sort((a, b) => a - b);
    element.hidden = values.length < 2;
    const focused = [...chips.children].indexOf(document.activeElement);
    chips.replaceChildren(...values.map((value) => createChip(runs, shown, value)));
    chips.children[focused]?.focus({ preventScroll: true });
  }
  return { element, draw };
}

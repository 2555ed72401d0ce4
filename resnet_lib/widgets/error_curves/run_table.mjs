// Shows the table of runs: what each run is, whether it is drawn, and its errors at an epoch.
import { createLineSample, h } from "../shared/dom.mjs";
import { formatInteger, formatShort } from "../shared/formatting.mjs";
import { countEpochs, getColourAttributes, listDistinct, readErrors } from "../shared/recorded_runs.mjs";
import { listNames } from "./run_selection.mjs";

/** @typedef {import("../shared/recorded_runs.mjs").Run} Run */

/**
 * Creates the table.
 * @param {{onchange: (names: string[]) => void, onhover: (name: string|undefined) => void}} handlers
 *   `onhover` gets the name of the drawn run under the pointer
 */
export function createRunTable({ onchange, onhover }) {
  const element = h("table", { class: "rl-run-table" });
  let runs = [];
  let written = null; // the epoch whose errors the table shows

  function draw(all, shown) {
    [runs, written] = [all, null];
    const focused = [...element.querySelectorAll("input")].indexOf(document.activeElement);
    element.replaceChildren(h("thead", {}, h("tr", {}, createTitles())),
      h("tbody", {}, runs.map((run) => createRow(runs, shown, run, onchange))));
    element.querySelectorAll("input")[focused]?.focus({ preventScroll: true });
  }
  function write(epoch) {
    if (written === epoch) return;
    written = epoch;
    const [training, test] = element.querySelectorAll("thead small");
    training.textContent = epoch ? `during epoch\u00a0${epoch}` : "final";
    test.textContent = epoch ? `after epoch\u00a0${epoch}` : "final";
    runs.forEach((run, index) => {
      const errors = readErrors(run, epoch);
      const { cells } = element.tBodies[0].rows[index];
      for (const [cell, value] of [[cells[5], errors.training], [cells[6], errors.test]]) {
        cell.textContent = value === null ? "–" : value.toFixed(2);
      }
    });
  }
  const findRun = (event) => event.target.closest?.("tbody tr:not(.rl-run-hidden)")?.dataset.run;
  element.addEventListener("pointerover", (event) => onhover(findRun(event)));
  element.addEventListener("pointerleave", () => onhover());
  return { element, draw, write };
}

function createTitles() {
  const create = (title, note = null) => h("th", { scope: "col" }, title, note && h("small", {}, note));
  const createError = (name) => create([name, h("span", { class: "rl-wide-only" }, " error"), ", %"], " ");
  return [...["Net", "Parameters", "Epochs", "Recipe", "Seed"].map((title) => create(title)),
    createError("Training"), createError("Test")];
}

function createRow(runs, shown, run, onchange) {
  const isShown = shown.includes(run);
  const toggled = runs.filter((one) => (one === run ? !isShown : shown.includes(one)));
  const box = h("input", {
    type: "checkbox", checked: isShown, disabled: isShown && shown.length === 1,
    "aria-label": `Show ${run.label}, ${run.recipe}, seed ${run.seed}`,
    onchange: () => onchange(listNames(runs, toggled)),
  });
  return h("tr", { class: isShown ? null : "rl-run-hidden", "data-run": run.name },
    h("th", { scope: "row" }, h("label", {}, runs.length > 1 ? box : null,
      createLineSample("rl-curve rl-test", getColourAttributes(run)), createName(runs, run))),
    [formatInteger(run.parameters), formatLength(run), run.recipe, run.seed, "", ""].map((text) => h("td", {}, `${text}`)));
}

const formatLength = (run) => (run.status === "finished" ? `${countEpochs(run)}` : `${countEpochs(run)} of ${run.epochs}`);

/** Creates a run's name, and below it, for a page without room for columns, what differs between runs. */
function createName(runs, run) {
  const [net, ...rest] = run.label.split(", ").filter((part) => part !== run.recipe);
  const isFinished = run.status === "finished";
  const varies = (key) => listDistinct(runs.map((one) => one[key])).length > 1;
  const details = [`${formatShort(run.parameters)} parameters`, varies("epochs") || !isFinished ? `${formatLength(run)} epochs` : "",
    varies("recipe") ? run.recipe : "", varies("seed") ? `seed ${run.seed}` : ""].filter(Boolean);
  return h("span", {}, net,
    rest.length || !isFinished ? h("em", {}, [...rest, isFinished ? "" : run.status].filter(Boolean).join(", ")) : null,
    h("small", {}, details.join(", ")));
}

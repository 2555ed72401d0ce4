import { captionOf, drawPlot, epochByKey, lengthOf } from "../shared/error_chart.mjs";
import { createLineSample, h } from "../shared/dom.mjs";
import { locatePointer } from "../shared/events.mjs";
import { epochWords, epochsOf, kindOf, netWords, paperLabel, paperRemark, recipeOf } from "./training_words.mjs";

// The training dashboard's chart.

const ATTRIBUTES = ["role", "tabindex", "aria-orientation", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext", "aria-label"];

/**
 * A training's curves as far as they have come; faint behind them recorded runs, and a line at the
 * paper's figure. They are read by pointer and by keys. `draw(what)` takes the net and recipe it is
 * `of`, the `run` so far (null before there is one) and the `whole` of it (of a replay all is known,
 * and the axis stands), the `plan` (a run that has the rates which are to come, or null), how far the
 * axis is to `reach`, `faint` runs, `paper` and `recipes`.
 */
export function createTrainingChart() {
  const key = h("div", { class: "rl-key" });
  const plot = h("div", { class: "rl-plot-frame" });
  const reading = h("p", { class: "rl-chart-reading" });
  const caption = h("p", { class: "rl-note" });
  let drawn = null; // what drawPlot() gave
  let drawnOf = ""; // what it was drawn of
  let behind = ""; // what is drawn faintly, in words
  let run = null;
  let hovered = 0; // the epoch under the pointer, 0 for none
  let chosen = 0; // the epoch that was gone to by key or click, 0 for none

  function draw(what) {
    run = what.run;
    const { of, whole, plan, reach, faint, paper, broken } = what;
    const width = Math.max(240, Math.floor(plot.clientWidth));
    const blank = { name: "", error: [], test_error: [], learning_rate: [] };
    const ahead = plan && { learning_rate: plan.learning_rate, highest_rate: plan.highest_rate };
    const own = { ...netWords(of), epochs: reach, training_error: null, recipe: of.recipe, ...blank, ...ahead, ...whole, ...netWords(of),
      status: broken ? "diverged" : "finished" };
    const rates = plan ? "ahead" : whole ? "so far" : "none";
    const signature = JSON.stringify([of, width, reach, own.status, own.name, lengthOf(own), rates, plan?.name, faint.map((one) => one.label)]);
    if (signature !== drawnOf) {
      drawnOf = signature;
      drawn = drawPlot({
        runs: [own], faint, curves: "both", scale: "linear", width, epochs: reach, rates,
        line: paper && { error: paper.test_error, words: paperLabel(paper), classes: levelOf(what) },
      });
      plot.replaceChildren(drawn.drawing);
      say(what);
    }
    place();
  }

  /** The paper's line is as quiet as it is beside the point, unless the recipe is the paper's too. */
  const levelOf = ({ of, recipes }) => (recipeOf(of, recipes) === "paper" ? "rl-reference rl-reference-same" : "rl-reference");

  /** What the lines are, above the plot and below it. */
  function say(what) {
    const { of, whole, faint, paper, recipes } = what;
    const colours = { "data-kind": kindOf(of) };
    key.replaceChildren(h("span", { class: "rl-key-title" }, "Error, %"),
      h("span", {}, createLineSample("rl-curve rl-test", colours), "test"), h("span", {}, createLineSample("rl-curve rl-training", colours), "training"),
      ...(faint.length ? [h("span", {}, createLineSample("rl-curve rl-faint", colours), "recorded, test")] : []),
      ...(paper ? [h("span", {}, createLineSample(levelOf(what)), "the paper’s")] : []));
    behind = faint.length ? `; faint: ${faint.map((one) => one.label).join("; ")}` : "";
    const parts = whole ? [h("strong", {}, captionOf([whole])), " "] : [];
    const same = whole && captionOf([whole]) === captionOf(faint);
    if (faint.length) parts.push(same ? "Faint: recorded runs, trained in the same way. " : `Faint: recorded runs. ${captionOf(faint)} `);
    if (paper) parts.push(`The line: ${paper.source}. ${paperRemark(recipeOf(of, recipes), epochsOf(of, recipes), recipes)}`);
    caption.replaceChildren(...parts);
  }

  function place() {
    const last = run ? lengthOf(run) : 0;
    const epoch = Math.min(hovered || chosen, last);
    drawn.place(last, "replay", epoch);
    const said = last ? epochWords(run, epoch) : "";
    const attributes = last
      ? { role: "slider", tabindex: 0, "aria-orientation": "horizontal", "aria-valuemin": 1, "aria-valuemax": last,
        "aria-valuenow": epoch || last, "aria-valuetext": said, "aria-label": "Learning curves: the epoch at which they are read" }
      : { role: "img", "aria-label": `Learning curves. Nothing is trained here yet${behind}.` };
    for (const name of ATTRIBUTES) {
      if (attributes[name] === undefined) plot.removeAttribute(name);
      else plot.setAttribute(name, attributes[name]);
    }
    reading.textContent = said;
    reading.hidden = !last;
    reading.classList.toggle("rl-reading-active", epoch > 0);
  }

  const under = (event) => drawn.epochAt(locatePointer(plot, event).x);
  function hover(epoch) {
    if (!drawn || epoch === hovered) return;
    hovered = epoch;
    place();
  }
  function choose(epoch) {
    chosen = epoch;
    place();
  }
  plot.addEventListener("pointermove", (event) => drawn && hover(under(event)));
  plot.addEventListener("pointerleave", () => hover(0));
  plot.addEventListener("click", (event) => drawn && choose(under(event) === chosen ? 0 : under(event))); // a second lets go
  plot.addEventListener("keydown", (event) => {
    const last = run ? lengthOf(run) : 0;
    const to = drawn && last ? epochByKey(event.key, Math.min(chosen, last) || last, last) : undefined;
    if (to === undefined) return;
    event.preventDefault();
    choose(to);
  });

  /** In the plot's place, what is wrong. */
  function refuse(wrong) {
    [drawn, drawnOf] = [null, ""];
    ATTRIBUTES.forEach((name) => plot.removeAttribute(name));
    plot.replaceChildren(h("p", { class: "rl-error", role: "alert" }, wrong));
  }
  /** Read at the end again. */
  const release = () => ([hovered, chosen] = [0, 0]);
  return { elements: [h("div", { class: "rl-chart-head" }, key), plot, reading, caption], plot, draw, refuse, release };
}

import {
  captionOf, colours, distinct, drawPlot, epochByKey, lastEpoch, lengthOf, playing, readingAt, rounded, wordsAt,
} from "../shared/error_chart.mjs";
import { createRadioGroup } from "../shared/controls.mjs";
import { createAnnouncer, createIcon, createId, createLineSample, h } from "../shared/dom.mjs";
import { coalesce, containKeys, locatePointer } from "../shared/events.mjs";
import { formatInteger, formatShort } from "../shared/formatting.mjs";
import { clamp } from "../shared/plotting.mjs";

// ---------------------------------------------------------------- the runs

const KINDS = { plain: "Plain", v1: "Residual v1", v2: "Residual v2", highway: "Highway", own: "Own" };
const CURVES = ["both", "test", "training"];
const SCALES = ["linear", "log"];

/** What is wrong with a state, in words, or "" where it can be drawn. */
export function problem({ runs, curves, scale, epoch }) {
  const foreign = runs.find((run) => !(run.kind in KINDS));
  if (foreign) return `kind must be one of ${Object.keys(KINDS).join(", ")}; got ${foreign.kind} in ${foreign.name}`;
  if (!CURVES.includes(curves)) return `curves must be one of ${CURVES.join(", ")}; got ${curves}`;
  if (!SCALES.includes(scale)) return `scale must be linear or log; got ${scale}`;
  if (!Number.isInteger(epoch) || epoch < 0) return `epoch must be a whole number from 0; got ${epoch}`;
  return "";
}

/** By kind, then depth, then what else tells runs apart. */
export function sortRuns(runs) {
  const order = Object.keys(KINDS);
  return [...runs].sort((a, b) =>
    order.indexOf(a.kind) - order.indexOf(b.kind) || (a.depth ?? 0) - (b.depth ?? 0) ||
    a.label.localeCompare(b.label) || a.recipe.localeCompare(b.recipe) || a.seed - b.seed);
}

/** The runs that are drawn: those named in `shown`, or all where it names none of them. */
export function shownOf(runs, shown) {
  const named = runs.filter((run) => shown.includes(run.name));
  return named.length ? named : runs;
}

/** What a chip of `values` (all kinds, or all depths) stands at: on, off, or "mixed". */
export function chipState(runs, shown, key, value) {
  const own = runs.filter((run) => run[key] === value && passes(shown, key, run));
  const on = own.filter((run) => shown.includes(run)).length;
  return on === 0 ? "false" : on === own.length ? "true" : "mixed";
}

/** The names that are shown once a chip has been pressed. Pressed on, it brings a kind's runs of
 *  the depths that are on, or a depth's of the kinds that are on, or, were that none, all. */
export function pressChip(runs, shown, key, value) {
  const own = runs.filter((run) => run[key] === value);
  let wanted;
  if (chipState(runs, shown, key, value) === "true") {
    wanted = shown.filter((run) => run[key] !== value);
  } else {
    const passing = own.filter((run) => passes(shown, key, run));
    const added = passing.length ? passing : own;
    wanted = runs.filter((run) => shown.includes(run) || added.includes(run));
  }
  return wanted.length === runs.length ? [] : wanted.map((run) => run.name);
}

/** Whether the other row of chips lets a run through: one that is on there, or of no depth. */
function passes(shown, key, run) {
  const other = key === "kind" ? "depth" : "kind";
  return run[other] === null || shown.some((one) => one[other] === run[other]);
}

// ---------------------------------------------------------------- the widget

const REPLAY = 9000; // milliseconds that a whole replay takes
/** @param {{model: {get: Function, set: Function, on: Function, off: Function, save_changes: Function}, el: HTMLElement}} view */
function render({ model, el }) {
  const state = () => Object.fromEntries(["runs", "shown", "curves", "scale", "epoch"].map((name) => [name, model.get(name)]));
  const change = (name, value) => {
    model.set(name, value);
    model.save_changes();
  };

  const kinds = h("div", { class: "rl-chips" });
  const depths = h("div", { class: "rl-chips" });
  const field = (legend, chips) => h("fieldset", { class: "rl-field" }, h("legend", {}, legend), chips);
  const [kindField, depthField] = [field("Nets", kinds), field("Depth", depths)];
  const curves = createRadioGroup({
    legend: "Curves", value: model.get("curves"), onchange: (value) => change("curves", value),
    options: [{ value: "both", label: "both" }, { value: "test", label: "test" }, { value: "training", label: "training" }],
  });
  const scale = createRadioGroup({
    legend: "Error axis", value: model.get("scale"), onchange: (value) => change("scale", value),
    options: [{ value: "linear", label: "linear" }, { value: "log", label: "log" }],
  });
  scale.element.classList.add("rl-scale");
  const key = h("div", { class: "rl-key" });
  const plot = h("div", { class: "rl-plot-frame" });
  const rates = h("div", { class: "rl-key rl-rate-key" });
  const play = h("button", { type: "button", class: "rl-button rl-play", onclick: () => (timer ? pause() : start()) });
  const scrubId = createId();
  const scrub = h("input", { type: "range", id: scrubId, min: 1, step: 1, oninput: () => goTo(scrub.valueAsNumber) });
  const where = h("span", { class: "rl-position" });
  const finals = h("button", { type: "button", class: "rl-button", onclick: () => goTo(0) }, "Finals");
  const transport = h("div", { class: "rl-transport" }, play,
    h("label", { class: "rl-visually-hidden", for: scrubId }, "Epoch"), scrub, where, finals);
  const table = h("table", { class: "rl-run-table" });
  const caption = h("p", { class: "rl-note" });
  const words = createAnnouncer();
  const root = h("div", { class: "rl rl-error-curves", "data-kind": "own" },
    h("div", { class: "rl-curve-controls" }, kindField, depthField, curves.element),
    h("div", { class: "rl-chart-head" }, key, scale.element), plot, rates, transport, h("div", { class: "rl-scroll" }, table), caption, words.element);
  el.append(root);

  let runs = []; // all, sorted
  let shown = []; // those that are drawn
  let drawn; // what drawPlot() gave
  let position = model.get("epoch"); // the epoch that is read, a fraction during a replay; 0: the end
  let growing = false; // in a replay, running or paused, the curves end at `position`
  let hovered = 0; // the epoch under the pointer, 0 for none
  let timer = null; // stops a running replay
  let written = null; // the epoch that the table holds

  // ------------------------------------------------ the whole

  function draw() {
    const now = state();
    const wrong = problem(now);
    root.classList.toggle("rl-invalid", Boolean(wrong) || !now.runs.length);
    if (wrong || !now.runs.length) {
      pause();
      drawn = undefined;
      plot.replaceChildren(wrong
        ? h("p", { class: "rl-error", role: "alert" }, wrong)
        : h("p", { class: "rl-empty" }, "There is no recorded run to show yet.", h("br"),
          h("code", {}, "python -m resnet_lib train"), " records one."));
      [...plot.attributes].filter(({ name }) => name !== "class").forEach(({ name }) => plot.removeAttribute(name));
      return;
    }
    const attributes = {
      role: "slider", tabindex: 0, "aria-orientation": "horizontal", "aria-valuemin": 1,
      "aria-label": "Learning curves: the epoch at which they are read",
    };
    Object.entries(attributes).forEach(([name, value]) => plot.setAttribute(name, value));
    runs = sortRuns(now.runs);
    shown = shownOf(runs, now.shown);
    curves.set(now.curves);
    scale.set(now.scale);
    drawChips(kindField, kinds, "kind", distinct(runs.map((run) => run.kind)), (kind) => KINDS[kind]);
    const depthsThere = distinct(runs.map((run) => run.depth)).filter((depth) => depth !== null).sort((a, b) => a - b);
    drawChips(depthField, depths, "depth", depthsThere, String);
    curves.element.hidden = !runs.some((run) => run.error.length) || !runs.some((run) => run.test_error.length);
    key.replaceChildren(
      h("span", { class: "rl-key-title" }, "Error, %"),
      ...(now.curves === "training" ? [] : [h("span", {}, createLineSample("rl-curve rl-test"), "test")]),
      ...(now.curves === "test" ? [] : [h("span", {}, createLineSample("rl-curve rl-training"), "training")]));
    drawTable();
    caption.replaceChildren(h("strong", {}, captionOf(shown)), " " +
      "Dashed: the average over an epoch’s training batches, while the weights change. " +
      "Final training error: that of the last weights on all training images, as they are.");
    drawCurves();
    say();
  }

  function drawCurves() {
    const width = Math.max(240, Math.floor(plot.clientWidth));
    drawn = drawPlot({ runs: shown, curves: model.get("curves"), scale: model.get("scale"), width });
    plot.replaceChildren(drawn.drawing);
    rates.hidden = drawn.schedules.length < 2; // the strip says it of one alone
    rates.replaceChildren(h("span", {}, "Learning rate, as a share of its highest:"),
      ...drawn.schedules.map(({ name, highest }, index) =>
        h("span", {}, createLineSample(`rl-rate rl-rate-${index % 3}`), `${name} (${rounded(highest)})`)));
    transport.hidden = drawn.last < 2;
    plot.setAttribute("aria-valuemax", Math.max(1, drawn.last));
    scrub.max = Math.max(1, drawn.last);
    position = Math.min(position, drawn.last);
    written = null;
    update();
  }

  /** A row of chips, where there is something to choose. The last that is on cannot be put out. */
  function drawChips(field, box, key, values, nameOf) {
    field.hidden = values.length < 2;
    const refocus = [...box.children].indexOf(document.activeElement);
    box.replaceChildren(...values.map((value) => {
      const on = chipState(runs, shown, key, value);
      const only = on !== "false" && shown.every((run) => run[key] === value);
      return h("button", {
        type: "button", class: "rl-chip", "aria-pressed": on, "data-kind": key === "kind" ? value : null,
        disabled: only && on === "true", title: only && on === "true" ? "Something must stay: choose another first" : null,
        onclick: () => change("shown", pressChip(runs, shown, key, value)),
      }, nameOf(value));
    }));
    box.children[refocus]?.focus({ preventScroll: true });
  }

  function drawTable() {
    const head = (title, note = null) => h("th", { scope: "col" }, title, note && h("small", {}, note));
    const refocus = [...table.querySelectorAll("input")].indexOf(document.activeElement);
    const titles = [head("Net"), head("Parameters"), head("Epochs"), head("Recipe"), head("Seed"),
      head(["Training", h("span", { class: "rl-wide-only" }, " error"), ", %"], " "),
      head(["Test", h("span", { class: "rl-wide-only" }, " error"), ", %"], " ")];
    const varies = (key) => distinct(runs.map((run) => run[key])).length > 1;
    const rows = runs.map((run) => {
      const on = shown.includes(run);
      const [net, ...rest] = run.label.split(", ").filter((part) => part !== run.recipe);
      const finished = run.status === "finished";
      const lasted = finished ? `${lengthOf(run)}` : `${lengthOf(run)} of ${run.epochs}`;
      // Where there is no room for columns: what is not the same for all, below the name.
      const detail = [`${formatShort(run.parameters)} parameters`, varies("epochs") || !finished ? `${lasted} epochs` : "",
        varies("recipe") ? run.recipe : "", varies("seed") ? `seed ${run.seed}` : ""].filter(Boolean).join(", ");
      const name = [createLineSample("rl-curve rl-test", colours(run)), h("span", {}, net,
        rest.length || !finished ? h("em", {}, [...rest, finished ? "" : run.status].filter(Boolean).join(", ")) : null,
        h("small", {}, detail))];
      const box = h("input", {
        type: "checkbox", checked: on, disabled: on && shown.length === 1, "aria-label": `Show ${run.label}, ${run.recipe}, seed ${run.seed}`,
        onchange: () => {
          const wanted = runs.filter((one) => (one === run ? !on : shown.includes(one)));
          change("shown", wanted.length === runs.length ? [] : wanted.map((one) => one.name));
        },
      });
      return h("tr", { class: on ? null : "rl-run-hidden", "data-run": run.name },
        h("th", { scope: "row" }, h("label", {}, runs.length > 1 ? box : null, ...name)),
        [formatInteger(run.parameters), lasted, run.recipe, run.seed, "", ""].map((text) => h("td", {}, `${text}`)));
    });
    table.replaceChildren(h("thead", {}, h("tr", {}, titles)), h("tbody", {}, rows));
    table.querySelectorAll("input")[refocus]?.focus({ preventScroll: true });
  }

  // ------------------------------------------------ the epoch

  /** What is read: the epoch under the pointer, or that which was gone to, or 0 for the end. */
  const reading = () => (hovered && !timer ? hovered : Math.floor(position));

  function update() {
    if (!drawn) return;
    const epoch = reading();
    const hair = !timer && (hovered || (!growing && position)) ? epoch : 0;
    drawn.place(position, growing ? "replay" : hair ? "read" : "end", hair);
    scrub.value = epoch || drawn.last;
    where.textContent = epoch ? `epoch ${epoch} of ${drawn.last}` : `the end, epoch ${drawn.last}`;
    scrub.setAttribute("aria-valuetext", where.textContent);
    plot.setAttribute("aria-valuenow", epoch || drawn.last);
    plot.setAttribute("aria-valuetext", where.textContent);
    finals.disabled = !position;
    const text = timer ? "Pause" : growing ? "Go on" : "Replay";
    if (play.textContent !== text) play.replaceChildren(createIcon(timer ? "M2 1h3v10H2zM7 1h3v10H7z" : "M2 .5 11 6 2 11.5z"), text);
    if (written !== epoch) writeValues(epoch);
  }

  function writeValues(epoch) {
    written = epoch;
    const [training, test] = table.querySelectorAll("thead small");
    training.textContent = epoch ? `during epoch\u00a0${epoch}` : "final";
    test.textContent = epoch ? `after epoch\u00a0${epoch}` : "final";
    runs.forEach((run, index) => {
      const read = readingAt(run, epoch);
      const cells = table.tBodies[0].rows[index].cells;
      for (const [cell, value] of [[cells[5], read.training], [cells[6], read.test]]) cell.textContent = value === null ? "–" : value.toFixed(2);
    });
  }
  const say = () => !timer && words.announce(wordsAt(shown, reading(), model.get("curves")));

  /** Read at an epoch, or (0) at the end; a replay that is under way goes on from there. */
  function goTo(epoch) {
    position = clamp(epoch, 0, drawn.last);
    if (!position) {
      growing = false;
      pause();
    }
    hovered = 0;
    if (!timer) change("epoch", position);
    update();
    say();
  }

  function start() {
    if (!growing) position = position && position < drawn.last ? position : 1;
    growing = true;
    hovered = 0;
    const perEpoch = REPLAY / Math.max(18, drawn.last);
    const advance = (epochs) => {
      position = Math.min(drawn.last, position + epochs);
      if (position >= drawn.last) goTo(0);
      else update();
    };
    timer = playing(perEpoch, advance);
    update();
  }

  function pause() {
    if (!timer) return;
    timer();
    timer = null;
    position = Math.floor(position);
    change("epoch", position);
    update();
    say();
  }

  const under = (event) => {
    const epoch = drawn.epochAt(locatePointer(plot, event).x);
    return growing ? Math.min(epoch, Math.floor(position)) : epoch;
  };
  plot.addEventListener("pointermove", (event) => {
    if (!drawn || timer || under(event) === hovered) return;
    hovered = under(event);
    update();
  });
  plot.addEventListener("pointerleave", () => {
    hovered = 0;
    update();
  });
  plot.addEventListener("click", (event) => {
    if (!drawn || growing) return;
    const epoch = under(event);
    goTo(epoch === position ? 0 : epoch); // a second click lets go
  });
  plot.addEventListener("keydown", (event) => {
    if (!drawn) return;
    const to = epochByKey(event.key, Math.floor(position) || drawn.last, drawn.last);
    if (to === undefined) return;
    event.preventDefault();
    goTo(to);
  });

  // A row under the pointer brings its curves forward.
  const emphasize = (name) => {
    for (const curve of plot.querySelectorAll("[data-run]")) curve.classList.toggle("rl-dimmed", Boolean(name) && curve.dataset.run !== name);
  };
  const rowOf = (event) => event.target.closest?.("tbody tr:not(.rl-run-hidden)")?.dataset.run;
  table.addEventListener("pointerover", (event) => emphasize(rowOf(event)));
  table.addEventListener("pointerleave", () => emphasize(null));

  // ------------------------------------------------ what comes from outside

  let width = 0;
  const resized = new ResizeObserver(([entry]) => {
    if (drawn && Math.abs(entry.contentRect.width - width) >= 1) drawCurves();
    width = entry.contentRect.width;
  });
  const events = ["change:runs", "change:shown", "change:curves", "change:scale"];
  const later = coalesce(draw);
  const epochChanged = () => {
    if (!drawn || model.get("epoch") === position || timer) return;
    growing = false;
    position = Math.min(model.get("epoch"), drawn.last);
    update();
    say();
  };
  events.forEach((event) => model.on(event, later));
  model.on("change:epoch", epochChanged);
  const unguard = containKeys(root);
  draw();
  resized.observe(plot);
  return () => {
    events.forEach((event) => model.off(event, later));
    model.off("change:epoch", epochChanged);
    timer?.();
    resized.disconnect();
    words.stop();
    unguard();
  };
}

export default { render };

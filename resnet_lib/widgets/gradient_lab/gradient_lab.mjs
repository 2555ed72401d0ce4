import {
  POINTS, PRESETS, SKIPS, STEPS, WIDTH, createNet, firstLook, forward, logitsAt, slopesOnALine, training,
} from "./dense_net.mjs";
import { KINDS, createField, createLossChart, createPlot, drawStrip, fieldPoints } from "./lab_pictures.mjs";
import { noteOf, outcome, pairOf, presetOf, problem, slopeWords, verdict, writtenAny } from "./lab_words.mjs";
import { normals } from "./numbers.mjs";
import { createRadioGroup, createSlider } from "../shared/controls.mjs";
import { createAnnouncer, createIcon, createLineSample, h } from "../shared/dom.mjs";
import { coalesce, containKeys, locatePointer } from "../shared/events.mjs";
import { clamp } from "../shared/plotting.mjs";

/** @typedef {import("./dense_net.mjs").Spec} Spec */

const DEPTHS = Array.from({ length: 100 }, (_, index) => index + 1);
const TRAITS = ["depth", "activation", "initialization", "normalization", "skip", "seed"];
const nextSeed = (seed) => (seed + 1) % 1000;
const SKIP_WORDS = { none: "none", identity: "identity", scaled: "1/√depth" };

// ---------------------------------------------------------------- work in slices

const SLICE = 8; // milliseconds of work, then the page has its turn
const REST = 600; // milliseconds without a change, after which what is drawn becomes "before"
const LATER = 60; // milliseconds after a change until the line is looked at

/** Does a generator's work bit by bit; returns what stops it. */
function inSlices(work, done, wait = 0) {
  let timer = setTimeout(function slice() {
    const until = performance.now() + SLICE;
    let step = work.next();
    while (!step.done && performance.now() < until) step = work.next();
    if (step.done) done(step.value);
    else timer = setTimeout(slice);
  }, wait);
  return () => clearTimeout(timer);
}

/** Does several works in turns, and gives what they returned. */
function* inTurns(works) {
  const results = works.map(() => undefined);
  const open = new Set(works.keys());
  while (open.size) {
    for (const index of [...open]) {
      const step = works[index].next();
      if (step.done) {
        results[index] = step.value;
        open.delete(index);
      }
      yield;
    }
  }
  return results;
}

/** The slopes of both nets on the line. */
function* lineWork(specs) {
  return { plain: yield* slopesOnALine(specs.plain), skip: yield* slopesOnALine(specs.skip) };
}

/** The next seed's draws, so that new weights are there at once. */
function* drawAhead(spec) {
  for (let place = 0; place < spec.depth; place += 1) {
    normals(spec.seed, place, WIDTH * WIDTH);
    yield;
  }
}

/** A trained net's logits at `points`, and how many of the task's own it has right; null for none. */
function* fieldWork(net, losses, points) {
  if (!Number.isFinite(losses.at(-1))) return null;
  forward(net); // where it was stopped halfway through a step, the means are those of the weights before
  yield;
  const right = net.logits.reduce((sum, logit, p) => sum + (logit > 0 === p >= POINTS / 2 ? 1 : 0), 0);
  return [yield* logitsAt(net, points), right];
}

// ---------------------------------------------------------------- the widget

/** @typedef {{get: Function, set: Function, on: Function, off: Function, save_changes: Function}} Model */

/** @param {{model: Model, el: HTMLElement}} view */
function render({ model, el }) {
  /** @returns {Spec} */
  const spec = () => Object.fromEntries(TRAITS.map((name) => [name, model.get(name)]));
  const change = (changes) => {
    Object.entries(changes).forEach(([name, value]) => model.set(name, value));
    model.save_changes();
  };

  const depth = createSlider({
    label: "Depth, layers with weights", stops: DEPTHS, value: model.get("depth"),
    describe: (value) => `${value} ${value === 1 ? "layer" : "layers"}`,
    // A field that was emptied goes back to what stands.
    onchange: (value) => (value === null ? depth.set(model.get("depth")) : change({ depth: value })),
  });
  const group = (name, legend, options) => createRadioGroup({
    legend, value: model.get(name), onchange: (value) => change({ [name]: value }),
    options: options.map(([value, label, title]) => ({ value, label, title })),
  });
  const groups = {
    activation: group("activation", "Activation", [["sigmoid", "sigmoid"], ["tanh", "tanh"], ["relu", "ReLU"]]),
    initialization: group("initialization", "Initial weights", [
      ["small", "small", "standard deviation √(1/3n), the usual one before 2010"],
      ["glorot", "Glorot", "standard deviation √(2/(n+m)), 2010"], ["he", "He", "standard deviation √(2/n), 2015"]]),
    normalization: group("normalization", "Normalisation", [["none", "none"], ["batch", "batch"]]),
    skip: group("skip", "Skip", SKIPS.map((skip) => [skip, SKIP_WORDS[skip],
      { identity: "h + f(h)", scaled: "h + f(h)/√depth", none: "f(h)" }[skip]])),
  };
  const seed = h("span", { class: "rl-seed" });
  const button = (kind, onclick, ...children) =>
    h("button", { type: "button", class: `rl-${kind}`, onclick }, ...children);
  const again = button("button", () => change({ seed: nextSeed(model.get("seed")) }), "New weights");
  const chips = Object.keys(PRESETS).map((name) => button("chip", () => change(PRESETS[name]), name));
  const sentence = h("p", { class: "rl-verdict" });
  const beforeKey = h("span", { class: "rl-before-key" }, createLineSample("rl-ghost"), "before");
  const reading = h("span", { class: "rl-reading" });
  const plot = h("div", { class: "rl-plot-frame" });
  const train = button("button rl-play", () => (running ? stop() : start()));
  const progress = h("span", { class: "rl-position" });
  const lossBox = h("div", { class: "rl-losses" });
  const fields = Object.fromEntries(KINDS.map(([which, kind, name]) => [which, createField(kind, name)]));
  const result = h("p", { class: "rl-outcome" });
  const strips = Object.fromEntries(KINDS.map(([which, kind, name]) => {
    const [words, box] = [h("span", { class: "rl-strip-words" }), h("div", { class: "rl-strip-box" })];
    return [which, { words, box, element: h("div", { class: "rl-strip-row", "data-kind": kind },
      h("div", { class: "rl-strip-head" }, h("strong", {}, name), words), box) }];
  }));
  const note = h("p", { class: "rl-note" });
  const words = createAnnouncer();
  const part = (title, text, ...children) => h("section", { class: "rl-section", "aria-label": title },
    h("p", { class: "rl-section-title" }, h("strong", {}, title), h("span", {}, text)), ...children);
  const head = h("div", { class: "rl-chart-head rl-chart-reading" }, reading, beforeKey);
  const practice = part("Train it", "the net without a skip, and the same one with it",
    h("div", { class: "rl-transport" }, train, progress),
    h("div", { class: "rl-training" }, lossBox, fields.plain.element, fields.skip.element), result);
  const root = h("div", { class: "rl rl-gradient-lab" },
    h("div", { class: "rl-controls rl-lab-controls" },
      h("fieldset", { class: "rl-field rl-lab-presets" }, h("legend", {}, "The history, one click each"),
        h("div", { class: "rl-chips" }, chips)),
      depth.element, Object.values(groups).map(({ element }) => element),
      h("div", { class: "rl-field rl-lab-seed" }, again, seed)),
    sentence, head, plot, practice,
    part("The gradient of a one-dimensional net",
      "its slope, along a line of inputs from −2 to 2; each to its own scale",
      strips.plain.element, strips.skip.element),
    note, words.element);
  el.append(root);

  const net = createNet();
  const pair = { plain: null, skip: null }; // the nets that are trained, made at the first training
  let drawn = null; // what createPlot() gave
  let look = null; // what is drawn: norms and spreads
  let before = null; // what was drawn when the reader was last at rest
  let changed = -Infinity; // when a control last moved
  let chosen = 0; // the layer that is read, by click or keyboard; 0 for none
  let losses = { plain: [], skip: [] };
  let chart = null;
  let trained = false; // since the fields were cleared
  let running = null; // stops the training that runs
  let slopes = null; // of both nets on the line
  let looking = () => {}; // stops the work on the line
  let painting = () => {}; // stops the work on the fields
  let frame = 0;

  // ------------------------------------------------ the whole, at every change

  function draw() {
    const [now, show] = [spec(), model.get("show")];
    const wrong = problem({ ...now, show });
    const alone = show === "slopes" && !wrong;
    looking();
    cancel();
    root.classList.toggle("rl-invalid", Boolean(wrong));
    for (const one of [sentence, head, plot, practice]) one.hidden = alone;
    if (wrong) {
      drawn = look = before = null;
      plot.replaceChildren(h("p", { class: "rl-error", role: "alert" }, wrong));
      [...plot.attributes].filter(({ name }) => name !== "class").forEach(({ name }) => plot.removeAttribute(name));
      return;
    }
    depth.set(now.depth);
    for (const [name, { set }] of Object.entries(groups)) set(now[name]);
    root.dataset.kind = now.skip === "none" ? "plain" : "v1";
    seed.textContent = `seed ${now.seed}`;
    const preset = presetOf(now);
    for (const chip of chips) chip.setAttribute("aria-pressed", `${chip.textContent === preset}`);
    note.textContent = noteOf(now, alone);
    if (trained) forget();
    if (alone) drawn = look = before = null;
    else drawNet(now);
    looking = inSlices(lineWork(pairOf(now)), (found) => {
      slopes = found;
      drawStrips();
      if (alone) words.announce(KINDS.map(([which]) => strips[which].said).join(" "));
      looking = inSlices(drawAhead({ ...now, seed: nextSeed(now.seed) }), () => {});
    }, LATER);
  }

  /** What there is to see of the net on its task, before it is trained. */
  function drawNet(now) {
    const at = performance.now();
    if (look && at - changed > REST) before = look;
    changed = at;
    look = firstLook(net, now);
    sentence.textContent = verdict(look.norms);
    chosen = Math.min(chosen, now.depth);
    if (!drawn) layOut();
    else drawPlot();
    result.textContent = now.depth < 3 ? "Below three layers there is nothing to skip: both nets are the same." : "";
    sayProgress();
    words.announce(sentence.textContent);
  }

  /** Drops what a training has left. */
  function forget() {
    trained = false;
    losses = { plain: [], skip: [] };
    chart.update(losses);
    for (const [which] of KINDS) fields[which].clear(net.x);
  }

  /** What depends on the width. */
  function layOut() {
    drawn = createPlot(Math.max(240, Math.floor(plot.clientWidth)));
    plot.replaceChildren(drawn.drawing);
    const attributes = {
      role: "slider", tabindex: 0, "aria-orientation": "horizontal", "aria-valuemin": 1,
      "aria-label": "The layer that is read",
    };
    Object.entries(attributes).forEach(([name, value]) => plot.setAttribute(name, value));
    chart = createLossChart(Math.max(220, Math.floor(lossBox.clientWidth)), 250);
    lossBox.replaceChildren(chart.drawing);
    chart.update(losses);
    drawPlot();
    if (slopes) drawStrips();
  }

  function drawPlot() {
    drawn.update(look, before);
    beforeKey.toggleAttribute("data-off", !before);
    plot.setAttribute("aria-valuemax", look.norms.length);
    read(chosen);
  }

  // ------------------------------------------------ one layer

  function read(layer) {
    drawn.read(layer);
    const [gradient, wide] = [look.norms[layer - 1], look.spreads[layer - 1]];
    const said = `Layer ${layer} of ${look.norms.length}: gradient ${writtenAny(gradient ?? 0)}, ` +
      (wide === undefined ? "its output is the logit" : `spread ${writtenAny(wide)}`);
    reading.textContent = layer ? said : "Point at a layer to read it.";
    reading.classList.toggle("rl-reading-active", layer > 0);
    plot.setAttribute("aria-valuenow", layer || 1);
    plot.setAttribute("aria-valuetext", layer ? said : "no layer");
  }
  const under = (event) => drawn.layerAt(locatePointer(plot, event).x);
  plot.addEventListener("pointermove", (event) => drawn && read(under(event)));
  plot.addEventListener("pointerleave", () => drawn && read(chosen));
  plot.addEventListener("click", (event) => {
    if (!drawn) return;
    chosen = under(event) === chosen ? 0 : under(event); // a second click lets go
    read(chosen);
  });
  plot.addEventListener("keydown", (event) => {
    if (!drawn) return;
    const last = look.norms.length;
    const page = Math.max(1, Math.round(last / 10));
    const back = (chosen || last + 1) - 1;
    const to = { ArrowRight: chosen + 1, ArrowUp: chosen + 1, ArrowLeft: back, ArrowDown: back, Home: 1, End: last,
      PageUp: chosen + page, PageDown: chosen - page, Escape: 0 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    chosen = event.key === "Escape" ? 0 : clamp(to, 1, last);
    read(chosen);
  });

  // ------------------------------------------------ training

  function sayProgress() {
    const done = Math.max(losses.plain.length, losses.skip.length) - 1;
    progress.textContent = done >= 0 ? `step ${done} of ${STEPS}` : "";
    const text = running ? "Stop" : `Train ${STEPS} steps`;
    const sign = running ? "M1.5 1.5h9v9h-9z" : "M2 .5 11 6 2 11.5z";
    if (train.textContent !== text) train.replaceChildren(createIcon(sign), text);
  }

  /** Losses as they grow, at most once a frame. */
  function grow() {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      chart.update(losses);
      sayProgress();
    });
  }

  function start() {
    const specs = pairOf(spec());
    trained = true;
    losses = { plain: [], skip: [] };
    result.textContent = "";
    const works = KINDS.map(([which]) => {
      pair[which] ??= createNet();
      fields[which].clear(net.x);
      fields[which].say("in training");
      return training(pair[which], specs[which], (loss) => {
        losses[which].push(loss);
        grow();
      });
    });
    running = inSlices(inTurns(works), () => showFields(false));
    sayProgress();
  }

  /** Ends a training: what was learned so far stays, and the fields are drawn of it. */
  function stop() {
    cancel();
    if (losses.plain.length && losses.skip.length) showFields(true);
    else sayProgress();
  }

  function cancel() {
    running?.();
    running = null;
    painting();
    cancelAnimationFrame(frame);
    frame = 0;
  }

  function showFields(stopped) {
    cancel();
    chart.update(losses);
    result.textContent = outcome(losses, model.get("depth"), stopped);
    sayProgress();
    words.announce(result.textContent);
    const points = fieldPoints();
    const works = KINDS.map(([which]) => fieldWork(pair[which], losses[which], points));
    painting = inSlices(inTurns(works), (found) => KINDS.forEach(([which], index) => {
      if (found[index]) fields[which].show(...found[index]);
      else fields[which].say("not a number");
    }));
  }

  // ------------------------------------------------ the net of one input

  function drawStrips() {
    for (const [which, , name] of KINDS) {
      const { words: beside, box } = strips[which];
      beside.textContent = slopeWords(slopes[which]);
      strips[which].said = `${name[0].toUpperCase()}${name.slice(1)}, ${beside.textContent}.`;
      const height = which === "skip" ? 100 : 76; // with room for the line's inputs
      box.replaceChildren(drawStrip(slopes[which], Math.max(220, Math.floor(box.clientWidth)), 76, height));
    }
  }

  // ------------------------------------------------ what comes from outside

  let width = 0;
  const resized = new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) < 1) return;
    width = entry.contentRect.width;
    if (drawn) layOut();
    else if (slopes) drawStrips();
  });
  const events = [...TRAITS, "show"].map((name) => `change:${name}`);
  const later = coalesce(draw);
  events.forEach((event) => model.on(event, later));
  const unguard = containKeys(root);
  for (const [which] of KINDS) fields[which].clear(net.x);
  draw();
  resized.observe(root);
  return () => {
    events.forEach((event) => model.off(event, later));
    looking();
    cancel();
    resized.disconnect();
    words.stop();
    unguard();
  };
}

export default { render };

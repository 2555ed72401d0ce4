import { computeDepth, describeNet, findNetProblem } from "../shared/cifar_net.mjs";
import { createNumberField, createRadioGroup, createSlider, createVersionRadios } from "../shared/controls.mjs";
import { createAnnouncer, createIcon, h } from "../shared/dom.mjs";
import { coalesce, containKeys } from "../shared/events.mjs";
import { formatInteger, formatShort } from "../shared/formatting.mjs";
import { lengthOf, percent } from "../shared/error_chart.mjs";
import { createTrainingChart } from "./training_chart.mjs";
import { createReplay } from "./training_replay.mjs";
import {
  SETTINGS, endWords, epochWords, epochsOf, faintRuns, forecastWords, foundWords, fullNameOf, howTrained, kindOf, limitWords,
  netsRecorded, otherwise, paperOf, phaseWords, rateWords, recipeOf, recordedRun, runNameOf, settingsOf, sizeWords, timeWords,
} from "./training_words.mjs";

const STOPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 18, 27, 36, 54, 75, 111, 150, 200];
const REST = 500; // milliseconds after which settings are taken to stand
const PATIENCE = 5000; // milliseconds that a kernel may take to answer a button
const MOMENT = 6000; // milliseconds that a word beside a field stands
const CONSTANT = ["live", "recorded", "paper", "recipes"];
const GOING = ["preparing", "training", "stopping"];
const SIGN = { play: "M2 .5 11 6 2 11.5z", stop: "M1.5 1.5h9v9h-9z", down: "M5 1h2v5h3L6 10.5 2 6h3z" };

/** Hands the reader a file. Its address is kept for a while: not every home reads it at once. */
function handOver({ download, type }, bytes, root) {
  const url = URL.createObjectURL(new Blob([bytes], { type }));
  const link = h("a", { href: url, download, hidden: true });
  root.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 30_000);
}

/**
 * Says for a moment, beside a field, that it does not go as far as what was typed: the field itself
 * becomes its limit. `fields` are pairs of a field and the words for it; returns what ends it.
 */
function sayLimits(fields) {
  const notes = fields.map(() => h("span", { class: "rl-limit", role: "status" }));
  let timer;
  const say = (text = "", note = null) => {
    clearTimeout(timer);
    notes.forEach((one) => (one.textContent = one === note ? text : ""));
    if (text) timer = setTimeout(say, MOMENT);
  };
  fields.forEach(([{ element }, goes], index) => {
    element.append(notes[index]);
    element.addEventListener("input", () => say());
    // On its way down to the field, which still holds what was typed.
    element.addEventListener("change", ({ target: { type, valueAsNumber, min, max } }) => {
      if (type === "number") say(limitWords(goes, valueAsNumber, { min: Number(min), max: Number(max) }), notes[index]);
    }, true);
  });
  return () => clearTimeout(timer);
}

/** @param {{model: {get: Function, set: Function, on: Function, off: Function, save_changes: Function,
 *   send?: Function}, el: HTMLElement}} view */
function render({ model, el }) {
  const settings = () => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));
  const isLive = () => Boolean(model.get("live")) && typeof model.send === "function";
  const change = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const replay = createReplay(() => drawRun());
  /** What is going on, whoever says so: the kernel, or a recorded run that is played. */
  const seen = () => (isLive()
    ? Object.fromEntries(["status", "message", "progress", "run"].map((name) => [name, model.get(name) ?? {}]))
    : replay.state);

  // ------------------------------------------------ the controls

  const version = createVersionRadios(model.get("version"), (value) => change({ version: value }));
  const blocks = createSlider({
    label: "n, blocks in each stage", stops: STOPS, value: model.get("n"),
    describe: (n) => `n = ${n}, depth ${computeDepth(model.get("version"), n)}`,
    onchange: (n) => {
      if (n !== null) change({ n });
      blocks.set(model.get("n"));
    },
  });
  const shortcut = createRadioGroup({
    legend: "Shortcut", value: model.get("shortcut"), onchange: (value) => change({ shortcut: value }),
    options: [
      { value: "projection", label: "projection" }, { value: "pad", label: "pad" },
      { value: "highway", label: "highway" }, { value: "none", label: "none (plain)" },
    ],
  });
  const recipe = createRadioGroup({
    legend: "Recipe", value: model.get("recipe"), onchange: (value) => change({ recipe: value, epochs: 0 }),
    options: Object.entries(model.get("recipes")).map(([name, facts]) => ({
      value: name, label: name,
      title: `${facts.epochs} epochs, batches of ${facts.batch_size}, ${facts.optimizer}, learning rate up to ${facts.learning_rate}`,
    })),
  });
  const epochs = createNumberField({
    label: "Epochs", min: 1, max: 1000, empty: 0,
    onchange: (value) => {
      change({ epochs: value === model.get("recipes")[model.get("recipe")].epochs ? 0 : value });
      epochs.set(epochsOf(settings(), model.get("recipes")));
    },
  });
  const own = h("button", { type: "button", class: "rl-chip", onclick: () => change({ epochs: 0 }) });
  const ownWords = h("span", {}, "the recipe’s own");
  epochs.note.append(own, ownWords);
  const seed = createNumberField({
    label: "Seed", min: 0, max: 999, empty: 0,
    onchange: (value) => {
      change({ seed: value });
      seed.set(value);
    },
  });

  const hush = sayLimits([[blocks, "n goes"], [epochs, "Epochs go"], [seed, "The seed goes"]]);

  // ------------------------------------------------ all the rest of the page

  const banner = h("p", { class: "rl-banner" });
  const totals = h("dl", { class: "rl-totals" });
  const hint = h("p", { class: "rl-note" });
  const button = (sign, press, classes = "") => {
    const onclick = () => one.getAttribute("aria-disabled") !== "true" && press();
    const one = h("button", { type: "button", class: `rl-button ${classes}`, onclick }, createIcon(sign), h("span", {}));
    return one;
  };
  const start = button(SIGN.play, () => begin("start"), "rl-play");
  const stop = button(SIGN.stop, halt);
  const resume = button(SIGN.play, () => begin("resume"));
  const label = (one, text) => one.lastChild.textContent !== text && (one.lastChild.textContent = text);
  label(stop, "Stop after this epoch");
  const found = h("p", { class: "rl-note" });
  const notice = h("div", { class: "rl-notice", role: "status" });
  const bar = h("progress", { class: "rl-progress", max: 1, "aria-label": "Progress within the epoch" });
  const phase = h("span", { class: "rl-phase" });
  const figures = h("dl", { class: "rl-figures" });
  const work = h("div", { class: "rl-progress-panel", hidden: true }, h("div", { class: "rl-progress-row" }, bar, phase), figures);
  const outcome = h("p", { class: "rl-outcome" });
  const remark = h("p", { class: "rl-note" });
  const saved = h("div", { class: "rl-saved" });
  const ending = h("div", { class: "rl-training-result", hidden: true }, outcome, remark, saved);
  const chart = createTrainingChart();
  const words = createAnnouncer();
  const root = h("div", { class: "rl rl-dashboard" },
    banner,
    h("div", { class: "rl-controls rl-training-controls" },
      version.element, blocks.element, shortcut.element, recipe.element, epochs.element, seed.element),
    totals, hint, h("div", { class: "rl-transport" }, start, stop, resume), found, notice, work, ending,
    chart.elements, words.element);
  el.append(root);

  let asked = null; // what the kernel was asked to do and has not answered: { what, timer, late }
  let awaited = 0; // files that this view has asked for; another view's are not for it
  let resting = null; // the timer that waits for the settings to stand
  let controlled = ""; // what the controls were set to
  const spoken = {}; // what was said last of the controls, and of the training
  let broken = ""; // what is wrong with the settings
  const met = new Set(); // the nets of which a run has been on display, or in progress

  /** The run that is shown, or is being trained: null before there is one. */
  const shownRun = () => (seen().run?.name ? seen().run : null);
  const recordedOne = () => recordedRun(model.get("recorded"), settings(), model.get("recipes"));
  const isGoing = () => GOING.includes(seen().status);

  function draw() {
    broken = findNetProblem(settings()) || (model.get("recipe") in model.get("recipes") ? "" : `there is no recipe ${model.get("recipe")}`);
    root.classList.toggle("rl-invalid", Boolean(broken));
    if (broken) {
      chart.refuse(broken);
      return;
    }
    drawControls();
    drawRun();
  }

  // ------------------------------------------------ beside the controls

  function drawControls() {
    const [now, recipes] = [settings(), model.get("recipes")];
    const net = describeNet(now);
    setControls(now, recipes);
    const isOwn = recipeOf(now, recipes) === now.recipe;
    own.textContent = `its own: ${recipes[now.recipe].epochs}`;
    own.hidden = isOwn;
    ownWords.hidden = !isOwn;
    root.dataset.kind = kindOf(now);
    const time = isLive() ? kernelTime(now, recipes) : recordedTime();
    const all = [
      ["Depth", `${net.depth}`, "layers with weights"],
      ["Parameters", formatInteger(net.trainable), "trained"],
      ["Multiply-adds", formatShort(net.macs), "for one image"],
      [isLive() ? "Time expected" : "Time it took", time.figure, time.note],
    ];
    totals.replaceChildren(...all.map(([name, figure, note]) => h("div", {}, h("dt", {}, name), h("dd", {}, figure, h("small", {}, note)))));
    say("controls", `${fullNameOf(now)}: ${net.depth} layers, ${formatInteger(net.trainable)} parameters. ${time.said}`);
    hint.textContent = time.hint;
    hint.hidden = !time.hint;
    if (!isLive()) drawBanner(now, recipes);
    banner.hidden = isLive();
  }

  /** Only where they have changed: what the kernel says must not write over what is being typed. */
  function setControls(now, recipes) {
    if (JSON.stringify(now) === controlled) return;
    controlled = JSON.stringify(now);
    version.set(now.version);
    blocks.set(now.n);
    shortcut.set(now.shortcut);
    recipe.set(now.recipe);
    epochs.set(epochsOf(now, recipes));
    seed.set(now.seed);
  }

  function kernelTime(now, recipes) {
    const there = foundNow(now, recipes);
    const left = there.epochs && !there.finished ? there.of - there.epochs : 0;
    return forecastWords(model.get("forecast"), { name: runNameOf(now, recipes), epochs: epochsOf(now, recipes), left });
  }
  function recordedTime() {
    const run = recordedOne();
    if (!run) return { figure: "–", note: "no recorded run", hint: "", said: "No recorded run." };
    const [figure, note] = [timeWords(run.seconds.reduce((a, b) => a + b, 0)), `on ${run.device}`];
    return { figure, note, hint: "", said: `The recorded run took ${figure} ${note}.` };
  }

  /** What lies on the kernel's disk of these settings; nothing while they have not come to rest. */
  function foundNow(now, recipes) {
    const there = model.get("found") ?? {};
    const fresh = !resting && (there.name ?? runNameOf(now, recipes)) === runNameOf(now, recipes);
    return fresh && there.epochs && there.of === epochsOf(now, recipes) ? there : {};
  }

  /** Of the built page: that it replays, what it replays, and how to train. */
  function drawBanner(now, recipes) {
    const run = recordedOne();
    const yourself = ["To train it yourself, open this chapter in Colab, or run ", h("code", {}, "make lab"), "."];
    if (run) {
      banner.replaceChildren(h("strong", {}, "Recorded run, replayed: this page has no kernel."),
        ` ${fullNameOf(run)}, ${howTrained(run)}. ${otherwise(run, now, recipes)} `, ...yourself);
      return;
    }
    const nets = netsRecorded(model.get("recorded"));
    banner.replaceChildren(h("strong", {}, `There is no recorded run of ${fullNameOf(now)}`),
      `, and this page has no kernel to train it: ${nets.length ? "it replays these." : "it can replay nothing yet."} `,
      ...yourself,
      h("span", { class: "rl-chips" }, nets.map(({ name, run: one }) =>
        h("button", {
          type: "button", class: "rl-chip", "data-kind": kindOf(one),
          onclick: () => {
            change(settingsOf(one, recipes));
            draw();
            start.focus({ preventScroll: true });
          },
        }, name))));
  }

  // ------------------------------------------------ the training

  function drawRun() {
    if (broken) return;
    const { status, message, progress } = seen();
    const run = shownRun();
    const [now, recipes] = [settings(), model.get("recipes")];
    const going = isGoing();
    drawButtons(status, now, recipes);
    drawNotice(status, message);

    work.hidden = !going && !(run && lengthOf(run));
    // Another net than the controls say may be in training: it has its own colour.
    work.dataset.kind = ending.dataset.kind = kindOf(run ?? now);
    const within = progress.steps ? progress.step / progress.steps : 0;
    if (status === "preparing") bar.removeAttribute("value");
    else bar.value = going ? within : 1;
    bar.parentElement.hidden = !going;
    phase.textContent = phaseWords(status, progress);
    figures.replaceChildren(...figuresOf(run, progress, going).map(([name, figure, note]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, figure, note ? h("small", {}, note) : null))));

    drawChart(run, going, now, recipes);
    drawEnding(run, going, now, recipes);
    if (run && lengthOf(run)) say("training", ending.hidden ? epochWords(run, 0) : `${outcome.textContent} ${remark.textContent}`);
  }
  function say(of, text) {
    if (spoken[of] === text) return;
    spoken[of] = text;
    words.announce(text);
  }

  function drawButtons(status, now, recipes) {
    const live = isLive();
    const going = isGoing();
    const asks = (what) => asked?.what === what;
    label(start, asks("start") ? "Starting…" : live ? "Start" : "Replay");
    label(resume, asks("resume") ? "Resuming…" : "Resume");
    label(stop, status === "stopping" ? "Stopping…" : "Stop after this epoch");
    for (const [one, what] of [[start, "start"], [resume, "resume"]]) one.setAttribute("aria-busy", `${Boolean(asks(what))}`);
    const there = live ? foundNow(now, recipes) : {};
    enable(start, live || recordedOne());
    enable(stop, going && status !== "stopping");
    enable(resume, live ? !going && there.epochs && !there.finished : status === "stopped");
    const run = shownRun();
    const same = run?.name === runNameOf(now, recipes);
    found.textContent = live && going && run && !same
      ? `In training now: ${fullNameOf(run)}, ${howTrained(run)}. The controls say what comes next.`
      : live && !going ? foundWords(there, same) : "";
    found.hidden = !found.textContent;
  }

  /** A button that is out can still be reached: it would else lose the reader's place. */
  const enable = (one, on) => one.setAttribute("aria-disabled", `${!on}`);

  function drawNotice(status, message) {
    // What a training ended with stands at its end already.
    const said = status === "finished" && message.kind === "note" && model.get("saved")?.folder ? {} : message;
    const late = asked?.late ? "No answer from the kernel yet. It is busy with another cell, or gone; once it is free it will do this." : "";
    const text = asked ? late : said.text || ""; // what was said before is not the answer
    const error = !asked && said.kind === "error";
    if (notice.textContent === text && Boolean(notice.querySelector("[role=alert]")) === error) return;
    notice.replaceChildren(...(text ? [h("p", { class: error ? "rl-alert" : "rl-message", role: error ? "alert" : null }, text)] : []));
  }

  function figuresOf(run, progress, going) {
    const last = run && lengthOf(run);
    const known = (value, say) => (value === null || value === undefined ? "–" : say(value));
    if (!going) {
      const spent = run?.seconds ?? [];
      const total = spent.reduce((a, b) => a + b, 0);
      const speeds = run?.images_per_second ?? [];
      return [
        ["Epochs", known(run, () => `${last} of ${run.epochs}`)],
        ["Training error", known(run?.training_error ?? run?.error?.at(-1), (error) => `${error.toFixed(2)} %`)],
        ["Images a second", speeds.length ? formatInteger(Math.round(speeds.reduce((a, b) => a + b, 0) / speeds.length)) : "–"],
        ["It took", spent.length ? timeWords(total) : "–"],
      ];
    }
    return [
      ["Learning rate", known(progress.learning_rate, rateWords)],
      ["Images a second", known(progress.images_per_second, (speed) => formatInteger(Math.round(speed)))],
      ["Training error", known(progress.error ?? run?.error?.at(-1), (error) => `${percent(error)} %`)],
      ["Test error", known(run?.test_error?.at(-1), (error) => `${percent(error)} %`)],
      ["Time left", known(progress.seconds_left, timeWords), isLive() ? "" : "of the recorded run"],
    ];
  }

  /** At the end: beside the paper's figure, and as files. */
  function drawEnding(run, going, now, recipes) {
    ending.hidden = going || !run || !lengthOf(run);
    if (ending.hidden) return;
    const { head, remark: more } = endWords(run, paperOf(model.get("paper"), run), recipes);
    const foreign = run.name !== runNameOf(now, recipes) && isLive() ? ` Shown: ${fullNameOf(run)}, ${howTrained(run)}.` : "";
    outcome.textContent = head;
    remark.textContent = more + foreign;
    const files = isLive() ? model.get("saved") ?? {} : {};
    const names = [["run", "Run"], ["weights", "Weights"]].filter(([what]) => files[what]);
    saved.hidden = !files.folder || Boolean(foreign);
    const text = JSON.stringify(files);
    if (saved.dataset.of === text) return;
    saved.dataset.of = text;
    saved.replaceChildren("Saved in ", h("code", {}, `${files.folder}`), ...names.map(([what, name]) => {
      const one = button(SIGN.down, () => ask({ do: "download", what }));
      label(one, `${name}, ${sizeWords(files[what])}`);
      return one;
    }));
  }

  function drawChart(run, going, now, recipes) {
    // Before a replay the chart is of the run that would be played.
    const one = run ?? (isLive() ? null : recordedOne());
    const of = one ? { ...now, ...settingsOf(one, recipes) } : now;
    const whole = isLive() ? run : replay.whole;
    const without = isLive() ? "" : whole?.name;
    if (run) met.add(fullNameOf(of)); // until then the reader may be guessing how it will do
    chart.draw({
      of, run, whole, recipes, plan: isLive() ? null : one,
      reach: one?.epochs ?? epochsOf(now, recipes),
      faint: faintRuns(model.get("recorded"), of, recipes, { without, beside: isLive(), unseen: !met.has(fullNameOf(of)) }),
      paper: paperOf(model.get("paper"), of),
      broken: run?.status === "diverged" && !going,
    });
  }

  // ------------------------------------------------ the buttons

  function begin(what) {
    chart.release();
    if (isLive()) ask({ do: what });
    else if (what === "resume") replay.resume();
    else if (recordedOne()) replay.play(recordedOne());
  }
  function halt() {
    if (isLive()) ask({ do: "stop" });
    else replay.stop();
  }

  /** Ask the kernel; the page says at once that it did. */
  function ask(message) {
    answered();
    model.save_changes();
    rested();
    if (message.do === "download") awaited += 1;
    asked = { what: message.do, late: false, timer: setTimeout(() => {
      asked = { ...asked, late: true };
      draw();
    }, PATIENCE) };
    tell(message);
    draw();
  }
  /** The settings go with it: those that are synced can come after it where the kernel is busy. */
  const tell = (message) => model.send({ ...message, settings: settings() });
  function answered() {
    clearTimeout(asked?.timer);
    asked = null;
  }

  /** The settings have come to rest: the kernel is asked what is there of them. */
  function rested() {
    clearTimeout(resting);
    resting = null;
  }
  function look() {
    rested();
    if (!isLive()) return;
    model.save_changes();
    tell({ do: "look" });
    draw();
  }

  // ------------------------------------------------ what comes from outside

  const [later, laterRun] = [coalesce(draw), coalesce(drawRun)];
  const changed = () => {
    if (isLive()) {
      clearTimeout(resting);
      resting = setTimeout(look, REST);
    } else replay.forget();
    chart.release();
    later();
  };
  let before = seen().status;
  const heard = {
    status: () => {
      answered();
      const over = GOING.includes(before) && !isGoing();
      before = seen().status;
      if (over) look(); // what was to be measured later can be measured now
    },
    message: () => {
      answered();
      if (seen().message.kind === "error") awaited = 0;
    },
    run: answered,
  };
  const listeners = [
    ...SETTINGS.map((name) => [`change:${name}`, changed]),
    ...CONSTANT.map((name) => [`change:${name}`, later]),
    ...["found", "forecast", "saved"].map((name) => [`change:${name}`, later]),
    ...["status", "message", "progress", "run"].map((name) => [`change:${name}`, () => {
      heard[name]?.();
      laterRun();
    }]),
    ["msg:custom", (message, buffers) => {
      if (!message?.download || !awaited) return;
      awaited -= 1;
      answered();
      handOver(message, buffers[0], root);
      draw();
    }],
  ];
  let width = 0;
  const resized = new ResizeObserver(([entry]) => {
    if (Math.abs(entry.contentRect.width - width) >= 1) later();
    width = entry.contentRect.width;
  });
  listeners.forEach(([event, listener]) => model.on(event, listener));
  const unguard = containKeys(root);
  draw();
  resized.observe(chart.plot);
  if (isLive()) look();
  return () => {
    listeners.forEach(([event, listener]) => model.off(event, listener));
    replay.forget();
    answered();
    rested();
    hush();
    resized.disconnect();
    words.stop();
    unguard();
  };
}

export default { render };

// The widget TrainingDashboard: trains a net on the kernel, or replays a recorded run in the built page.
import { createAnnouncer, h } from "../shared/dom.mjs";
import { coalesce, containKeys, observeWidth } from "../shared/events.mjs";
import { listenToModel, setTraits } from "../shared/model.mjs";
import { countEpochs } from "../shared/recorded_runs.mjs";
import { describeEpoch } from "./descriptions.mjs";
import { KernelRequests, saveFile } from "./kernel_requests.mjs";
import { findPaperResult, selectFaintRuns } from "./reference_runs.mjs";
import { Replay } from "./replay.mjs";
import { SETTINGS, countPlannedEpochs, findSettings, formatFullName, getKind } from "./settings.mjs";
import { createSettingsControls } from "./settings_controls.mjs";
import { createMessages, createTrainingButtons } from "./training_buttons.mjs";
import { TrainingChart } from "./training_chart.mjs";
import { createProgressPanel, createResult } from "./training_results.mjs";
import { KERNEL_TRAITS, TRAINING_TRAITS, isLive, isTraining, readState } from "./training_state.mjs";
import { createBanner, createTotals } from "./training_summary.mjs";

const FIXED_TRAITS = ["live", "recorded", "paper", "recipes"];

/**
 * Renders the widget.
 * @param {{model: import("../shared/model.mjs").Model, el: HTMLElement}} view
 * @returns {() => void}  cleans up
 */
function render({ model, el }) {
  const replay = new Replay(() => drawTraining());
  const requests = new KernelRequests(model, () => draw());
  const view = createView(model, createHandlers(model, replay, requests, () => view, () => draw()));
  const read = () => readState(model, replay, requests);

  function draw() {
    const state = read();
    view.root.classList.toggle("rl-invalid", Boolean(state.problem));
    if (state.problem) return view.chart.refuse(state.problem);
    view.drawSettings(state, model.get("recorded"));
    return drawTraining(state);
  }
  function drawTraining(state = read()) {
    if (!state.problem) view.drawTraining(state, model.get("recorded"), model.get("paper"));
  }
  const drawLater = coalesce(draw);
  const stopListening = listenToModel(model, [
    ...[...FIXED_TRAITS, ...KERNEL_TRAITS].map((name) => [`change:${name}`, drawLater]),
    ...listSettingsListeners(model, replay, requests, view.chart, drawLater),
    ...listTrainingListeners(model, replay, requests, coalesce(() => drawTraining())),
    ["msg:custom", (message, buffers) => {
      if (!message?.download || !requests.takeDownload()) return;
      saveFile(message, buffers[0], view.root);
      draw();
    }],
  ]);
  const releaseKeys = containKeys(view.root);
  el.append(view.root);
  draw();
  const stopObserving = observeWidth(view.chart.plot, drawLater);
  if (isLive(model)) requests.look();
  return () => [stopListening, () => replay.reset(), () => requests.stop(), view.controls.stop, stopObserving, view.announcer.stop, releaseKeys]
    .forEach((stop) => stop());
}

/** Creates what the buttons do: ask the kernel, or play a recorded run. */
function createHandlers(model, replay, requests, getView, draw) {
  const ask = (what) => requests.ask({ do: what });
  const begin = (onKernel, onPage) => {
    getView().chart.release();
    if (isLive(model)) onKernel();
    else onPage();
  };
  return {
    onstart: () => begin(() => ask("start"), () => {
      const { recorded } = readState(model, replay, requests);
      if (recorded) replay.play(recorded);
    }),
    onresume: () => begin(() => ask("resume"), () => replay.resume()),
    onstop: () => (isLive(model) ? ask("stop") : replay.stop()),
    ondownload: (what) => requests.ask({ do: "download", what }),
    onchoose: (settings) => {
      setTraits(model, settings);
      draw();
      getView().buttons.focusStart();
    },
  };
}

/** Lists the listeners to the settings: a kernel is asked what it has of them, a replay ends. */
function listSettingsListeners(model, replay, requests, chart, drawLater) {
  return SETTINGS.map((name) => [`change:${name}`, () => {
    if (isLive(model)) requests.lookLater();
    else replay.reset();
    chart.release();
    drawLater();
  }]);
}

/** Lists the listeners to what the kernel reports: each report but the progress answers a request. */
function listTrainingListeners(model, replay, requests, drawLater) {
  const getStatus = () => (isLive(model) ? model.get("status") : replay.state.status);
  let before = getStatus();
  const handlers = {
    status: () => {
      requests.answer();
      const isOver = isTraining(before) && !isTraining(getStatus());
      before = getStatus();
      if (isOver) requests.look(); // what could not be measured during the run can be measured now
    },
    message: () => {
      requests.answer();
      if (isLive(model) && model.get("message")?.kind === "error") requests.dropDownloads();
    },
    run: () => requests.answer(),
  };
  return TRAINING_TRAITS.map((name) => [`change:${name}`, () => {
    handlers[name]?.();
    drawLater();
  }]);
}

/** Creates the elements of the widget, and the functions that draw a state. */
function createView(model, handlers) {
  const banner = createBanner(handlers.onchoose);
  const controls = createSettingsControls(model);
  const totals = createTotals();
  const buttons = createTrainingButtons(handlers);
  const messages = createMessages();
  const progress = createProgressPanel();
  const result = createResult(handlers.ondownload);
  const chart = new TrainingChart();
  const announcer = createAnnouncer();
  const root = h("div", { class: "rl rl-dashboard" }, banner.element, controls.element, totals.elements, buttons.element,
    messages.elements, progress.element, result.element, chart.elements, announcer.element);
  const announced = {}; // the last text about the settings, and about the run
  const shownNets = new Set(); // of which a run has been shown; of others the reader may be guessing

  function announce(subject, text) {
    if (announced[subject] !== text) announcer.announce(text);
    announced[subject] = text;
  }
  function drawSettings(state, recorded) {
    controls.draw(state.settings, state.recipes);
    root.dataset.kind = getKind(state.settings);
    announce("settings", totals.draw(state));
    banner.draw(state, recorded);
  }
  function drawTraining(state, recorded, paper) {
    buttons.draw(state);
    messages.draw(state);
    progress.draw(state);
    chart.draw(createChartContent(state, recorded, paper, shownNets));
    const text = result.draw(state, paper);
    if (state.run && countEpochs(state.run)) announce("training", text || describeEpoch(state.run, 0));
  }
  return { root, controls, buttons, chart, announcer, drawSettings, drawTraining };
}

/** Creates the content of the chart; before a replay it is of the run that would be played. */
function createChartContent({ settings, recipes, run, whole, recorded: next, isLive: live, isTraining: isRunning }, recorded, paper, shownNets) {
  const subject = run ?? next;
  const shown = subject ? { ...settings, ...findSettings(subject, recipes) } : settings;
  const name = formatFullName(shown);
  if (run) shownNets.add(name);
  return {
    settings: shown, recipes, run, whole, plan: live ? null : subject,
    epochs: subject?.epochs ?? countPlannedEpochs(settings, recipes),
    faint: selectFaintRuns(recorded, shown, recipes, { without: live ? "" : whole?.name, beside: live, unseen: !shownNets.has(name) }),
    paper: findPaperResult(paper, shown),
    isBroken: run?.status === "diverged" && !isRunning,
  };
}

export default { render };

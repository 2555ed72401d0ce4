// Shows the buttons that start, stop and resume a training run, and the messages below them.
import { createIcon, h } from "../shared/dom.mjs";
import { describeFoundRun, describeRecipe } from "./descriptions.mjs";
import { formatFullName, formatRunName } from "./settings.mjs";

/** @typedef {import("./training_state.mjs").State} State */

const PLAY_ICON = "M2 .5 11 6 2 11.5z";
const STOP_ICON = "M1.5 1.5h9v9h-9z";
const DOWNLOAD_ICON = "M5 1h2v5h3L6 10.5 2 6h3z";

/** Creates a button with an icon; `set` sets its label and whether it can be pressed. */
function createIconButton(icon, onpress, classes = "") {
  const label = h("span", {});
  const onclick = () => element.getAttribute("aria-disabled") !== "true" && onpress();
  const element = h("button", { type: "button", class: `rl-button ${classes}`, onclick }, createIcon(icon), label);
  const set = (text, isEnabled) => {
    if (label.textContent !== text) label.textContent = text;
    // Not `disabled`: the button would lose the focus, and so the reader's place.
    element.setAttribute("aria-disabled", `${!isEnabled}`);
  };
  return { element, set };
}

/**
 * Creates the button that saves a file.
 * @param {string} text
 * @param {() => void} onpress
 */
export function createDownloadButton(text, onpress) {
  const { element } = createIconButton(DOWNLOAD_ICON, onpress);
  element.lastChild.textContent = text;
  return element;
}

/**
 * Creates the three buttons.
 * @param {{onstart: () => void, onstop: () => void, onresume: () => void}} handlers
 */
export function createTrainingButtons({ onstart, onstop, onresume }) {
  const start = createIconButton(PLAY_ICON, onstart, "rl-play");
  const stop = createIconButton(STOP_ICON, onstop);
  const resume = createIconButton(PLAY_ICON, onresume);
  const element = h("div", { class: "rl-transport" }, start.element, stop.element, resume.element);
  /** @param {State} state */
  function draw({ isLive, isTraining: isRunning, status, recorded, found, request }) {
    const isAsked = (what) => request?.what === what;
    start.set(isAsked("start") ? "Starting…" : isLive ? "Start" : "Replay", isLive || recorded);
    stop.set(status === "stopping" ? "Stopping…" : "Stop after this epoch", isRunning && status !== "stopping");
    resume.set(isAsked("resume") ? "Resuming…" : "Resume",
      isLive ? !isRunning && found.epochs && !found.finished : status === "stopped");
    start.element.setAttribute("aria-busy", `${isAsked("start")}`);
    resume.element.setAttribute("aria-busy", `${isAsked("resume")}`);
  }
  return { element, draw, focusStart: () => start.element.focus({ preventScroll: true }) };
}

/** Creates the messages: what Start and Resume would do, and the last message of the kernel. */
export function createMessages() {
  const next = h("p", { class: "rl-note" });
  const notice = h("div", { class: "rl-notice", role: "status" });
  /** @param {State} state */
  function draw(state) {
    next.textContent = describeNext(state);
    next.hidden = !next.textContent;
    const { text, isError } = getMessage(state);
    if (notice.textContent === text && Boolean(notice.querySelector("[role=alert]")) === isError) return;
    notice.replaceChildren(...(text ? [h("p", { class: isError ? "rl-alert" : "rl-message", role: isError ? "alert" : null }, text)] : []));
  }
  return { elements: [next, notice], draw };
}

function describeNext({ isLive, isTraining: isRunning, run, found, settings, recipes }) {
  const isSame = run?.name === formatRunName(settings, recipes);
  if (!isLive) return "";
  if (!isRunning) return describeFoundRun(found, isSame);
  return run && !isSame ? `In training now: ${formatFullName(run)}, ${describeRecipe(run)}. The controls say what comes next.` : "";
}

/** While a request is pending, an earlier message would look like the answer. */
function getMessage({ status, message, saved, request }) {
  if (request) {
    const late = "No answer from the kernel yet. It is busy with another cell, or gone; once it is free it will do this.";
    return { text: request.isLate ? late : "", isError: false };
  }
  // The message of a training run that has ended is in the result already.
  const isRepeated = status === "finished" && message.kind === "note" && saved.folder;
  return isRepeated ? { text: "", isError: false } : { text: message.text || "", isError: message.kind === "error" };
}

// Shows what the settings give: depth, size and time; in the built page also which run is replayed.
import { describeNet } from "../shared/cifar_net.mjs";
import { createFigures, h } from "../shared/dom.mjs";
import { formatInteger, formatShort } from "../shared/formatting.mjs";
import { describeForecast, describeMismatch, describeRecipe, formatTime } from "./descriptions.mjs";
import { listRecordedNets } from "./reference_runs.mjs";
import { countPlannedEpochs, findSettings, formatFullName, formatRunName, getKind } from "./settings.mjs";

/** @typedef {import("./training_state.mjs").State} State */

/** Creates the totals and the hint below them; `draw` returns them as text. */
export function createTotals() {
  const totals = h("dl", { class: "rl-totals" });
  const hint = h("p", { class: "rl-note" });
  /** @param {State} state */
  function draw(state) {
    const net = describeNet(state.settings);
    const time = state.isLive ? getKernelTime(state) : getRecordedTime(state);
    totals.replaceChildren(...createFigures([
      ["Depth", `${net.depth}`, "layers with weights"],
      ["Parameters", formatInteger(net.trainable), "trained"],
      ["Multiply-adds", formatShort(net.macs), "for one image"],
      [state.isLive ? "Time expected" : "Time it took", time.figure, time.note],
    ]));
    hint.textContent = time.hint;
    hint.hidden = !time.hint;
    return `${formatFullName(state.settings)}: ${net.depth} layers, ${formatInteger(net.trainable)} parameters. ${time.text}`;
  }
  return { elements: [totals, hint], draw };
}

function getKernelTime({ forecast, found, settings, recipes }) {
  const left = found.epochs && !found.finished ? found.of - found.epochs : 0;
  return describeForecast(forecast, { name: formatRunName(settings, recipes), epochs: countPlannedEpochs(settings, recipes), left });
}

function getRecordedTime({ recorded }) {
  if (!recorded) return { figure: "–", note: "no recorded run", hint: "", text: "No recorded run." };
  const [figure, note] = [formatTime(recorded.seconds.reduce((a, b) => a + b, 0)), `on ${recorded.device}`];
  return { figure, note, hint: "", text: `The recorded run took ${figure} ${note}.` };
}

/**
 * Creates the banner of the built page: that it replays, what it replays, and how to train.
 * @param {(settings: Object) => void} onchoose  gets the settings of a recorded net
 */
export function createBanner(onchoose) {
  const element = h("p", { class: "rl-banner" });
  const createChip = ({ name, run }, recipes) => h("button", {
    type: "button", class: "rl-chip", "data-kind": getKind(run), onclick: () => onchoose(findSettings(run, recipes)),
  }, name);
  /**
   * @param {State} state
   * @param {Object[]} allRecorded
   */
  function draw({ isLive, recorded, settings, recipes }, allRecorded) {
    element.hidden = isLive;
    if (isLive) return;
    const howTo = ["To train it yourself, open this chapter in Colab, or run ", h("code", {}, "make lab"), "."];
    if (recorded) {
      element.replaceChildren(h("strong", {}, "Recorded run, replayed: this page has no kernel."),
        ` ${formatFullName(recorded)}, ${describeRecipe(recorded)}. ${describeMismatch(recorded, settings, recipes)} `, ...howTo);
      return;
    }
    const nets = listRecordedNets(allRecorded);
    element.replaceChildren(h("strong", {}, `There is no recorded run of ${formatFullName(settings)}`),
      `, and this page has no kernel to train it: ${nets.length ? "it replays these." : "it can replay nothing yet."} `,
      ...howTo, h("span", { class: "rl-chips" }, nets.map((net) => createChip(net, recipes))));
  }
  return { element, draw };
}

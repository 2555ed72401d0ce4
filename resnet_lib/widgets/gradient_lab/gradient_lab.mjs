// Lets the reader set up a fully connected net, and shows its gradients before and while it is trained.
import { createAnnouncer, h } from "../shared/dom.mjs";
import { coalesce, containKeys, observeWidth } from "../shared/events.mjs";
import { listenToModel, setTraits } from "../shared/model.mjs";
import { createNet } from "./dense_net.mjs";
import { describeSettings } from "./descriptions.mjs";
import { GradientPanel } from "./gradient_panel.mjs";
import { createLabControls } from "./lab_controls.mjs";
import { findSettingsProblem } from "./settings.mjs";
import { SlopePanel } from "./slope_panel.mjs";
import { TrainingPanel } from "./training_panel.mjs";

const SPEC_TRAITS = ["depth", "activation", "initialization", "normalization", "skip", "seed"];

/**
 * Renders the widget; returns the function that removes its listeners and stops its work.
 * @param {{model: import("../shared/model.mjs").Model, el: HTMLElement}} view
 */
function render({ model, el }) {
  const getSpec = () => Object.fromEntries(SPEC_TRAITS.map((name) => [name, model.get(name)]));
  const net = createNet();
  const announcer = createAnnouncer();
  const controls = createLabControls(getSpec, (changes) => setTraits(model, changes));
  const gradients = new GradientPanel(net);
  const training = new TrainingPanel(net.x, getSpec, announcer.announce);
  const slopes = new SlopePanel();
  const note = h("p", { class: "rl-note" });
  const root = h("div", { class: "rl rl-gradient-lab" }, controls.element, ...gradients.elements, training.element,
    slopes.element, note, announcer.element);
  el.append(root);

  function draw() {
    const [spec, show] = [getSpec(), model.get("show")];
    const problem = findSettingsProblem({ ...spec, show });
    const isLineOnly = show === "slopes" && !problem;
    slopes.stop();
    training.cancel();
    root.classList.toggle("rl-invalid", Boolean(problem));
    for (const element of [...gradients.elements, training.element]) element.hidden = isLineOnly;
    if (problem) {
      training.hide();
      return gradients.showProblem(problem);
    }
    controls.show(spec);
    root.dataset.kind = spec.skip === "none" ? "plain" : "v1";
    note.textContent = describeSettings(spec, isLineOnly);
    if (training.isTrained) training.reset();
    if (isLineOnly) {
      gradients.clear();
      training.hide();
    } else {
      const sentence = gradients.show(spec);
      training.show(spec);
      announcer.announce(sentence);
    }
    slopes.start(spec, (text) => isLineOnly && announcer.announce(text));
  }

  function layOut() {
    if (gradients.isDrawn) {
      gradients.layOut();
      training.layOut();
    }
    slopes.draw();
  }

  const drawOnce = coalesce(draw);
  const cleanups = [
    listenToModel(model, [...SPEC_TRAITS, "show"].map((name) => [`change:${name}`, drawOnce])),
    containKeys(root), announcer.stop, () => slopes.stop(), () => training.cancel(),
  ];
  draw();
  cleanups.push(observeWidth(root, layOut));
  return () => cleanups.forEach((cleanUp) => cleanUp());
}

export default { render };

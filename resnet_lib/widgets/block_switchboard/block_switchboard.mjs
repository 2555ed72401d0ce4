import { createAccuracy } from "./accuracy_count.mjs";
import { createRemovers, createSizes, createSwitches } from "./block_switches.mjs";
import { describeNet } from "../shared/cifar_net.mjs";
import { createRadioGroup } from "../shared/controls.mjs";
import { createAnnouncer, createId, h } from "../shared/dom.mjs";
import { coalesce, containKeys } from "../shared/events.mjs";
import { formatShort } from "../shared/formatting.mjs";
import { loadWidgetFile } from "../shared/model.mjs";
import { formatBlockName } from "../shared/net_drawing.mjs";
import { createMaps, mapFacts } from "./feature_maps.mjs";
import { createPictureInput } from "../net_in_page/picture_input.mjs";
import { IMAGE_BYTES, decodeSprite, drawPixels } from "../net_in_page/pixels.mjs";
import { startInferenceWorker } from "../net_in_page/worker_client.mjs";
import { createSaid } from "./probability_bars.mjs";
import {
  mapWords, settingWords, sizeWords, stateWords, switchboardProblem, verdictWords,
} from "./switch_words.mjs";

const NEAR = "600px"; // how near the widget must be before its net is fetched
const FIRST_BLOCK = "stage1_block1";
const OFF_WORDS = {
  pad: "Off, a block’s branch F(x) adds nothing: its skip hands on what came in.",
  none: "A plain net has no skip. Off, a block’s layers are taken out, and what the skip of its residual twin would carry takes their place.",
};
const isWhole = (scales) => scales.every((scale) => scale === 1);
const TRAITS = ["net", "image", "scales", "block"];

/** @typedef {{get: Function, set: Function, on: Function, off: Function, save_changes: Function}} Model */

/** @param {{model: Model, el: HTMLElement}} view */
function render({ model, el }) {
  const [nets, images, classes] = ["nets", "images", "classes"].map((name) => model.get(name));
  const change = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };
  const netNow = () => nets.find(({ label }) => label === model.get("net"));
  const scalesNow = () => (model.get("scales").length ? model.get("scales") : Array(3 * netNow().n).fill(1));
  const blocksOf = (described) => described.blocks.filter(({ role }) => role === "block");
  /** Where the chosen block stands; the first where this net has none of that name. */
  const chosenNow = () => Math.max(0, blocksOf(described).findIndex(({ name }) => name === model.get("block")));
  const setScales = (scales) => change({ scales: isWhole(scales) ? [] : scales });
  const setScale = (index, scale) => setScales(scalesNow().map((old, at) => (at === index ? scale : old)));
  const choose = (index) => change({ block: blocksOf(described)[index].name });

  // ------------------------------------------------ the controls

  const netChoice = createRadioGroup({
    legend: "Net", value: model.get("net"), options: nets.map(({ label }) => ({ value: label, label })),
    onchange: (label) => {
      // A net of as many blocks, the plain twin, keeps what is off.
      const fits = netNow() && nets.find((one) => one.label === label).n === netNow().n;
      change(fits ? { net: label } : { net: label, scales: [], block: FIRST_BLOCK });
    },
  });
  const weights = h("p", { class: "rl-note rl-weights" });
  const own = { pixels: null, count: 0 }; // the reader's picture, and how many there have been
  const said = createSaid({ classes, images, onimage: chooseImage });
  const verdict = h("p", { class: "rl-verdict" });
  const again = h("button", {
    type: "button", class: "rl-button", hidden: true,
    onclick: () => {
      root.focus({ preventScroll: true }); // the button goes
      begin();
    },
  }, "Try again");
  const refused = h("div", { class: "rl-notice", role: "alert" });
  const switches = createSwitches({
    onchoose: choose,
    onswitch: (index) => {
      choose(index);
      setScale(index, scalesNow()[index] === 0 ? 1 : 0);
    },
  });
  const removers = createRemovers({ onscales: setScales });
  const [blockId, scaleId] = [createId(), createId()];
  const blockChoice = h("select", { id: blockId, onchange: () => choose(blockChoice.selectedIndex) });
  const scaleValue = h("output", { for: scaleId, class: "rl-scale-value" });
  const scale = h("input", {
    type: "range", id: scaleId, min: 0, max: 1, step: 0.05,
    oninput: () => setScale(chosenNow(), scale.valueAsNumber),
  });
  const setting = h("span", {});
  const offWords = h("p", { class: "rl-note rl-off-words" });
  const sizes = createSizes({ onchoose: choose });
  const sizesSaid = h("p", { class: "rl-chart-reading rl-reading-active" });
  const maps = createMaps();
  const mapsSaid = h("p", { class: "rl-chart-reading rl-maps-said" });
  const timing = h("span", {});
  const note = h("p", { class: "rl-note" }, "Computed in this page, in a worker of its own", timing,
    ". Nothing is sent anywhere, and nothing is trained again: batch normalisation keeps its recorded averages.");
  const trouble = h("p", { class: "rl-trouble rl-error", role: "alert" });
  const words = createAnnouncer();
  const accuracy = createAccuracy({ images, words, ready, fileOf: (name) => loadWidgetFile(model, name) });
  const part = (title, text, ...children) => h("section", { class: "rl-section", "aria-label": title },
    h("p", { class: "rl-section-title" }, h("strong", {}, title), h("span", {}, text)), ...children);
  const field = (id, label, ...controls) =>
    h("div", { class: "rl-field" }, h("label", { for: id }, label), h("div", { class: "rl-slider" }, controls));
  const root = h("div", { class: "rl rl-switchboard", tabindex: -1 });
  const input = createPictureInput(root, takePicture, refusePicture);
  const back = h("button", { type: "button", class: "rl-button", hidden: true, onclick: goBack }, "Back to your picture");
  said.own.append(input.element, back, h("span", {}, "or drop one here, or click here and paste it. It stays on this machine."));
  root.append(
    h("div", { class: "rl-controls rl-net-controls" }, netChoice.element, weights), trouble,
    said.element, refused, h("div", { class: "rl-verdict-row" }, verdict, again),
    part("Switch its blocks", setting,
      removers.element, switches.element, offWords,
      h("div", { class: "rl-block-controls" }, field(blockId, "Chosen block", blockChoice),
        field(scaleId, "Scale of this branch, 0 to 1", scale, scaleValue))),
    part("How many does it get right?", "of test images, which it was not trained on", accuracy.element),
    part("Branch against skip", "root mean square of what a block’s branch adds, and of what it is added to",
      h("p", { class: "rl-key rl-sizes-key" }, h("span", { class: "rl-key-branch" }, "branch, scale · F(x)"), h("span", { class: "rl-key-skip" }, "skip")),
      sizes.element, sizesSaid),
    part("What the chosen block sees", "its output after ReLU, a map for every channel",
      mapsSaid, h("div", { class: "rl-maps-box" }, maps.canvas)),
    note, words.element);
  el.append(root);

  let described = null; // what describeNet() gives of the net
  let drawnFor = ""; // the net and width that is drawn
  let gallery = null; // pixels of the images to choose from
  let server = null; // what startInferenceWorker() gave
  const loading = new Map(); // net file to a promise of its being loaded
  const loaded = new Set(); // net files
  let wholeLook = null; // { key, probabilities }: what the net says with every block on
  let look = null; // the last answer, and of which net and image
  let shown = null; // the answer that is drawn
  let near = false;
  const failures = new Map(); // net label to why it does not compute
  let ended = false;

  // ------------------------------------------------ what depends on the traits

  const isWrong = () => root.classList.contains("rl-invalid");

  function draw() {
    const problem = switchboardProblem({
      nets, net: model.get("net"), scales: model.get("scales"), image: model.get("image"), gallery: images.gallery.length });
    root.classList.toggle("rl-invalid", Boolean(problem));
    trouble.textContent = problem;
    if (problem) return;
    const net = netNow();
    const scales = scalesNow();
    netChoice.set(net.label);
    root.dataset.kind = net.kind;
    weights.textContent = `Weights of the recorded run ${net.run}, kept in half precision: ${net.test_error.toFixed(2)} % of the test images wrong after the last epoch. ${net.caption}`;
    offWords.textContent = OFF_WORDS[net.shortcut];
    let refocus = false;
    const width = switches.element.clientWidth;
    if (drawnFor !== `${net.label} ${width}`) {
      drawnFor = `${net.label} ${width}`;
      described = describeNet({ version: "v1", n: net.n, shortcut: net.shortcut });
      refocus = switches.draw(described);
      shown = null;
      blockChoice.replaceChildren(...blocksOf(described).map((block) => h("option", {}, formatBlockName(block))));
    }
    const chosen = chosenNow();
    switches.update(scales, chosen, refocus);
    blockChoice.selectedIndex = chosen;
    scale.value = scales[chosen];
    scale.setAttribute("aria-valuetext", stateWords(scales[chosen]));
    scaleValue.textContent = scales[chosen].toFixed(2);
    setting.textContent = settingWords(scales);
    removers.update(net, scales);
    showImage();
    accuracy.update(net, scales);
    drawLook();
    refresh();
  }

  // ------------------------------------------------ the image

  const imageNow = () => (model.get("image") < 0 && !own.pixels ? 0 : model.get("image"));
  const truthNow = () => (imageNow() < 0 ? -1 : images.labels[images.gallery[imageNow()]]);
  const pixelsNow = () => (imageNow() < 0 ? own.pixels : gallery.subarray(IMAGE_BYTES * imageNow(), IMAGE_BYTES * (imageNow() + 1)));
  const imageKey = () => `${model.get("net")} ${imageNow()} ${imageNow() < 0 ? own.count : ""}`;

  function showImage() {
    if (!gallery) return;
    drawPixels(said.canvas, pixelsNow());
    said.showImage(imageNow(), truthNow());
    back.hidden = !own.pixels || imageNow() < 0;
  }
  function chooseImage(image) {
    refused.replaceChildren();
    change({ image });
  }
  function goBack() {
    chooseImage(-1);
    root.focus({ preventScroll: true }); // the button goes
  }
  function takePicture(pixels) {
    own.pixels = pixels;
    own.count += 1;
    refused.replaceChildren();
    if (model.get("image") === -1) draw();
    else change({ image: -1 });
  }
  function refusePicture(why) {
    refused.replaceChildren(h("p", { class: "rl-alert" }, why));
  }

  // ------------------------------------------------ the net at work

  /** Resolves to the worker, with the net in it that is shown. */
  async function ready() {
    if (!server) {
      const source = new TextDecoder().decode(await loadWidgetFile(model, model.get("worker")));
      if (ended) throw new Error("this widget has gone");
      server ??= startInferenceWorker(source);
    }
    const { file } = netNow();
    if (!loading.has(file)) loading.set(file, loadWidgetFile(model, file).then((bytes) => server.load(file, bytes)));
    try {
      await loading.get(file);
    } catch (problem) {
      loading.delete(file);
      throw problem;
    }
    loaded.add(file);
    return server;
  }

  /** Lets the net compute: when the widget is first near, and when the reader asks again. */
  function begin() {
    near = true;
    failures.clear();
    refresh();
  }

  async function refresh() {
    if (!near || !gallery || ended || isWrong()) return;
    const [net, key] = [netNow(), imageKey()];
    again.hidden = !failures.has(net.label);
    if (!again.hidden) {
      root.removeAttribute("aria-busy");
      verdict.textContent = failures.get(net.label);
      return;
    }
    const current = () => !ended && !isWrong() && imageKey() === key;
    try {
      if (!loaded.has(net.file)) {
        verdict.textContent = `Loading ${net.label}, about ${formatShort(2 * described.params, "B")} …`;
        root.setAttribute("aria-busy", "true");
      }
      const worker = await ready();
      if (!current()) return;
      root.removeAttribute("aria-busy");
      const request = { net: net.file, pixels: pixelsNow().slice() };
      if (!isWhole(scalesNow()) && wholeLook?.key !== key) {
        const whole = await worker.predict({ ...request, scales: scalesNow().map(() => 1) });
        if (!whole || !current()) return; // a newer one is under way
        wholeLook = { key, probabilities: whole.probabilities };
      }
      // As they are now: the reader may have switched while a net was loaded.
      const [scales, watch] = [scalesNow(), chosenNow()];
      const found = await worker.predict({ ...request, scales, watchedBlock: watch });
      if (!found || !current()) return;
      if (isWhole(scales)) wholeLook = { key, probabilities: found.probabilities };
      look = { ...found, key, net, scales, watch };
      drawLook();
    } catch (problem) {
      if (current()) fail(net, problem);
    }
  }

  /** Says why a net does not compute; a new worker, and the file anew, where it is asked again. */
  function fail(net, problem) {
    server?.stop();
    server = null;
    loading.clear();
    loaded.clear();
    root.removeAttribute("aria-busy");
    failures.set(net.label, `${net.label} does not compute here: ${problem.message}. The drawing and the recorded figures stand.`);
    verdict.textContent = failures.get(net.label);
    words.announce(verdict.textContent);
    again.hidden = false;
  }

  function drawLook() {
    const fresh = look?.key === imageKey();
    root.classList.toggle("rl-waiting", !fresh);
    if (!fresh || look === shown) return;
    shown = look;
    const whole = !isWhole(look.scales) && wholeLook?.key === look.key ? wholeLook.probabilities : null;
    said.showProbabilities(look.probabilities, whole);
    verdict.textContent = verdictWords(look.probabilities, whole, truthNow(), classes);
    words.announce(`${settingWords(look.scales)}. ${verdict.textContent}`);
    const block = blocksOf(described)[look.watch];
    sizes.draw(described, look, look.watch);
    sizesSaid.textContent = sizeWords(block, look.branch[look.watch], look.skip[look.watch]);
    const facts = mapFacts(look.maps, look.shape[2]);
    mapsSaid.textContent = mapWords(block, look.shape, facts);
    maps.draw(look.maps, look.shape, facts.bright, look.net.kind, mapsSaid.textContent);
    timing.textContent = `: ${look.milliseconds.toFixed(1)} ms for this image`;
  }

  // ------------------------------------------------ what comes from outside

  const sprite = Uint8Array.from(atob(images.sprite.split(",")[1]), (letter) => letter.charCodeAt(0));
  decodeSprite(sprite, images.gallery.length).then((pixels) => {
    if (ended) return;
    gallery = pixels;
    said.showGallery(pixels);
    if (!isWrong()) draw();
  });
  const seen = typeof IntersectionObserver === "undefined" ? null
    : new IntersectionObserver((entries) => {
      if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
      seen.disconnect();
      begin();
    }, { rootMargin: NEAR });
  const resized = new ResizeObserver(() => {
    if (described && drawnFor !== `${model.get("net")} ${switches.element.clientWidth}`) draw();
  });
  const events = TRAITS.map((name) => `change:${name}`);
  const later = coalesce(draw);
  events.forEach((event) => model.on(event, later));
  const unguard = containKeys(root);
  draw();
  resized.observe(root);
  if (seen) seen.observe(root);
  else begin();
  return () => {
    ended = true;
    events.forEach((event) => model.off(event, later));
    seen?.disconnect();
    resized.disconnect();
    accuracy.stop();
    server?.stop();
    input.stop();
    words.stop();
    unguard();
  };
}

export default { render };

import { BATCH_SIZE, compareVersions, computeDepth, describeNet, findNetProblem, formatNetName, formatPythonCall } from "../shared/cifar_net.mjs";
import { createRadioGroup, createSlider, createVersionRadios } from "../shared/controls.mjs";
import { createAnnouncer, h } from "../shared/dom.mjs";
import { coalesce, containKeys } from "../shared/events.mjs";
import { formatInteger, formatShort } from "../shared/formatting.mjs";
import { createStageRows, formatBlockName, formatShape } from "../shared/net_drawing.mjs";

const SHORTCUT_WORDS = {
  identity: "identity", projection: "1×1 convolution", pad: "zero padding", none: "no shortcut", "": "",
};
const timesTight = (shape) => shape.join("×");

function blockInWords(block) {
  const skip = block.role === "block" ? `, shortcut ${SHORTCUT_WORDS[block.shortcut]}` : "";
  return `${formatBlockName(block)}: ${formatShape(block.input)} to ${formatShape(block.output)}, ${formatInteger(block.params)} parameters${skip}`;
}

/** The block under the reader's hand, operation by operation. */
function drawDetail(net, block) {
  const onSkip = (layer) => ["projection", "pad", "gate", "mix"].includes(layer.type);
  const sum = block.layers.findIndex((layer) => layer.type === "add");
  const row = (layer, index) =>
    h("tr", { class: `rl-op-${layer.type}${onSkip(layer) ? " rl-on-skip" : ""}${index <= sum ? " rl-bypassed" : ""}` },
      h("th", { scope: "row", title: layer.name }, layer.label),
      h("td", {}, timesTight(layer.shape)),
      h("td", {}, layer.params ? formatInteger(layer.params) : "–"),
      h("td", {}, layer.macs ? formatShort(layer.macs) : "–"));
  const skip = { none: "Plain: nothing goes around.", identity: "The skip hands x on unchanged.",
    projection: "The skip is a 1×1 convolution, for x must change its shape.",
    pad: "The skip takes every second pixel where it must, and pads with zero channels.", "": "" }[block.shortcut];
  return [
    h("div", { class: "rl-detail-head" },
      h("strong", {}, formatBlockName(block)),
      h("span", {}, `${formatShape(block.input)} → ${formatShape(block.output)}`),
      h("span", {}, `${formatInteger(block.params)} parameters`),
      h("span", {}, `${formatShort(block.macs)} multiply-adds`)),
    h("table", { class: `rl-skip-${block.shortcut}` },
      h("thead", {}, h("tr", {}, ["operation / stride", "output", "parameters", "multiply-adds"].map((title) => h("th", { scope: "col" }, title)))),
      h("tbody", {}, block.layers.map(row))),
    h("p", { class: "rl-note" }, skip, net.shortcut === "highway" && skip ? " The gate T mixes: x + T · (F(x) − x)." : null),
  ];
}

const STOPS = [...Array.from({ length: 18 }, (_, index) => index + 1), 25, 36, 50, 75, 111, 150, 200];
const PRESETS = { v1: [3, 9, 18, 200], v2: [3, 6, 12, 111] };

/** @param {{model: {get: Function, set: Function, on: Function, off: Function, save_changes: Function}, el: HTMLElement}} view */
function render({ model, el }) {
  const state = () => ({ version: model.get("version"), n: model.get("n"), shortcut: model.get("shortcut") });
  const change = (changes) => {
    for (const [name, value] of Object.entries(changes)) model.set(name, value);
    model.save_changes();
  };

  const version = createVersionRadios(model.get("version"), (value) => change({ version: value }));
  const shortcut = createRadioGroup({
    legend: "Shortcut", value: model.get("shortcut"), onchange: (value) => change({ shortcut: value }),
    options: [
      { value: "projection", label: "projection" }, { value: "pad", label: "pad" },
      { value: "highway", label: "highway" }, { value: "none", label: "none (plain)" },
    ],
  });
  const blocks = createSlider({
    label: "n, blocks in each stage", stops: STOPS, value: model.get("n"),
    describe: (n) => `n = ${n}, depth ${computeDepth(model.get("version"), n)}`,
    // A field that was emptied goes back to what stands.
    onchange: (n) => (n === null ? blocks.set(model.get("n")) : change({ n })),
  });
  const presets = h("div", { class: "rl-presets", role: "group", "aria-label": "Well-known depths" });
  const totals = h("dl", { class: "rl-totals" });
  const net = h("div", { class: "rl-net", role: "group", "aria-label": "The net's blocks; arrow keys go from one to the next" });
  const detail = h("div", { class: "rl-detail" });
  const words = createAnnouncer();
  const compare = h("p", { class: "rl-note" });
  const code = h("code", {});
  const copy = h("button", { type: "button", class: "rl-button", onclick: copyCode }, "Copy");
  const root = h("div", { class: "rl" },
    h("div", { class: "rl-controls" }, version.element, blocks.element, shortcut.element), presets,
    totals, net, detail, words.element, compare,
    h("div", { class: "rl-code" }, h("pre", { tabindex: 0, "aria-label": "Python that builds this net" }, code), copy));
  el.append(root);

  let drawn; // what describeNet() gave
  let chosen = "stage1_block1"; // by click, or by the keyboard
  const elements = new Map();

  function draw() {
    const now = state();
    const wrong = findNetProblem(now);
    root.classList.toggle("rl-invalid", Boolean(wrong));
    if (wrong) {
      net.replaceChildren(h("p", { class: "rl-error", role: "alert" }, wrong));
      return;
    }
    drawn = describeNet(now);
    version.set(now.version);
    shortcut.set(now.shortcut);
    blocks.set(now.n);
    root.dataset.kind = { none: "plain", highway: "highway" }[now.shortcut] ?? now.version;
    presets.replaceChildren(...PRESETS[now.version].map((n) =>
      h("button", { type: "button", class: "rl-chip", "aria-pressed": String(n === now.n), onclick: () => change({ n }) },
        formatNetName({ ...now, n }).replace(/ v\d$/, ""))));
    const figures = [
      ["Depth", `${drawn.depth}`, "layers with weights"],
      ["Parameters", formatInteger(drawn.params), `${formatInteger(drawn.trainable)} trained`],
      ["Multiply-adds", formatShort(drawn.macs), "for one image"],
      ["Activations", formatShort(drawn.activationBytes, "B"), `batch of ${BATCH_SIZE}, all kept`],
    ];
    totals.replaceChildren(...figures.map(([name, figure, note]) =>
      h("div", {}, h("dt", {}, name), h("dd", {}, figure, h("small", {}, note)))));
    drawNet();
    code.textContent = formatPythonCall(now);
    compare.textContent = compareVersions(drawn);
    words.announce(
      `${formatNetName(drawn)}: ${drawn.depth} layers deep, ${formatInteger(drawn.params)} parameters, ` +
      `${formatShort(drawn.macs)} multiply-adds for an image, ${formatShort(drawn.activationBytes, "B")} of activations for a batch of ${BATCH_SIZE}.`);
  }

  const attributesOf = (block) => ({ role: "button", tabindex: -1, "aria-label": blockInWords(block) });
  function drawNet() {
    const width = Math.max(240, Math.floor(net.clientWidth));
    const refocus = net.contains(document.activeElement);
    elements.clear();
    net.replaceChildren(...createStageRows(drawn, width, elements, attributesOf));
    const most = Math.max(...drawn.blocks.map((block) => block.layers.length));
    detail.style.setProperty("--rl-rows", most); // so that nothing below jumps
    choose(drawn.blocks.find((block) => block.name === chosen) ?? drawn.blocks[1], refocus);
  }

  function choose(block, focus = false) {
    chosen = block.name;
    for (const [one, element] of elements) {
      element.setAttribute("tabindex", one === block ? 0 : -1);
      element.classList.toggle("rl-selected", one === block);
    }
    show(block);
    if (focus) elements.get(block).focus({ preventScroll: true });
  }
  const show = (block) => detail.replaceChildren(...drawDetail(drawn, block));
  const blockAt = (event) => {
    const name = event.target.closest?.("[data-block]")?.dataset.block;
    return name && drawn.blocks.find((block) => block.name === name);
  };
  const chosenBlock = () => drawn.blocks.find((block) => block.name === chosen);

  net.addEventListener("pointerover", (event) => blockAt(event) && show(blockAt(event)));
  net.addEventListener("pointerleave", () => drawn && show(chosenBlock()));
  net.addEventListener("click", (event) => blockAt(event) && choose(blockAt(event), true));
  net.addEventListener("focusin", (event) => {
    const block = blockAt(event);
    if (block && block.name !== chosen) choose(block);
  });
  net.addEventListener("keydown", (event) => {
    const at = drawn.blocks.indexOf(chosenBlock());
    const last = drawn.blocks.length - 1;
    const to = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last,
      PageDown: at + drawn.n, PageUp: at - drawn.n }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    choose(drawn.blocks[Math.min(last, Math.max(0, to))], true);
  });

  async function copyCode() {
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      // No right to the clipboard (a page from a file, say): mark the text for the reader's own copy.
      getSelection().selectAllChildren(code);
      copy.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl-C";
      return;
    }
    copy.textContent = "Copied";
  }

  let width = 0;
  const resized = new ResizeObserver(([entry]) => {
    if (drawn && Math.abs(entry.contentRect.width - width) >= 1) drawNet();
    width = entry.contentRect.width;
  });
  const events = ["change:version", "change:n", "change:shortcut"];
  const later = coalesce(() => {
    copy.textContent = "Copy";
    draw();
  });
  events.forEach((event) => model.on(event, later));
  const unguard = containKeys(root);
  draw();
  resized.observe(net);
  return () => {
    events.forEach((event) => model.off(event, later));
    resized.disconnect();
    words.stop();
    unguard();
  };
}

export default { render };

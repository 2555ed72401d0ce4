// A net whose blocks are switches, and the size of each branch beside its skip.
import { createId, h, svg } from "../shared/dom.mjs";
import { createStageRows, formatBlockName } from "../shared/net_drawing.mjs";
import { chooseTickStep, clamp } from "../shared/plotting.mjs";
import { randomBlocks, scalesWithout, sizeWords, stateWords } from "./switch_words.mjs";

/** @typedef {import("../shared/cifar_net.mjs").Block} Block */

const ROOM = 7; // pixels of line left at each end of a block that is out

/** Makes of a drawn block one that can be seen to be off, or partly on: `set(scale)` shows it. */
function switchable(group, plain) {
  const number = (element, name) => Number(element.getAttribute(name));
  const slot = group.querySelector(".rl-hit-area");
  const [left, wide] = [number(slot, "x"), number(slot, "width")];
  const bodies = [...group.querySelectorAll(".rl-body")].map((body) => {
    const shell = body.cloneNode();
    shell.setAttribute("class", "rl-shell");
    body.before(shell);
    return { body, top: number(body, "y"), tall: number(body, "height") };
  });
  const middle = bodies[0].top + bodies[0].tall / 2;
  // Over the line that runs behind all blocks: without its branch there is a gap in it.
  slot.before(svg("rect", { class: "rl-cut", x: left + ROOM, y: middle - 3, width: wide - 2 * ROOM, height: 6 }));
  if (plain) bodies[0].body.before(svg("path", { class: "rl-bypass", d: `M${left + ROOM} ${middle}h${wide - 2 * ROOM}` }));
  return (scale) => {
    group.classList.toggle("rl-out", scale < 1);
    for (const { body, top, tall } of bodies) {
      body.setAttribute("height", tall * scale);
      body.setAttribute("y", top + tall * (1 - scale));
    }
  };
}

/**
 * The net with a switch on every block. `onswitch(index)` is called where one is pressed,
 * `onchoose(index)` where the reader comes to one by keyboard.
 */
export function createSwitches({ onswitch, onchoose }) {
  const element = h("div", {
    class: "rl-net rl-switches", role: "group",
    "aria-label": "The net’s blocks: Space switches one, arrow keys go from one to the next",
  });
  let [switches, per, chosen] = [[], 1, 0];

  /** @param {{n: number, shortcut: string, blocks: Block[]}} net  as `describe` gives it */
  function draw(net) {
    const refocus = element.contains(document.activeElement);
    const groups = new Map();
    const attributesOf = (block) => (block.role === "block" ? { role: "switch", tabindex: -1 } : { role: "img", "aria-label": formatBlockName(block) });
    element.replaceChildren(...createStageRows(net, Math.max(240, Math.floor(element.clientWidth)), groups, attributesOf));
    per = net.n;
    switches = [...groups].filter(([block]) => block.role === "block")
      .map(([block, group]) => ({ block, group, set: switchable(group, net.shortcut === "none") }));
    return refocus;
  }

  function update(scales, index, focus) {
    chosen = index;
    switches.forEach(({ block, group, set }, at) => {
      set(scales[at]);
      const scaled = scales[at] > 0 && scales[at] < 1 ? `, ${stateWords(scales[at])}` : "";
      group.setAttribute("aria-checked", `${scales[at] > 0}`);
      group.setAttribute("aria-label", `${formatBlockName(block)}${scaled}`);
      group.setAttribute("tabindex", at === chosen ? 0 : -1);
      group.classList.toggle("rl-selected", at === chosen);
    });
    if (focus) switches[chosen]?.group.focus({ preventScroll: true });
  }

  const indexAt = (event) => switches.findIndex(({ group }) => group.contains(event.target));
  element.addEventListener("click", (event) => {
    const index = indexAt(event);
    if (index < 0) return;
    switches[index].group.focus({ preventScroll: true });
    onswitch(index);
  });
  element.addEventListener("focusin", (event) => {
    const index = indexAt(event);
    if (index >= 0 && index !== chosen) onchoose(index);
  });
  element.addEventListener("keydown", (event) => {
    if (indexAt(event) < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = switches.length - 1;
    const to = { ArrowRight: chosen + 1, ArrowDown: chosen + 1, ArrowLeft: chosen - 1, ArrowUp: chosen - 1, Home: 0, End: last,
      PageDown: chosen + per, PageUp: chosen - per }[event.key];
    const press = event.key === "Enter" || event.key === " ";
    if (to === undefined && !press) return;
    event.preventDefault();
    if (press) onswitch(chosen);
    else switches[clamp(to, 0, last)].group.focus({ preventScroll: true });
  });
  return { element, draw, update };
}

// ---------------------------------------------------------------- several at once

/** Buttons that remove k blocks, and one that puts all on: `onscales` gets a scale for each block. */
export function createRemovers({ onscales }) {
  let [net, scales, k] = [null, [], 3];
  let draws = 0; // how often blocks have been removed at random
  let drawn = null; // the last time: { setting, words }
  const button = (text, onclick) => h("button", { type: "button", class: "rl-button", onclick }, text);
  const remove = (off) => onscales(scalesWithout(scales.length, off));
  const every = () => scales.map((_, block) => block);
  const buttons = {
    first: button("", () => remove(every().slice(0, k))),
    last: button("", () => remove(every().slice(scales.length - k))),
    random: button("", () => {
      const orders = net.lesions?.orders.length;
      const off = randomBlocks(net.lesions, scales.length, k, draws);
      const words = orders ? `random draw ${(draws % orders) + 1} of ${orders}` : `random draw ${draws + 1}`;
      drawn = { setting: `${scalesWithout(scales.length, off)}`, words };
      draws += 1;
      remove(off);
    }),
  };
  const said = h("span", { class: "rl-field-note", "aria-live": "polite" });
  const id = createId();
  const field = h("input", {
    type: "number", id, min: 1, step: 1,
    onchange: () => {
      const typed = Math.round(field.valueAsNumber);
      if (Number.isFinite(typed)) k = clamp(typed, 1, scales.length);
      show();
    },
  });
  const element = h("div", { class: "rl-removers" }, button("All on", () => remove([])),
    h("span", { class: "rl-how-many" }, h("label", { for: id }, "Remove k ="), field), Object.values(buttons), said);

  function show() {
    field.value = k;
    const texts = { first: [`first ${k}`, `Remove the first ${k}`], last: [`last ${k}`, `Remove the last ${k}`],
      random: [`${k} at random`, `Remove ${k} at random`] };
    for (const [name, [text, label]] of Object.entries(texts)) {
      buttons[name].textContent = text;
      buttons[name].setAttribute("aria-label", label);
    }
  }
  function update(newNet, newScales) {
    [net, scales] = [newNet, newScales];
    field.max = scales.length;
    k = Math.min(k, scales.length);
    said.textContent = drawn?.setting === `${scales}` ? drawn.words : "";
    show();
  }
  return { element, update };
}

// ---------------------------------------------------------------- branch and skip

const TALL = 104; // pixels of the longest bar
const [ABOVE, BELOW, BESIDE] = [10, 22, 34];

/**
 * For every block two bars: the root mean square of what its branch adds, and of what it is added
 * to. A click on a pair calls `onchoose(index)`; for those who listen there is a table.
 */
export function createSizes({ onchoose }) {
  const plot = h("div", { class: "rl-sizes-plot", "aria-hidden": "true" });
  const rows = h("tbody");
  const table = h("table", {}, h("caption", {}, "Root mean square of branch and skip, block by block"),
    h("thead", {}, h("tr", {}, ["block", "branch", "skip"].map((name) => h("th", { scope: "col" }, name)))), rows);
  const element = h("div", { class: "rl-sizes" }, plot, h("div", { class: "rl-visually-hidden" }, table));

  function draw(net, { branch, skip }, chosen) {
    const blocks = net.blocks.filter(({ role }) => role === "block");
    const width = Math.max(240, Math.floor(plot.clientWidth));
    const most = Math.max(...branch, ...skip, 1e-6);
    const step = chooseTickStep(most, 3);
    const heightOf = (value) => (TALL * value) / most;
    const space = 10; // between stages
    const pitch = (width - BESIDE - 2 * space) / blocks.length;
    const leftOf = (block, index) => BESIDE + index * pitch + (block.stage - 1) * space;
    const base = ABOVE + TALL;
    const bar = Math.min(16, pitch * 0.34);
    const drawing = svg("svg", { class: "rl-plot", width, height: base + BELOW });
    for (let value = 0; value <= most * 1.0001; value += step) {
      const y = base - heightOf(value);
      drawing.append(svg("path", { class: value ? "rl-grid" : "rl-axis", d: `M${BESIDE} ${y}H${width}` }),
        svg("text", { x: BESIDE - 6, y: y + 4, "text-anchor": "end", "font-size": 12 }, Number(value.toPrecision(3))));
    }
    blocks.forEach((block, index) => {
      const left = leftOf(block, index);
      const middle = left + pitch / 2;
      const pair = svg("g", { class: `rl-size${index === chosen ? " rl-selected" : ""}`, onclick: () => onchoose(index) },
        svg("title", {}, sizeWords(block, branch[index], skip[index])),
        svg("rect", { class: "rl-hit-area", x: left, y: 0, width: pitch, height: base, rx: 4 }),
        svg("rect", { class: "rl-size-skip", x: middle + 0.5, y: base - heightOf(skip[index]), width: bar, height: heightOf(skip[index]) }),
        svg("rect", { class: "rl-size-branch", x: middle - 0.5 - bar, y: base - heightOf(branch[index]), width: bar, height: heightOf(branch[index]) }));
      drawing.append(pair);
      if (block.index === 1) {
        drawing.append(svg("text", { x: leftOf(block, index) + (pitch * net.n) / 2, y: base + 17, "text-anchor": "middle", "font-size": 12 }, `stage ${block.stage}`));
      }
    });
    plot.replaceChildren(drawing);
    rows.replaceChildren(...blocks.map((block, index) => h("tr", {}, h("th", { scope: "row" }, formatBlockName(block)),
      h("td", {}, branch[index].toFixed(2)), h("td", {}, skip[index].toFixed(2)))));
  }
  return { element, draw };
}

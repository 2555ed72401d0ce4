// What several widgets use. The loader puts this file in front of each widget's module, so nothing
// here may act on import, and the names are the module's names too.

let lastId = 0;

/** An id of its own for every element, so that two instances on a page do not meet. */
export function uniqueId() {
  lastId += 1;
  return `rl-${lastId}-${Math.random().toString(36).slice(2, 8)}`;
}

/** Sets attributes, listeners (`onclick`) and children (elements, text, or null for none). */
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

/** An HTML element: `h("button", { class: "rl-button", onclick }, "Copy")`. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** 274442 → "274,442" */
export const withCommas = (number) => number.toLocaleString("en-US");

/** 40813184 → "40.8 M": three digits and a unit. */
export function short(number, unit = "") {
  const steps = [["G", 1e9], ["M", 1e6], ["k", 1e3]];
  const [prefix, size] = steps.find(([, size]) => number >= size) ?? ["", 1];
  const scaled = number / size;
  const digits = size === 1 ? 0 : scaled < 10 ? 2 : scaled < 100 ? 1 : 0;
  return `${scaled.toFixed(digits)} ${prefix}${unit}`.trim();
}

/** A fieldset of radio buttons in a row; returns the element and a way to set it from outside. */
export function radioGroup({ legend, options, value, onchange }) {
  const name = uniqueId();
  const inputs = options.map((option) =>
    h("input", {
      type: "radio",
      name,
      value: option.value,
      checked: option.value === value,
      onchange: () => onchange(option.value),
    }),
  );
  const labels = options.map((option, index) =>
    h("label", { class: "rl-choice", title: option.title }, inputs[index], h("span", {}, option.label)),
  );
  const element = h("fieldset", { class: "rl-field" }, h("legend", {}, legend));
  element.append(h("div", { class: "rl-choices" }, labels));
  const set = (wanted) => inputs.forEach((input) => (input.checked = input.value === wanted));
  return { element, set };
}

/** The choice between the two versions of a residual net. */
export const versionGroup = (value, onchange) =>
  radioGroup({
    legend: "Version", value, onchange,
    options: [
      { value: "v1", label: "v1", title: "conv-BN-ReLU, two 3×3 convolutions a block" },
      { value: "v2", label: "v2", title: "BN-ReLU-conv, bottlenecks of three convolutions" },
    ],
  });

/** A slider over `stops` with a number field beside it for every whole number between the ends. */
export function stopSlider({ label, stops, value, describe, onchange }) {
  const [least, most] = [stops[0], stops.at(-1)];
  const [sliderId, numberId] = [uniqueId(), uniqueId()];
  const slider = h("input", {
    type: "range",
    id: sliderId,
    min: 0,
    max: stops.length - 1,
    step: 1,
    oninput: () => onchange(stops[slider.valueAsNumber]),
  });
  const number = h("input", {
    type: "number",
    id: numberId,
    min: least,
    max: most,
    step: 1,
    "aria-label": `${label}, ${least} to ${most}`,
    onchange: () => {
      const typed = Math.round(number.valueAsNumber);
      onchange(Number.isFinite(typed) ? Math.min(most, Math.max(least, typed)) : null);
    },
  });
  const set = (wanted) => {
    const away = stops.map((stop) => Math.abs(stop - wanted));
    slider.value = away.indexOf(Math.min(...away));
    slider.setAttribute("aria-valuetext", describe(wanted));
    number.value = wanted;
  };
  set(value);
  const row = h("div", { class: "rl-slider" }, slider, number);
  return { element: h("div", { class: "rl-field" }, h("label", { for: sliderId }, label), row), set };
}

/** A field for a whole number, and what stands beside it; emptied, it gives `empty`. */
export function numberField({ label, min, max, empty, onchange }) {
  const id = uniqueId();
  const beside = h("span", { class: "rl-beside" });
  const input = h("input", {
    type: "number", id, min, max, step: 1,
    onchange: () => {
      const typed = Math.round(input.valueAsNumber);
      onchange(Number.isFinite(typed) ? Math.min(max, Math.max(min, typed)) : empty);
    },
  });
  const element = h("div", { class: "rl-field" }, h("label", { for: id }, label), h("div", { class: "rl-slider" }, input, beside));
  return { element, beside, set: (value) => (input.value = value) };
}

/** A listener that draws a change of two values at once only once. */
export function coalesced(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    queueMicrotask(() => {
      waiting = false;
      draw();
    });
  };
}

/** Keeps arrow keys and letters from JupyterLab, which would take them for its own. */
export function guardKeys(root) {
  const stop = (event) => event.stopPropagation();
  root.addEventListener("keydown", stop);
  return () => root.removeEventListener("keydown", stop);
}

/** The figure in words, read aloud when the reader has come to rest. */
export function announcer() {
  const element = h("p", { class: "rl-words", "aria-live": "polite" });
  let timer;
  const say = (words) => {
    clearTimeout(timer);
    timer = setTimeout(() => (element.textContent = words), element.textContent ? 400 : 0);
  };
  return { element, say, stop: () => clearTimeout(timer) };
}

/**
 * A file of the widget, too heavy for the page: live it is in the trait `files`, and the built page's
 * model fetches it from beside the page.
 * @returns {Promise<Uint8Array>}
 */
export async function fileOf(model, name) {
  const view = model.get("files")?.[name];
  if (view) return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  if (model.file) return model.file(name);
  throw new Error(`the widget holds no file ${name}`);
}

// ---------------------------------------------------------------- for drawing

export const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** The step of 1, 2 or 5 times a power of ten that cuts `span` into at most `count` parts. */
export function niceStep(span, count) {
  const power = 10 ** Math.floor(Math.log10(span / count));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => span / step <= count + 1e-9);
}

/** What to write at an axis that counts from 1 to `last`: the first, round ones, and the last. */
export function countTicks(last, count) {
  if (last <= 1) return [1];
  const step = Math.max(1, niceStep(last, count));
  const round = Array.from({ length: Math.floor(last / step) }, (_, index) => (index + 1) * step);
  return [1, ...round.filter((at) => at - 1 >= 0.6 * step && last - at >= 0.6 * step), last];
}

/** A line through values at 1, 2, 3 and so on, with a gap where one is null. */
export function pathOf(values, x, y) {
  let path = "";
  values.forEach((value, index) => {
    if (value === null) return;
    const joined = index > 0 && values[index - 1] !== null;
    path += `${joined ? "L" : "M"}${x(index + 1).toFixed(1)} ${y(value).toFixed(1)}`;
    if (!joined && (values[index + 1] ?? null) === null) path += "h.01"; // a point, by its round cap
  });
  return path;
}

/** Positions as near to those wanted as can be, `gap` apart and in the same order. */
export function spread(wanted, gap, low, high) {
  const order = wanted.map((_, index) => index).sort((a, b) => wanted[a] - wanted[b]);
  // Less rank × gap, those that would overlap are those in falling order: they take their mean.
  const pools = [];
  order.forEach((index, rank) => {
    let pool = { sum: wanted[index] - rank * gap, count: 1 };
    while (pools.length && pools.at(-1).sum / pools.at(-1).count > pool.sum / pool.count) {
      const before = pools.pop();
      pool = { sum: before.sum + pool.sum, count: before.count + pool.count };
    }
    pools.push(pool);
  });
  const most = Math.max(low, high - (wanted.length - 1) * gap);
  const starts = pools.flatMap(({ sum, count }) => Array(count).fill(clamp(sum / count, low, most)));
  const placed = [];
  order.forEach((index, rank) => (placed[index] = starts[rank] + rank * gap));
  return placed;
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/** A function that measures bold text of `size` pixels, in the page's `--rl-font` where it has one. */
export function rulerOf(size) {
  const ruler = document.createElement("canvas").getContext("2d");
  const ofPage = getComputedStyle(document.documentElement).getPropertyValue("--rl-font");
  ruler.font = `600 ${size}px ${ofPage || FONT}`;
  return (text) => ruler.measureText(text).width;
}

/** Where the pointer is in `element`, in its own pixels: CSS `zoom`, as on a slide, makes them larger or smaller. */
export function pointIn(element, event) {
  const box = element.getBoundingClientRect();
  const zoom = element.currentCSSZoom ?? 1;
  return { x: (event.clientX - box.left) / zoom, y: (event.clientY - box.top) / zoom };
}

export const icon = (path) =>
  svg("svg", { class: "rl-icon", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    svg("path", { d: path }));

/** A piece of line, for a key. */
export const sample = (classes, attributes = {}) =>
  svg("svg", { class: "rl-sample", width: 26, height: 8, "aria-hidden": "true" },
    svg("path", { class: classes, d: "M1 4H25", ...attributes }));

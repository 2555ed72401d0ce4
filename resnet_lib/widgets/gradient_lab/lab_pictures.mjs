import { LINE, POINTS, STEPS } from "./dense_net.mjs";
import { FLOAT32_LEAST, FLOAT32_NORMAL, powerOfTen, writtenAny } from "./lab_words.mjs";
import { createTextRuler, h, svg } from "../shared/dom.mjs";
import { chooseCountTicks, chooseTickStep, clamp, separatePositions } from "../shared/plotting.mjs";

// What the gradient lab draws.

// ---------------------------------------------------------------- axes

/** Powers of ten that hold all values above 0, and `low` to `high` at the least. A row more below
 *  for a 0, and above for what is not finite. */
export function decades(lists, low, high) {
  let [least, most, zero, broken] = [10 ** low, 10 ** high, false, false];
  for (const list of lists) {
    for (const value of list) {
      if (!Number.isFinite(value)) broken = true;
      else if (value === 0) zero = true;
      else [least, most] = [Math.min(least, value), Math.max(most, value)];
    }
  }
  const [first, last] = [Math.floor(Math.log10(least) + 1e-9), Math.ceil(Math.log10(most) - 1e-9)];
  const range = { low: first, high: last + 0, zero, broken }; // + 0: no -0
  const room = Math.max(1, Math.round((range.high - range.low) / 8));
  return { ...range, bottom: range.low - (zero ? room : 0), top: range.high + (broken ? room : 0) };
}

/** Exponents to write at the axis, `count` at most or a few more. */
export function decadeTicks({ low, high }, count) {
  const step = Math.max(1, chooseTickStep(high - low, count));
  const first = Math.ceil(low / step) * step;
  return Array.from({ length: Math.floor((high - first) / step) + 1 }, (_, index) => first + index * step + 0);
}

/** From a value to its height in pixels: 0 lies at the bottom, what is not finite at the top. */
export function decadeScale({ bottom, top }, upper, lower) {
  return (value) => {
    if (!Number.isFinite(value)) return upper;
    if (value === 0) return lower;
    return lower - ((lower - upper) * (Math.log10(value) - bottom)) / (top - bottom);
  };
}

/** A line through values above 0, with a gap where one is not. */
export function lineThrough(values, x, y) {
  let [path, joined] = ["", false];
  for (let index = 0; index < values.length; index += 1) {
    const drawn = values[index] > 0 && Number.isFinite(values[index]);
    if (drawn) path += `${joined ? "L" : "M"}${x(index).toFixed(1)} ${y(values[index]).toFixed(1)}`;
    joined = drawn;
  }
  return path;
}

/** A point for each value above 0 (by a round cap), or a cross for each that is not. */
function marksAt(values, x, y, crosses = false) {
  let path = "";
  for (let index = 0; index < values.length; index += 1) {
    const drawn = values[index] > 0 && Number.isFinite(values[index]);
    if (drawn === crosses) continue;
    const [cx, cy] = [x(index).toFixed(1), y(values[index]).toFixed(1)];
    path += crosses ? `M${cx} ${cy}m-3-3l6 6m0-6l-6 6` : `M${cx} ${cy}h.01`;
  }
  return path;
}

// ---------------------------------------------------------------- the plot of all layers

const exponentText = (exponent) => (exponent === 0 ? "1" : powerOfTen(exponent));
const sheet = (width, height, size, ...children) => svg("svg", {
  class: "rl-plot", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true",
  style: `font-size: ${size}px`,
}, ...children);
const tickLeft = (x, y, words) =>
  svg("text", { class: "rl-tick", x: x - 8, y, dy: "0.35em", "text-anchor": "end" }, words);
const tickBelow = (x, y, words) => svg("text", { class: "rl-tick", x, y, "text-anchor": "middle" }, words);

const LEAST = Math.log10(FLOAT32_LEAST);

/** One of the two panels: an axis of powers of ten that changes only where its range does. */
function createPanel({ name, left, right, top, bottom, low, high, floor }) {
  const axis = svg("g");
  const ghost = svg("path", { class: "rl-ghost" });
  const line = svg("path", { class: "rl-curve rl-lab-line" });
  const dots = svg("path", { class: "rl-lab-dots" });
  const crosses = svg("path", { class: "rl-cross rl-lab-cross" });
  const element = svg("g", { "data-panel": name }, axis, ghost, line, crosses, dots);
  let drawnRange = "";
  let y;

  function drawAxis(range) {
    const key = JSON.stringify(range);
    if (key === drawnRange) return;
    drawnRange = key;
    y = decadeScale(range, top, bottom);
    const parts = [];
    const at = (exponent) => Math.round(y(10 ** exponent)) + 0.5;
    if (floor && range.bottom < Math.log10(FLOAT32_NORMAL)) parts.push(...drawFloor());
    for (const exponent of decadeTicks(range, Math.max(3, Math.floor((bottom - top) / 38)))) {
      parts.push(svg("path", { class: "rl-grid", d: `M${left} ${at(exponent)}H${right}` }),
        tickLeft(left, at(exponent), exponentText(exponent)));
    }
    const edge = (height, tick, words, base) => parts.push(
      svg("path", { class: "rl-lab-edge", d: `M${left} ${height + 0.5}H${right}` }), tickLeft(left, height, tick),
      svg("text", { class: "rl-floor-text rl-edge-text", x: right - 8, y: base, "text-anchor": "end" }, words));
    if (range.zero) edge(bottom, "0", "nothing: 0, even in float64", bottom - 7);
    if (range.broken) edge(top, "∞", "overflow: not a finite number", top + 17);
    axis.replaceChildren(...parts);
  }

  /** Where float32, which nets are trained in, has fewer digits, and where it has nothing. */
  function drawFloor() {
    const [normal, least] = [y(FLOAT32_NORMAL), Math.min(bottom, y(FLOAT32_LEAST))];
    const ground = (name, upper) =>
      svg("rect", { class: name, x: left, y: upper, width: right - left, height: Math.max(0, bottom - upper) });
    const parts = [ground("rl-few-digits", normal)];
    const say = (words, height, classes) =>
      svg("text", { class: `rl-floor-text ${classes}`, x: right - 8, y: height, "text-anchor": "end" }, words);
    if (least - normal > 17) parts.push(say("float32 loses digits", normal + 13, "rl-few-text"));
    if (y(FLOAT32_LEAST) < bottom - 1) {
      parts.push(
        ground("rl-no-float", least),
        svg("path", { class: "rl-floor", d: `M${left} ${Math.round(least) + 0.5}H${right}` }),
        say(right - left < 400 ? "float32 ends here" : "float32 ends here, at 10⁻⁴⁵", least + 17, "rl-end-text"));
    }
    return parts;
  }

  function update(values, before, x, size) {
    const range = decades([values, before ?? []], low, high);
    if (floor && range.bottom < LEAST) { // room for the words below the line where float32 ends
      const share = 24 / (bottom - top);
      range.bottom = Math.min(range.bottom, Math.floor((LEAST - share * range.top) / (1 - share)));
    }
    drawAxis(range);
    ghost.setAttribute("d", before ? lineThrough(before, x, y) : "");
    line.setAttribute("d", lineThrough(values, x, y));
    dots.setAttribute("d", marksAt(values, x, y));
    crosses.setAttribute("d", marksAt(values, x, y, true));
    dots.setAttribute("stroke-width", size);
  }
  return { element, update, heightOf: (value) => y(value) };
}

/** The gradients' panel over that of the spreads, and the axis of layers below both. */
export function createPlot(width) {
  const [left, right] = [56, width - 4];
  const narrow = width < 480;
  const size = narrow ? 13 : 14;
  const widthOf = createTextRuler(size);
  const tall = Math.round(clamp(0.38 * width, 210, 300));
  const [top, middle] = [30, 30 + tall];
  const [second, bottom] = [middle + 52, middle + 52 + Math.round(0.45 * tall)];
  const gradients = createPanel({ name: "gradient", left, right, top, bottom: middle, low: -3, high: 1, floor: true });
  const spreads = createPanel({ name: "spread", left, right, top: second, bottom, low: -2, high: 1, floor: false });
  const layers = svg("g");
  const moving = svg("g");
  const title = (y, name, way) => [
    svg("text", { class: "rl-lab-title", x: 0, y }, name),
    svg("text", { class: "rl-lab-way", x: right, y, "text-anchor": "end" }, way),
  ];
  const height = bottom + 44;
  const drawing = sheet(width, height, size,
    title(14, "Gradient norm", narrow ? "← backwards" : "← backwards, from the loss to the input"),
    title(second - 16, "Spread of the outputs", narrow ? "forwards →" : "forwards, from the input to the loss →"),
    svg("path", { class: "rl-axis", d: `M${left} ${bottom + 0.5}H${right}` }), layers,
    gradients.element, spreads.element, tickBelow((left + right) / 2, bottom + 40, "layer"), moving);
  let depth = 0;
  let look;
  let ticks = [];
  const inner = [left + 12, right - 12];
  const x = (index) => (depth === 1 ? (left + right) / 2 : inner[0] + ((inner[1] - inner[0]) * index) / (depth - 1));

  function update(now, before) {
    look = now;
    if (depth !== now.norms.length) {
      depth = now.norms.length;
      ticks = chooseCountTicks(depth, clamp(Math.floor((right - left) / 40), 2, 12)).map((tick) => ({
        at: x(tick - 1), half: widthOf(`${tick}`) / 2,
        text: tickBelow(x(tick - 1), bottom + 20, `${tick}`),
      }));
      const marks = svg("path", { class: "rl-axis", d: ticks.map(({ at }) => `M${at} ${bottom}v5`).join("") });
      layers.replaceChildren(marks, ...ticks.map(({ text }) => text));
    }
    const size = clamp((0.6 * (right - left)) / depth, 3.5, 9);
    const cut = (list) => list?.subarray(0, depth); // of a deeper net, what there is room for
    gradients.update(now.norms, cut(before?.norms), x, size);
    spreads.update(now.spreads, cut(before?.spreads), x, size);
    read(0);
  }

  /** Marks a layer, from 1; 0 for none. */
  function read(layer) {
    const at = x(layer - 1);
    const half = widthOf(`${layer}`) / 2 + 7;
    const covered = (tick) => layer > 0 && Math.abs(tick.at - at) < half + tick.half + 3;
    ticks.forEach((tick) => tick.text.toggleAttribute("hidden", covered(tick)));
    if (!layer) {
      moving.replaceChildren();
      return;
    }
    const hair = Math.round(at) + 0.5;
    const point = (value, panel) => (value === undefined ? null
      : svg("circle", { class: "rl-point rl-lab-point", cx: at, cy: panel.heightOf(value), r: 6 }));
    moving.replaceChildren(...[
      svg("path", { class: "rl-crosshair", d: `M${hair} ${top}V${middle}M${hair} ${second}V${bottom}` }),
      svg("rect", { class: "rl-axis-flag", x: at - half, y: bottom + 6, width: 2 * half, height: 19, rx: 5 }),
      svg("text", { class: "rl-axis-flag-text", x: at, y: bottom + 20, "text-anchor": "middle" }, `${layer}`),
      point(look.norms[layer - 1], gradients), point(look.spreads[layer - 1], spreads),
    ].filter(Boolean));
  }
  const share = (pixel) => (pixel - inner[0]) / (inner[1] - inner[0]);
  const layerAt = (pixel) => Math.round(clamp(1 + share(pixel) * (depth - 1), 1, depth));
  return { drawing, update, read, layerAt };
}

// ---------------------------------------------------------------- losses, fields, slopes

export const KINDS = [["plain", "plain", "plain"], ["skip", "v1", "with skip"]]; // which net, its colour, its name

/** Both losses against the step, on a log axis; `update(losses)` as they grow. */
export function createLossChart(width, height) {
  const roomy = width > 440; // for the values beside the curves' ends
  const [left, right, top, bottom] = [44, width - (roomy ? 140 : 84), 10, height - 40];
  const x = (step) => left + ((right - left) * step) / STEPS;
  const axis = svg("g");
  const moving = svg("g");
  const hint = tickBelow((left + right) / 2, (top + bottom) / 2,
    roomy ? "Here the losses of both nets will fall, or not." : "No losses yet");
  const lines = KINDS.map(([, kind]) => svg("path", { class: "rl-curve", "data-kind": kind }));
  const drawing = sheet(width, height, 14, axis, hint, lines, moving,
    [0, 50, 100, 150, 200].map((step) => tickBelow(x(step), bottom + 18, `${step}`)),
    tickBelow((left + right) / 2, bottom + 36, "step"));
  let drawnRange = "";
  let y;

  function drawAxis(range) {
    if (JSON.stringify(range) === drawnRange) return;
    drawnRange = JSON.stringify(range);
    y = decadeScale(range, top, bottom);
    const guess = Math.round(y(Math.LN2)) + 0.5;
    axis.replaceChildren(
      ...decadeTicks(range, 6).flatMap((exponent) => [
        svg("path", { class: "rl-grid", d: `M${left} ${Math.round(y(10 ** exponent)) + 0.5}H${right}` }),
        tickLeft(left, y(10 ** exponent), exponentText(exponent)),
      ]),
      svg("path", { class: "rl-axis", d: `M${left} ${bottom + 0.5}H${right}` }),
      svg("path", { class: "rl-lab-guess", d: `M${left} ${guess}H${right}` }));
  }

  function update(losses) {
    const finite = KINDS.map(([which]) => losses[which].filter(Number.isFinite));
    const range = decades(finite, -2, 0);
    drawAxis({ low: range.low, high: range.high, bottom: range.bottom, top: range.top });
    hint.toggleAttribute("hidden", losses.plain.length > 0);
    const tips = [];
    KINDS.forEach(([which, kind, name], index) => {
      const own = finite[index];
      lines[index].setAttribute("d", lineThrough(own, x, y));
      if (!own.length) return;
      const broken = own.length < losses[which].length;
      const [at, value] = [own.length - 1, own.at(-1)];
      const words = broken ? (roomy ? `${name}: not a number` : name) : roomy ? `${name} ${writtenAny(value)}` : name;
      tips.push({ kind, broken, words, x: x(at), y: y(value) });
    });
    // Labels keep apart, those that follow a curve and those at the right end; what a net reaches that
    // guesses has its own.
    const guess = { words: roomy ? "guessing 0.69" : "guessing", x: right, y: y(Math.LN2), quiet: true };
    const atEnd = [...tips.filter((tip) => tip.x > right - 130), guess];
    for (const labels of [atEnd, tips.filter((tip) => !atEnd.includes(tip))]) {
      const heights = separatePositions(labels.map((label) => label.y), 17, top + 4, bottom - 4);
      labels.forEach((label, rank) => (label.height = heights[rank]));
    }
    moving.replaceChildren(...tips.map(({ kind, broken, x: cx, y: cy }) => (broken
      ? svg("path", { class: "rl-cross", "data-kind": kind, d: `M${cx - 5} ${cy - 5}l10 10m0-10l-10 10` })
      : svg("circle", { class: "rl-point", "data-kind": kind, cx, cy, r: 4 }))),
    ...[...tips, guess].map(({ kind, words, x: end, height, quiet }) => {
      const name = quiet ? "rl-lab-guess-text" : "rl-curve-name";
      return svg("g", { class: "rl-curve-label", "data-kind": kind },
        svg("text", { class: name, x: end + 10, y: height, dy: "0.35em" }, words));
    }));
  }
  update({ plain: [], skip: [] });
  return { drawing, update };
}

const CELLS = 48; // of a field, along each side
const EDGE = 2.6; // a field reaches from -EDGE to EDGE; the task's points have mean 0 and deviation 1

/** The middles of a field's cells, (2, CELLS²), row by row from the top. */
export function fieldPoints(cells = CELLS) {
  const points = new Float64Array(2 * cells * cells);
  for (let index = 0; index < cells * cells; index += 1) {
    points[index] = EDGE * ((2 * ((index % cells) + 0.5)) / cells - 1);
    points[cells * cells + index] = EDGE * (1 - (2 * (Math.floor(index / cells) + 0.5)) / cells);
  }
  return points;
}

/** Where the values of a square grid cross 0, as pieces of path; cell (0, 0)'s middle is at 0.5, 0.5. */
export function contour(values, cells = CELLS) {
  let path = "";
  for (let row = 0; row + 1 < cells; row += 1) {
    for (let column = 0; column + 1 < cells; column += 1) {
      const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([dx, dy]) =>
        [column + dx + 0.5, row + dy + 0.5, values[(row + dy) * cells + column + dx]]);
      const crossed = corners.flatMap(([x, y, value], index) => {
        const [toX, toY, other] = corners[(index + 1) % 4];
        if (value > 0 === other > 0) return [];
        const share = value / (value - other);
        return [`${(x + share * (toX - x)).toFixed(2)} ${(y + share * (toY - y)).toFixed(2)}`];
      });
      for (let pair = 0; pair + 1 < crossed.length; pair += 2) path += `M${crossed[pair]}L${crossed[pair + 1]}`;
    }
  }
  return path;
}

/**
 * What a net says of every place around the task's points: the deeper the colour, the likelier the
 * filled class. The picture is a mask over the colour, so that it follows light and dark by itself.
 */
export function createField(kind, name) {
  const tint = h("div", { class: "rl-field-tint" });
  const line = svg("path", { class: "rl-field-line" });
  const points = ["rl-class-0", "rl-class-1"].map((name) =>
    [`${name} rl-rim`, name].map((names) => svg("path", { class: names })));
  const caption = h("figcaption", {});
  const element = h("figure", { class: "rl-decision", "data-kind": kind },
    h("div", { class: "rl-decision-frame" }, tint,
      svg("svg", { viewBox: `0 0 ${CELLS} ${CELLS}`, "aria-hidden": "true" }, line, points.flat())), caption);
  const place = (value) => (CELLS * (value / EDGE + 1)) / 2;

  function clear(x) {
    tint.style.removeProperty("mask-image");
    tint.style.removeProperty("-webkit-mask-image");
    line.setAttribute("d", "");
    points.forEach((paths, label) => { // a point by a round cap, over a wider one that is its rim
      let path = "";
      for (let p = (label * POINTS) / 2; p < ((label + 1) * POINTS) / 2; p += 1) {
        path += `M${place(x[p]).toFixed(2)} ${(CELLS - place(x[POINTS + p])).toFixed(2)}h.001`;
      }
      paths.forEach((one) => one.setAttribute("d", path));
    });
    say("not trained yet");
  }
  const say = (words) => caption.replaceChildren(h("strong", {}, name), ` ${words}`);

  function show(logits, right) {
    const canvas = h("canvas", { width: CELLS, height: CELLS });
    const pen = canvas.getContext("2d");
    const image = pen.createImageData(CELLS, CELLS);
    logits.forEach((logit, index) => (image.data[4 * index + 3] = Math.round(255 / (1 + Math.exp(-logit)))));
    pen.putImageData(image, 0, 0);
    const mask = `url(${canvas.toDataURL()})`;
    for (const property of ["mask-image", "-webkit-mask-image"]) tint.style.setProperty(property, mask);
    line.setAttribute("d", contour(logits));
    say(`${right} of ${POINTS} right`);
  }
  return { element, clear, show, say };
}

/** One strip: the slope along the line, as tall as the strip, and the height where it is 0. The
 *  line's inputs are written below it where there is room: where `whole` is more than `height`. */
export function drawStrip(slopes, width, height, whole = height) {
  const [low, high] = slopes.reduce(([least, most], slope) => [Math.min(least, slope), Math.max(most, slope)], [0, 0]);
  const drawable = high > low && Number.isFinite(high - low);
  const finite = slopes.every(Number.isFinite);
  const y = (slope) => (drawable ? 4 + ((height - 8) * (high - slope)) / (high - low) : height / 2);
  const zero = y(0);
  const at = (slope, index) => `${((width * index) / (LINE - 1)).toFixed(1)} ${y(slope).toFixed(1)}`;
  const line = Array.from(slopes, at).join("L");
  const ticks = [["−2", 0.5, "start"], ["0", width / 2, "middle"], ["2", width - 0.5, "end"]];
  return sheet(width, whole, 14,
    finite ? svg("path", { class: "rl-strip-area", d: `M0 ${zero}L${line}L${width} ${zero}Z` }) : [],
    svg("path", { class: "rl-axis", d: `M0 ${Math.round(zero) + 0.5}H${width}` }),
    finite ? svg("path", { class: "rl-curve rl-strip-line", d: `M${line}` }) : [],
    whole === height ? [] : ticks.map(([words, x, anchor]) => [
      svg("path", { class: "rl-axis", d: `M${x} ${height}v5` }),
      svg("text", { class: "rl-tick", x, y: height + 20, "text-anchor": anchor }, words)]).flat());
}

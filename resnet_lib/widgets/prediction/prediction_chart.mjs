import { measured, filledIn, nearest, stroked, unitOf } from "./prediction_words.mjs";
import { createTextRuler, h, svg } from "../shared/dom.mjs";
import { locatePointer } from "../shared/events.mjs";
import { chooseCountTicks, chooseTickStep, clamp, createLinePath, separatePositions } from "../shared/plotting.mjs";

// The plot on which a reader draws a curve, and the real one is then drawn over it.

const [TOP, BOTTOM, LEFT] = [30, 40, 44]; // pixels around the axes
const HELP =
  "Drag across the plot, or use the arrow keys: left and right move along, up and down set the value. " +
  "Shift takes larger steps, Delete takes a point away.";

/**
 * @param asked what is asked, by the names of the traits
 * @param changed is called with the points after every stroke and key, null where nothing is drawn
 */
export function createDrawing(asked, labelId, changed) {
  const { x, y, low, high } = asked;
  const unit = unitOf(asked.ylabel);
  const fine = chooseTickStep(high - low, 100);
  const frame = h("div", { class: "rl-plot-frame rl-drawing" });
  const help = h("p", { class: "rl-note" }, HELP);
  let points = x.map(() => null);
  let at = 0; // the point under the reader's keys
  let revealed = false;
  let scales; // of what is drawn
  let pen = null; // where the pointer was, while it draws

  function draw(fresh = false) {
    const width = Math.max(240, Math.floor(frame.clientWidth));
    const height = width < 480 ? 250 : 310;
    const ruler = createTextRuler(13);
    const names = [...asked.given.map((one) => one.name), asked.label, "you"];
    const right = width - Math.ceil(Math.max(...names.map(ruler))) - 14;
    const foot = height - BOTTOM;
    scales = {
      x: (value) => LEFT + ((value - x[0]) / (x.at(-1) - x[0])) * (right - LEFT),
      y: (value) => foot - ((value - low) / (high - low)) * (foot - TOP),
      fromX: (pixel) => x[0] + clamp((pixel - LEFT) / (right - LEFT), 0, 1) * (x.at(-1) - x[0]),
      fromY: (pixel) => low + clamp((foot - pixel) / (foot - TOP), 0, 1) * (high - low),
    };
    const text = (attributes, words) => svg("text", { "font-size": 13, ...attributes }, words);
    const grid = ticksOf(low, high, 5).map((value) => [
      svg("path", { class: "rl-grid", d: `M${LEFT} ${scales.y(value)}H${right}` }),
      text({ x: LEFT - 8, y: scales.y(value) + 4, "text-anchor": "end" }, measured(value, "")),
    ]);
    const along = x[0] === 1 && x.every(Number.isInteger) ? chooseCountTicks(x.at(-1), Math.floor((right - LEFT) / 70)) : ticksOf(x[0], x.at(-1), 6);
    const foots = along.map((value) =>
      text({ x: scales.x(value), y: foot + 18, "text-anchor": "middle" }, measured(value, "")));
    const curve = (values, classes, attributes = {}) =>
      svg("path", { class: `rl-curve ${classes}`, d: createLinePath(values, (count) => scales.x(x[count - 1]), scales.y), ...attributes });
    const lines = asked.given.map((one) => ({ name: one.name, y: one.y, "data-kind": one.kind, style: "--rl-depth: 0" }));
    if (revealed) lines.push({ name: asked.label, y, "data-kind": asked.kind, style: "--rl-depth: 0.6", classes: fresh ? "rl-drawn-now" : "" });
    const guess = filledIn(x, points);
    const ends = [...lines.map((line) => [line.name, line.y.at(-1), line]), ...(guess ? [["you", guess.at(-1), {}]] : [])];
    const places = separatePositions(ends.map(([, end]) => scales.y(end)), 17, TOP, foot);
    const drawing = svg("svg", { class: "rl-plot", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
      text({ x: 0, y: 14, class: "rl-axis-name" }, asked.ylabel),
      text({ x: (LEFT + right) / 2, y: height - 4, "text-anchor": "middle" }, asked.xlabel),
      ...grid.flat(), svg("path", { class: "rl-axis", d: `M${LEFT} ${foot}H${right}` }), ...foots,
      ...(guess ? [curve(guess, "rl-guess rl-guess-filled"), curve(points, "rl-guess")] : []),
      ...lines.map(({ y: values, classes, ...rest }) => curve(values, `${classes ?? ""}`, { "data-kind": rest["data-kind"], style: rest.style })),
      ...ends.map(([name, , line], index) =>
        svg("g", { class: "rl-curve-label", "data-kind": line["data-kind"], style: line.style },
          text({ class: line["data-kind"] ? "rl-curve-name" : "rl-curve-name rl-guess-name", x: right + 8, y: places[index] + 4 }, name))),
      revealed ? null : svg("g", { class: "rl-pen" },
        svg("path", { class: "rl-crosshair", d: `M${scales.x(x[at])} ${TOP}V${foot}` }),
        svg("circle", { class: "rl-pen-point", cx: scales.x(x[at]), cy: scales.y(guess?.[at] ?? (low + high) / 2), r: 7 })),
      !guess && !revealed ? text({ class: "rl-invite", x: (LEFT + right) / 2, y: TOP + 18, "text-anchor": "middle" }, "draw your curve here") : null);
    frame.replaceChildren(drawing);
    describe(guess);
  }

  function describe(guess) {
    const where = `${asked.xlabel} ${measured(x[at], "")}`;
    const value = guess?.[at] ?? (low + high) / 2;
    const filled = points[at] === null ? ", filled in" : "";
    const attributes = revealed
      ? { role: "img", "aria-label": `${asked.ylabel}: the real curve${guess ? " over the one you drew" : ""}` }
      : {
        role: "slider", tabindex: 0, "aria-labelledby": labelId, "aria-describedby": help.id, "aria-orientation": "vertical",
        "aria-valuemin": low, "aria-valuemax": high, "aria-valuenow": value,
        "aria-valuetext": guess ? `${where}: ${measured(Number(value.toPrecision(3)), unit)}${filled}` : `${where}: nothing drawn yet`,
      };
    // None that stays is removed meanwhile: without its tabindex the plot would lose the focus.
    [...frame.attributes].filter(({ name }) => name !== "class" && !(name in attributes)).forEach(({ name }) => frame.removeAttribute(name));
    Object.entries(attributes).forEach(([name, value]) => frame.setAttribute(name, value));
    frame.classList.toggle("rl-locked", revealed);
    help.hidden = revealed;
  }

  function change(next) {
    points = next.map((value) => (value === null ? null : clamp(Number((Math.round(value / fine * 10) / 10 * fine).toPrecision(6)), low, high)));
    draw();
    changed(points.every((value) => value === null) ? null : points);
  }

  // ------------------------------------------------ the pointer

  const under = (event) => {
    const { x, y } = locatePointer(frame, event);
    return { x: scales.fromX(x), y: scales.fromY(y) };
  };
  function moveTo(event) {
    const place = under(event);
    at = nearest(x, place.x);
    change(stroked(x, points, pen ?? place, place));
    pen = place;
  }
  frame.addEventListener("pointerdown", (event) => {
    if (revealed || !event.isPrimary || event.button !== 0) return;
    event.preventDefault(); // no text is marked
    frame.classList.add("rl-by-pointer"); // the pen shows where one is; a ring is for the keys
    frame.focus({ preventScroll: true });
    frame.setPointerCapture(event.pointerId);
    moveTo(event);
  });
  frame.addEventListener("pointermove", (event) => pen && moveTo(event));
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) frame.addEventListener(end, () => (pen = null));

  // ------------------------------------------------ the keys

  frame.addEventListener("keydown", (event) => {
    frame.classList.remove("rl-by-pointer");
    if (revealed || event.ctrlKey || event.metaKey || event.altKey) return;
    const far = event.shiftKey ? 10 : 1;
    const steps = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const rise = { ArrowUp: far, ArrowDown: -far, PageUp: 10, PageDown: -10 }[event.key];
    const end = { Home: 0, End: x.length - 1 }[event.key];
    const value = filledIn(x, points)?.[at] ?? (low + high) / 2;
    const setTo = (wanted) => change(points.map((one, index) => (index === at ? wanted : one)));
    if (steps || end !== undefined) {
      at = end ?? clamp(at + steps * (event.shiftKey ? Math.ceil(x.length / 10) : 1), 0, x.length - 1);
      draw();
    } else if (rise) setTo(clamp(value + rise * fine, low, high));
    else if (event.key === "Enter" || event.key === " ") setTo(value);
    else if (event.key === "Delete" || event.key === "Backspace") setTo(null);
    else return;
    event.preventDefault();
  });

  return {
    elements: [frame, help],
    focus: () => frame.focus({ preventScroll: true }),
    resize: () => draw(),
    /** Draws the guess, or none, and with it the answer, if that is shown. */
    show(guess, shown, fresh) {
      points = guess ?? x.map(() => null);
      revealed = shown;
      draw(fresh);
    },
  };
}

/** Round values from `low` to `high`. */
export function ticksOf(low, high, count) {
  const step = chooseTickStep(high - low, count);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

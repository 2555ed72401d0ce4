// Asks the reader to draw a curve, by pointer or keyboard.
import { createId, h } from "../shared/dom.mjs";
import { locatePointer } from "../shared/events.mjs";
import { chooseTickStep, clamp } from "../shared/plotting.mjs";
import { createCurveScales, drawCurvePlot } from "./curve_plot.mjs";
import { applyStroke, fillIn, findNearest } from "./curve_points.mjs";
import { describeCurve, findUnit, formatQuantity } from "./descriptions.mjs";

const MIN_FRAME_WIDTH_PX = 240;
const HELP =
  "Drag across the plot, or use the arrow keys: left and right move along, up and down set the value. " +
  "Shift takes larger steps, Delete takes a point away.";

/** The plot on which the reader draws. It has the members of `Form`. */
export class CurveForm {
  /**
   * @param {import("./prediction.mjs").Question} question
   * @param {string} labelId  of the element that asks
   * @param {function((number | null)[] | null): void} onguess  gets the points, null if none is drawn
   */
  constructor(question, labelId, onguess) {
    Object.assign(this, { question, labelId, onguess });
    this.missing = "Draw your curve first.";
    this.frame = h("div", { class: "rl-plot-frame rl-drawing" });
    this.help = h("p", { class: "rl-note", id: createId() }, HELP);
    this.elements = [this.frame, this.help];
    this.step = chooseTickStep(question.high - question.low, 100); // of an arrow key
    this.points = question.x.map(() => null);
    this.at = 0; // index of the point under the reader's keys
    this.revealed = false;
    this.pen = null; // the last position of the pointer while it draws
    this.listen();
  }

  /** Draws the guess, or none, and the answer if it is revealed. */
  show(guess, revealed, isFresh) {
    this.points = guess ?? this.question.x.map(() => null);
    this.revealed = revealed;
    this.draw(isFresh);
  }

  describe(guess) {
    return describeCurve(this.question, guess && fillIn(this.question.x, guess));
  }

  getHint() {
    return "";
  }

  focus() {
    this.frame.focus({ preventScroll: true });
  }

  resize() {
    this.draw();
  }

  draw(isFresh = false) {
    const guess = fillIn(this.question.x, this.points);
    this.scales = createCurveScales(this.question, Math.max(MIN_FRAME_WIDTH_PX, Math.floor(this.frame.clientWidth)));
    const { points, at, revealed } = this;
    this.frame.replaceChildren(drawCurvePlot(this.question, this.scales, { points, guess, at, revealed, isFresh }));
    this.setAttributes(this.revealed ? this.describeAnswer(guess) : this.describePoint(guess));
    this.frame.classList.toggle("rl-locked", this.revealed);
    this.help.hidden = this.revealed;
  }

  describeAnswer(guess) {
    return { role: "img", "aria-label": `${this.question.ylabel}: the real curve${guess ? " over the one you drew" : ""}` };
  }

  describePoint(guess) {
    const { x, xlabel, ylabel, low, high } = this.question;
    const where = `${xlabel} ${formatQuantity(x[this.at], "")}`;
    const value = guess?.[this.at] ?? (low + high) / 2;
    const filled = this.points[this.at] === null ? ", filled in" : "";
    const text = guess ? `${formatQuantity(Number(value.toPrecision(3)), findUnit(ylabel))}${filled}` : "nothing drawn yet";
    return {
      role: "slider", tabindex: 0, "aria-labelledby": this.labelId, "aria-describedby": this.help.id, "aria-orientation": "vertical",
      "aria-valuemin": low, "aria-valuemax": high, "aria-valuenow": value, "aria-valuetext": `${where}: ${text}`,
    };
  }

  /** Replaces all attributes but the class. One that stays is never removed: without its tabindex the plot loses the focus. */
  setAttributes(attributes) {
    const obsolete = [...this.frame.attributes].filter(({ name }) => name !== "class" && !(name in attributes));
    obsolete.forEach(({ name }) => this.frame.removeAttribute(name));
    Object.entries(attributes).forEach(([name, value]) => this.frame.setAttribute(name, value));
  }

  change(points) {
    const { low, high } = this.question;
    const round = (value) => Number(((Math.round((value / this.step) * 10) / 10) * this.step).toPrecision(6));
    this.points = points.map((value) => (value === null ? null : clamp(round(value), low, high)));
    this.draw();
    this.onguess(this.points.every((value) => value === null) ? null : this.points);
  }

  listen() {
    const { frame } = this;
    frame.addEventListener("pointerdown", (event) => this.startStroke(event));
    frame.addEventListener("pointermove", (event) => this.pen && this.moveTo(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) frame.addEventListener(end, () => (this.pen = null));
    frame.addEventListener("keydown", (event) => this.handleKey(event));
  }

  startStroke(event) {
    if (this.revealed || !event.isPrimary || event.button !== 0) return;
    event.preventDefault(); // selects no text
    this.frame.classList.add("rl-by-pointer"); // the pen shows the position; the focus ring is for keys
    this.focus();
    this.frame.setPointerCapture(event.pointerId);
    this.moveTo(event);
  }

  moveTo(event) {
    const pixel = locatePointer(this.frame, event);
    const position = { x: this.scales.fromX(pixel.x), y: this.scales.fromY(pixel.y) };
    const { x } = this.question;
    this.at = findNearest(x, position.x);
    this.change(applyStroke(x, this.points, this.pen ?? position, position));
    this.pen = position;
  }

  handleKey(event) {
    this.frame.classList.remove("rl-by-pointer");
    if (this.revealed || event.ctrlKey || event.metaKey || event.altKey) return;
    const { x, low, high } = this.question;
    const factor = event.shiftKey ? 10 : 1;
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const rise = { ArrowUp: factor, ArrowDown: -factor, PageUp: 10, PageDown: -10 }[event.key];
    const end = { Home: 0, End: x.length - 1 }[event.key];
    const value = fillIn(x, this.points)?.[this.at] ?? (low + high) / 2;
    const setValue = (wanted) => this.change(this.points.map((old, index) => (index === this.at ? wanted : old)));
    if (move || end !== undefined) {
      this.at = end ?? clamp(this.at + move * (event.shiftKey ? Math.ceil(x.length / 10) : 1), 0, x.length - 1);
      this.draw();
    } else if (rise) setValue(clamp(value + rise * this.step, low, high));
    else if (event.key === "Enter" || event.key === " ") setValue(value);
    else if (event.key === "Delete" || event.key === "Backspace") setValue(null);
    else return;
    event.preventDefault();
  }
}

// Draws how a trained net classifies each point around those of its task.
import { h, svg } from "../shared/dom.mjs";
import { POINTS } from "./settings.mjs";

const CELLS = 48; // of a field, along each side
const EDGE = 2.6; // a field reaches from -EDGE to EDGE; the task's points have mean 0 and standard deviation 1

/**
 * Creates the middles of a field's cells, (2, cells²), in rows from the top.
 * @param {number} [cells]
 * @returns {Float64Array}
 */
export function createFieldPoints(cells = CELLS) {
  const points = new Float64Array(2 * cells * cells);
  for (let index = 0; index < cells * cells; index += 1) {
    points[index] = EDGE * ((2 * ((index % cells) + 0.5)) / cells - 1);
    points[cells * cells + index] = EDGE * (1 - (2 * (Math.floor(index / cells) + 0.5)) / cells);
  }
  return points;
}

/**
 * Creates the path along which the values of a square grid cross 0. The middle of cell (0, 0) is at 0.5, 0.5.
 * @param {ArrayLike<number>} values
 * @param {number} [cells]
 * @returns {string}
 */
export function createContour(values, cells = CELLS) {
  let path = "";
  for (let row = 0; row + 1 < cells; row += 1) {
    for (let column = 0; column + 1 < cells; column += 1) {
      const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([dx, dy]) =>
        [column + dx + 0.5, row + dy + 0.5, values[(row + dy) * cells + column + dx]]);
      const crossings = corners.flatMap(([x, y, value], index) => {
        const [toX, toY, other] = corners[(index + 1) % 4];
        if (value > 0 === other > 0) return [];
        const share = value / (value - other);
        return [`${(x + share * (toX - x)).toFixed(2)} ${(y + share * (toY - y)).toFixed(2)}`];
      });
      for (let pair = 0; pair + 1 < crossings.length; pair += 2) path += `M${crossings[pair]}L${crossings[pair + 1]}`;
    }
  }
  return path;
}

/** Creates the path of one class's points, each a round cap. */
function createPointsPath(x, label) {
  const scale = (value) => (CELLS * (value / EDGE + 1)) / 2;
  let path = "";
  for (let p = (label * POINTS) / 2; p < ((label + 1) * POINTS) / 2; p += 1) {
    path += `M${scale(x[p]).toFixed(2)} ${(CELLS - scale(x[POINTS + p])).toFixed(2)}h.001`;
  }
  return path;
}

/**
 * Creates the picture of what a net outputs around the task's points: the deeper the colour, the more probable
 * the filled class. The picture is a mask over the colour, so that it follows light and dark mode.
 * @param {string} kind
 * @param {string} name
 * @returns {{element: HTMLElement, clear: function(Float64Array): void,
 *   show: function(Float64Array, number): void, setCaption: function(string): void}} `clear` gets the task's
 *   points, `show` the logits of a trained net and the number of points that it classifies correctly
 */
export function createField(kind, name) {
  const fill = h("div", { class: "rl-field-fill" });
  const boundary = svg("path", { class: "rl-field-line" });
  // Each class twice: its points over wider ones, which are their rims.
  const points = ["rl-class-0", "rl-class-1"].map((className) =>
    [`${className} rl-point-rim`, className].map((classes) => svg("path", { class: classes })));
  const caption = h("figcaption", {});
  const element = h("figure", { class: "rl-decision-field", "data-kind": kind },
    h("div", { class: "rl-field-frame" }, fill,
      svg("svg", { viewBox: `0 0 ${CELLS} ${CELLS}`, "aria-hidden": "true" }, boundary, points.flat())), caption);
  const setCaption = (text) => caption.replaceChildren(h("strong", {}, name), ` ${text}`);

  function clear(x) {
    fill.style.removeProperty("mask-image");
    fill.style.removeProperty("-webkit-mask-image");
    boundary.setAttribute("d", "");
    points.forEach((paths, label) => paths.forEach((path) => path.setAttribute("d", createPointsPath(x, label))));
    setCaption("not trained yet");
  }

  function show(logits, right) {
    const canvas = h("canvas", { width: CELLS, height: CELLS });
    const context = canvas.getContext("2d");
    const image = context.createImageData(CELLS, CELLS);
    logits.forEach((logit, index) => (image.data[4 * index + 3] = Math.round(255 / (1 + Math.exp(-logit)))));
    context.putImageData(image, 0, 0);
    const mask = `url(${canvas.toDataURL()})`;
    for (const property of ["mask-image", "-webkit-mask-image"]) fill.style.setProperty(property, mask);
    boundary.setAttribute("d", createContour(logits));
    setCaption(`${right} of ${POINTS} right`);
  }
  return { element, clear, show, setCaption };
}

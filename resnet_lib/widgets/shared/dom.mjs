// Creates the HTML and SVG elements that several widgets use.

let lastId = 0;

/**
 * Creates an id that no other element of the page has, so that two copies of a widget can share a page.
 * @returns {string}
 */
export function createId() {
  lastId += 1;
  return `rl-${lastId}-${Math.random().toString(36).slice(2, 8)}`;
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

/**
 * Creates an HTML element: `h("button", { class: "rl-button", onclick }, "Copy")`.
 * @param {string} tag
 * @param {Object} attributes  listeners begin with "on"; null, undefined and false leave one out
 * @param {...(Node|string|null|Array)} children  null leaves one out
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/**
 * Creates an SVG element, with the same arguments as `h`.
 * @returns {SVGElement}
 */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/**
 * Creates the icon of a button.
 * @param {string} path  its outline within 12 × 12 pixels
 */
export const createIcon = (path) =>
  svg("svg", { class: "rl-icon", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" },
    svg("path", { d: path }));

/**
 * Creates a short piece of line for the key of a chart.
 * @param {string} classes
 * @param {Object} attributes  of the path
 */
export const createLineSample = (classes, attributes = {}) =>
  svg("svg", { class: "rl-sample", width: 26, height: 8, "aria-hidden": "true" },
    svg("path", { class: classes, d: "M1 4H25", ...attributes }));

/**
 * Creates the entries of a description list: a name, a figure and a small note.
 * @param {[string, string, string?][]} figures
 * @returns {HTMLElement[]}
 */
export const createFigures = (figures) => figures.map(([name, figure, note]) =>
  h("div", {}, h("dt", {}, name), h("dd", {}, figure, note ? h("small", {}, note) : null)));

/**
 * Creates a live region, which a screen reader reads aloud once the reader pauses.
 * @returns {{element: HTMLElement, announce: (text: string) => void, stop: () => void}}
 */
export function createAnnouncer() {
  const element = h("p", { class: "rl-announcement", "aria-live": "polite" });
  let timer;
  const announce = (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => (element.textContent = text), element.textContent ? 400 : 0);
  };
  return { element, announce, stop: () => clearTimeout(timer) };
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

/**
 * Creates a function that measures bold text in pixels, in the page's `--rl-font` where it has one.
 * @param {number} size  of the font, in pixels
 * @returns {(text: string) => number}
 */
export function createTextRuler(size) {
  const ruler = document.createElement("canvas").getContext("2d");
  const pageFont = getComputedStyle(document.documentElement).getPropertyValue("--rl-font");
  ruler.font = `600 ${size}px ${pageFont || FONT}`;
  return (text) => ruler.measureText(text).width;
}

// Creates the sections into which a long widget is divided.
import { h } from "./dom.mjs";

/**
 * Creates a section with a title and a short text beside it.
 * @param {string} title
 * @param {string|Node} text
 * @param {...Node} children
 * @returns {HTMLElement}
 */
export function createSection(title, text, ...children) {
  const head = h("p", { class: "rl-section-title" }, h("strong", {}, title), h("span", {}, text));
  return h("section", { class: "rl-section", "aria-label": title }, head, ...children);
}

// Creates elements for the code and the emphasis in a text.
import { h } from "../shared/dom.mjs";
import { parseMarkup } from "./descriptions.mjs";

/**
 * Creates the nodes of a text with `code` and *emphasis*.
 * @param {string} text
 * @returns {(Node | string)[]}
 */
export const createMarkup = (text) => parseMarkup(text).map(({ tag, text: part }) => (tag ? h(tag, {}, part) : part));

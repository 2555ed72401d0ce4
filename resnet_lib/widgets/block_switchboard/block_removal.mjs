// Removes k blocks at once: the first, the last, or some at random.
import { createId, h } from "../shared/dom.mjs";
import { clamp } from "../shared/plotting.mjs";
import { chooseRandomBlocks, createScales } from "./recorded_errors.mjs";

/**
 * Creates the buttons that remove k blocks, and one that switches all blocks on.
 * @param {function(number[]): void} onscales  gets a scale for each block
 * @returns {{element: HTMLElement, update: function(import("./recorded_errors.mjs").Net, number[]): void}}
 */
export function createRemovalButtons(onscales) {
  let [net, scales, k] = [null, [], 3];
  let draws = 0; // how often blocks have been removed at random
  let lastDraw = null; // { scales, text }
  const createButton = (text, onclick) => h("button", { type: "button", class: "rl-button", onclick }, text);
  const remove = (off) => onscales(createScales(scales.length, off));
  const listBlocks = () => scales.map((_, block) => block);
  const buttons = {
    first: createButton("", () => remove(listBlocks().slice(0, k))),
    last: createButton("", () => remove(listBlocks().slice(scales.length - k))),
    random: createButton("", () => {
      const orders = net.lesions?.orders.length;
      const off = chooseRandomBlocks(net.lesions, scales.length, k, draws);
      const text = orders ? `random draw ${(draws % orders) + 1} of ${orders}` : `random draw ${draws + 1}`;
      lastDraw = { scales: `${createScales(scales.length, off)}`, text };
      draws += 1;
      remove(off);
    }),
  };
  const status = h("span", { class: "rl-field-note", "aria-live": "polite" });
  const id = createId();
  const field = h("input", {
    type: "number", id, min: 1, step: 1,
    onchange: () => {
      const typed = Math.round(field.valueAsNumber);
      if (Number.isFinite(typed)) k = clamp(typed, 1, scales.length);
      showCount();
    },
  });
  const element = h("div", { class: "rl-removal" }, createButton("All on", () => remove([])),
    h("span", { class: "rl-removal-count" }, h("label", { for: id }, "Remove k ="), field), Object.values(buttons), status);

  function showCount() {
    field.value = k;
    const texts = { first: `first ${k}`, last: `last ${k}`, random: `${k} at random` };
    for (const [name, text] of Object.entries(texts)) {
      buttons[name].textContent = text;
      buttons[name].setAttribute("aria-label", `Remove ${name === "random" ? "" : "the "}${text}`);
    }
  }
  function update(newNet, newScales) {
    [net, scales] = [newNet, newScales];
    field.max = scales.length;
    k = Math.min(k, scales.length);
    status.textContent = lastDraw?.scales === `${scales}` ? lastDraw.text : "";
    showCount();
  }
  return { element, update };
}

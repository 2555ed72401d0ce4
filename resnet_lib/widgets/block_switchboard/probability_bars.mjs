// The image, the images to choose from, and how probable the net finds each class: a row a class.
import { IMAGE_BYTES, SIDE, drawPixels } from "../net_in_page/pixels.mjs";
import { createLineSample, h } from "../shared/dom.mjs";
import { clamp } from "../shared/plotting.mjs";
import { largest, percentOf } from "./switch_words.mjs";

/**
 * @param {{classes: string[], images: {labels: number[], gallery: number[]},
 *   onimage: function(number): void}} given  `onimage` gets a place in the gallery
 */
export function createSaid({ classes, images, onimage }) {
  const { labels, gallery } = images;
  const labelOf = (image) => labels[gallery[image]];
  /** "cat, test image 3 of its class" */
  const nameOf = (image) => {
    const place = labels.slice(0, gallery[image] + 1).filter((label) => label === labelOf(image)).length;
    return `${classes[labelOf(image)]}, test image ${place} of its class`;
  };

  // ------------------------------------------------ the image

  const canvas = h("canvas", { width: SIDE, height: SIDE, class: "rl-image", role: "img" });
  const caption = h("p", { class: "rl-image-name" });
  const own = h("div", { class: "rl-own-row" });

  const rows = classes.map((_, label) => gallery.map((_, image) => image).filter((image) => labelOf(image) === label));
  const order = rows.flat();
  const thumbs = new Map(order.map((image) => [image, h("button", {
    type: "button", class: "rl-thumb", role: "radio", "aria-checked": "false", tabindex: -1,
    "aria-label": nameOf(image), title: nameOf(image), onclick: () => onimage(image),
  }, h("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" }))]));
  const choice = h("div", { class: "rl-gallery", role: "radiogroup", "aria-label": "Test images, a row a class" }, [...thumbs.values()]);
  choice.style.setProperty("--rl-columns", Math.max(1, ...rows.map((row) => row.length)));
  choice.addEventListener("keydown", (event) => {
    const at = [...thumbs.values()].indexOf(document.activeElement);
    const across = rows[0].length;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + across, ArrowUp: at - across, Home: 0, End: order.length - 1 }[event.key];
    if (at < 0 || to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const image = order[clamp(to, 0, order.length - 1)];
    thumbs.get(image).focus({ preventScroll: true });
    onimage(image);
  });

  /** Marks the image of the gallery that is shown, -1 for the reader's own, and its class, if known. */
  function showImage(image, truth) {
    for (const [one, thumb] of thumbs) {
      thumb.setAttribute("aria-checked", `${one === image}`);
      thumb.setAttribute("tabindex", one === Math.max(0, image) ? 0 : -1);
    }
    const name = image < 0 ? "your own picture" : nameOf(image);
    caption.replaceChildren(h("strong", {}, image < 0 ? "Your own picture" : classes[truth]),
      h("span", {}, image < 0 ? "as the net sees it" : nameOf(image).split(", ")[1]));
    canvas.setAttribute("aria-label", `The image as the net sees it, 32 × 32 pixels: ${name}`);
    trueKey.toggleAttribute("data-off", truth < 0);
    bars.forEach(({ row, mark }, label) => {
      row.classList.toggle("rl-true", label === truth);
      mark.textContent = label === truth ? " (what it is)" : "";
    });
  }
  const showGallery = (pixels) => {
    for (const [image, thumb] of thumbs) drawPixels(thumb.firstChild, pixels.subarray(IMAGE_BYTES * image, IMAGE_BYTES * (image + 1)));
  };

  // ------------------------------------------------ the probabilities

  const bars = classes.map((name) => {
    const [bar, before, figure, mark] = [h("i", { class: "rl-now" }), h("i", { class: "rl-before", hidden: true }),
      h("span", { class: "rl-percent" }, "–"), h("span", { class: "rl-visually-hidden" })];
    const row = h("li", {}, h("span", { class: "rl-class" }, name, mark), h("span", { class: "rl-track-bar", "aria-hidden": "true" }, bar, before), figure);
    return { row, bar, before, figure, mark };
  });
  const trueKey = h("span", { class: "rl-key-true" }, "what it is");
  const beforeKey = h("span", { class: "rl-before-key", "data-off": true },
    createLineSample("rl-before-sample", { d: "M13 0V8" }), "with every block on");

  /** `whole`: what the net says with every block on, or null where that is what is shown. */
  function showProbabilities(now, whole) {
    const best = largest(Array.from(now));
    beforeKey.toggleAttribute("data-off", !whole);
    bars.forEach(({ row, bar, before, figure }, label) => {
      bar.style.width = `${100 * now[label]}%`;
      figure.textContent = percentOf(now[label]);
      row.classList.toggle("rl-best", label === best);
      before.hidden = !(whole?.[label] >= 0.01); // a mark at nothing is none
      if (whole) before.style.left = `${100 * whole[label]}%`;
    });
  }

  const element = h("div", { class: "rl-see" },
    h("div", { class: "rl-image-side" }, canvas, h("div", {}, caption, own)),
    choice,
    h("ul", { class: "rl-classes", "aria-label": "Probability of each class" }, bars.map(({ row }) => row)),
    h("p", { class: "rl-key rl-said-key" }, trueKey, beforeKey));
  return { element, canvas, own, showImage, showGallery, showProbabilities };
}

// Shows the image that the net classifies, the images to choose from, and the probabilities.
import { SIDE, drawPixels } from "../net_in_page/pixels.mjs";
import { h } from "../shared/dom.mjs";
import { ImageGallery } from "./image_gallery.mjs";
import { createProbabilityBars } from "./probability_bars.mjs";

/**
 * Creates the panel.
 * @param {string[]} classes
 * @param {{labels: number[], gallery: number[]}} images
 * @param {function(number): void} onimage  gets an index of the gallery
 * @param {(Node|string)[]} source  the controls for the reader's own picture
 */
export function createImagePanel(classes, images, onimage, source) {
  const gallery = new ImageGallery(classes, images, onimage);
  const bars = createProbabilityBars(classes);
  const canvas = h("canvas", { width: SIDE, height: SIDE, class: "rl-image", role: "img" });
  const caption = h("p", { class: "rl-image-name" });
  const element = h("div", { class: "rl-image-panel" },
    h("div", { class: "rl-image-side" }, canvas, h("div", {}, caption, h("div", { class: "rl-image-source" }, source))),
    gallery.element, bars.element, bars.key);

  /** Shows an image of the gallery, -1 for the reader's own, with its pixels and label. */
  function showImage(image, pixels, label) {
    drawPixels(canvas, pixels);
    gallery.mark(image);
    const [name, detail] = image < 0 ? ["Your own picture", "as the net sees it"] : gallery.describe(image);
    caption.replaceChildren(h("strong", {}, name), h("span", {}, detail));
    const described = image < 0 ? "your own picture" : `${name}, ${detail}`;
    canvas.setAttribute("aria-label", `The image as the net sees it, 32 × 32 pixels: ${described}`);
    bars.markLabel(label);
  }
  return { element, showImage, drawGallery: (pixels) => gallery.draw(pixels), showProbabilities: bars.show };
}

// Lets the reader choose one of the test images: a row per class.
import { IMAGE_BYTES, SIDE, drawPixels } from "../net_in_page/pixels.mjs";
import { h } from "../shared/dom.mjs";
import { clamp } from "../shared/plotting.mjs";

/** The gallery, as a group of radio buttons. An image is its index in `images.gallery`. */
export class ImageGallery {
  /**
   * @param {string[]} classes
   * @param {{labels: number[], gallery: number[]}} images
   * @param {function(number): void} onimage
   */
  constructor(classes, images, onimage) {
    Object.assign(this, { classes, images, onimage });
    const rows = classes.map((_, label) => images.gallery.map((_, image) => image).filter((image) => this.getLabel(image) === label));
    this.columns = rows[0].length;
    this.order = rows.flat();
    this.thumbnails = new Map(this.order.map((image) => [image, this.createThumbnail(image)]));
    this.element = h("div", {
      class: "rl-gallery", role: "radiogroup", "aria-label": "Test images, a row a class", onkeydown: (event) => this.navigate(event),
    }, [...this.thumbnails.values()]);
    this.element.style.setProperty("--rl-columns", Math.max(1, ...rows.map((row) => row.length)));
  }

  /** Returns the label of an image. @param {number} image */
  getLabel(image) {
    return this.images.labels[this.images.gallery[image]];
  }

  /** Formats what an image is: ["cat", "test image 3 of its class"]. @param {number} image */
  describe(image) {
    const label = this.getLabel(image);
    const before = this.images.labels.slice(0, this.images.gallery[image] + 1);
    return [this.classes[label], `test image ${before.filter((other) => other === label).length} of its class`];
  }

  createThumbnail(image) {
    const name = this.describe(image).join(", ");
    return h("button", {
      type: "button", class: "rl-thumbnail", role: "radio", "aria-checked": "false", tabindex: -1,
      "aria-label": name, title: name, onclick: () => this.onimage(image),
    }, h("canvas", { width: SIDE, height: SIDE, "aria-hidden": "true" }));
  }

  /** Draws all images. @param {Uint8Array} pixels */
  draw(pixels) {
    for (const [image, thumbnail] of this.thumbnails) {
      drawPixels(thumbnail.firstChild, pixels.subarray(IMAGE_BYTES * image, IMAGE_BYTES * (image + 1)));
    }
  }

  /** Marks the image that is shown; -1 for the reader's own. @param {number} image */
  mark(image) {
    for (const [other, thumbnail] of this.thumbnails) {
      thumbnail.setAttribute("aria-checked", `${other === image}`);
      thumbnail.setAttribute("tabindex", other === Math.max(0, image) ? 0 : -1);
    }
  }

  navigate(event) {
    const at = [...this.thumbnails.values()].indexOf(document.activeElement);
    const target = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + this.columns, ArrowUp: at - this.columns, Home: 0,
      End: this.order.length - 1 }[event.key];
    if (at < 0 || target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const image = this.order[clamp(target, 0, this.order.length - 1)];
    this.thumbnails.get(image).focus({ preventScroll: true });
    this.onimage(image);
  }
}

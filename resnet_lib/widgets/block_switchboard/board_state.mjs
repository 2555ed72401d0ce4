// Holds the state of the switchboard: its net, scales, chosen block and image.
import { IMAGE_BYTES } from "../net_in_page/pixels.mjs";
import { describeNet } from "../shared/cifar_net.mjs";
import { setTraits } from "../shared/model.mjs";
import { findBoardProblem } from "./descriptions.mjs";

const FIRST_BLOCK = "stage1_block1";

/**
 * Whether every block is on.
 * @param {number[]} scales
 */
export const isWhole = (scales) => scales.every((scale) => scale === 1);

/** The traits of the model, and what follows from them. */
export class BoardState {
  /** @param {import("../shared/model.mjs").Model} model */
  constructor(model) {
    this.model = model;
    [this.nets, this.images, this.classes] = ["nets", "images", "classes"].map((name) => model.get(name));
    this.galleryPixels = null; // of the images to choose from
    this.ownPixels = null; // of the reader's picture
    this.ownCount = 0; // how many pictures there have been
    this.describedNet = null; // of the net that is drawn
  }

  findProblem() {
    const [net, scales, image] = ["net", "scales", "image"].map((name) => this.model.get(name));
    return findBoardProblem({ nets: this.nets, net, scales, image, gallery: this.images.gallery.length });
  }

  /** The net that is shown. @returns {import("./recorded_errors.mjs").Net} */
  get net() {
    return this.nets.find(({ label }) => label === this.model.get("net"));
  }

  /** The scale of each block. @returns {number[]} */
  get scales() {
    const scales = this.model.get("scales");
    return scales.length ? scales : Array(3 * this.net.n).fill(1);
  }

  /** Describes the net that is shown; its blocks are then `blocks`. */
  describe() {
    const { n, shortcut } = this.net;
    this.describedNet = describeNet({ version: "v1", n, shortcut });
    return this.describedNet;
  }

  get blocks() {
    return this.describedNet.blocks.filter(({ role }) => role === "block");
  }

  /** The index of the chosen block; 0 if the net has no block of that name. */
  get chosen() {
    return Math.max(0, this.blocks.findIndex(({ name }) => name === this.model.get("block")));
  }

  choose(index) {
    setTraits(this.model, { block: this.blocks[index].name });
  }

  chooseNet(label) {
    // A net of as many blocks, the plain twin, keeps the scales.
    const keepsScales = this.net && this.nets.find((net) => net.label === label).n === this.net.n;
    setTraits(this.model, keepsScales ? { net: label } : { net: label, scales: [], block: FIRST_BLOCK });
  }

  setScales(scales) {
    setTraits(this.model, { scales: isWhole(scales) ? [] : scales });
  }

  setScale(index, scale) {
    this.setScales(this.scales.map((old, at) => (at === index ? scale : old)));
  }

  /** Switches a block off, or on, and chooses it. */
  toggle(index) {
    this.choose(index);
    this.setScale(index, this.scales[index] === 0 ? 1 : 0);
  }

  /** The index of the image in the gallery, -1 for the reader's own. */
  get image() {
    const image = this.model.get("image");
    return image < 0 && !this.ownPixels ? 0 : image;
  }

  /** The label of the image, -1 if it is not known. */
  get label() {
    return this.image < 0 ? -1 : this.images.labels[this.images.gallery[this.image]];
  }

  get pixels() {
    return this.image < 0 ? this.ownPixels : this.galleryPixels.subarray(IMAGE_BYTES * this.image, IMAGE_BYTES * (this.image + 1));
  }

  /** A key that changes with the net and the image. */
  get imageKey() {
    return `${this.model.get("net")} ${this.image} ${this.image < 0 ? this.ownCount : ""}`;
  }

  chooseImage(image) {
    setTraits(this.model, { image });
  }

  /** Takes the reader's picture; returns whether the model changes with it. */
  takePicture(pixels) {
    this.ownPixels = pixels;
    this.ownCount += 1;
    if (this.model.get("image") === -1) return false;
    this.chooseImage(-1);
    return true;
  }
}

// Draws the feature maps of a block.
import { h } from "../shared/dom.mjs";

const MAP_GAP_PX = 3;
const MIN_MAPS_WIDTH_PX = 240;
const WIDE_PX = 560; // from here on there are more maps in a row
// From 0 over the kind's colour to white, on any ground.
const DARK = [16, 21, 28];
const KIND_COLOURS = { plain: [243, 145, 73], v1: [86, 180, 233] };
const WHITE = [255, 255, 255];
const MIDDLE_SHARE = 0.6; // of the range, where the colour is the kind's own

/**
 * Chooses how many maps are in a row.
 * @param {number} channels
 * @param {number} width  in pixels
 */
export function chooseColumns(channels, width) {
  const [few, some, many] = width >= WIDE_PX ? [8, 11, 16] : [4, 8, 8];
  return channels <= 16 ? few : channels <= 32 ? some : many;
}

/**
 * Measures maps: the largest value, the value that 1 in 100 of those above 0 exceeds (`bright`), and how
 * many maps are 0 everywhere.
 * @param {Float32Array} maps  (height, width, channels)
 * @param {number} channels
 * @returns {{largest: number, bright: number, empty: number}}
 */
export function measureMaps(maps, channels) {
  const maxima = new Float32Array(channels);
  maps.forEach((value, at) => (maxima[at % channels] = Math.max(maxima[at % channels], value)));
  const positive = maps.filter((value) => value > 0).sort();
  return {
    largest: Math.max(...maxima),
    bright: positive.length ? positive[Math.floor(0.99 * (positive.length - 1))] : 0,
    empty: maxima.filter((value) => value === 0).length,
  };
}

/** Creates 256 colours, four bytes each, from 0 to white. */
function createColours(kind) {
  const mix = (from, to, part) => from.map((value, channel) => value + part * (to[channel] - value));
  const colours = new Uint8ClampedArray(4 * 256);
  for (let step = 0; step < 256; step += 1) {
    const at = step / 255;
    const colour = at < MIDDLE_SHARE ? mix(DARK, KIND_COLOURS[kind], at / MIDDLE_SHARE) : mix(KIND_COLOURS[kind], WHITE, (at - MIDDLE_SHARE) / (1 - MIDDLE_SHARE));
    colours.set([...colour, 255], 4 * step);
  }
  return colours;
}

/**
 * Creates the canvas on which all maps of a block are drawn to one scale, each pixel as a square.
 * @returns {{canvas: HTMLCanvasElement, draw: function(Float32Array, number[], number, string, string): void}}
 *   `draw` gets maps, their shape, the value that is drawn white, the kind of net, and the label
 */
export function createMaps() {
  const canvas = h("canvas", { class: "rl-maps", role: "img" });
  const buffer = document.createElement("canvas"); // of one map

  function draw(maps, [size, , channels], bright, kind, label) {
    const colours = createColours(kind);
    const ratio = Math.max(1, Math.ceil(window.devicePixelRatio || 1));
    const width = Math.max(MIN_MAPS_WIDTH_PX, Math.floor(canvas.parentElement.clientWidth));
    const columns = chooseColumns(channels, width);
    const cell = Math.floor((width - MAP_GAP_PX * (columns - 1)) / columns);
    resizeCanvas(canvas, [columns, Math.ceil(channels / columns)].map((count) => count * (cell + MAP_GAP_PX) - MAP_GAP_PX), ratio);
    canvas.setAttribute("aria-label", label);
    buffer.width = buffer.height = size;
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    const image = new ImageData(size, size);
    for (let channel = 0; channel < channels; channel += 1) {
      for (let pixel = 0; pixel < size * size; pixel += 1) {
        const value = bright > 0 ? Math.min(1, maps[pixel * channels + channel] / bright) : 0;
        const colour = 4 * Math.round(255 * value);
        for (let part = 0; part < 4; part += 1) image.data[4 * pixel + part] = colours[colour + part];
      }
      buffer.getContext("2d").putImageData(image, 0, 0);
      const [x, y] = [channel % columns, Math.floor(channel / columns)].map((index) => index * (cell + MAP_GAP_PX) * ratio);
      context.drawImage(buffer, x, y, cell * ratio, cell * ratio);
    }
  }
  return { canvas, draw };
}

function resizeCanvas(canvas, [width, height], ratio) {
  Object.assign(canvas, { width: width * ratio, height: height * ratio });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
}

// What a block hands on, map by map.
import { h } from "../shared/dom.mjs";

const GAP = 3; // pixels between maps
// From nothing over the kind's colour to white, on any ground.
const DARK = [16, 21, 28];
const MIDDLE = { plain: [243, 145, 73], v1: [86, 180, 233] };
const BRIGHT = [255, 255, 255];
const TURN = 0.6; // of the way, where the colour is the kind's own

/** How many maps stand in a row. */
export function columnsOf(channels, width) {
  const [few, some, many] = width >= 560 ? [8, 11, 16] : [4, 8, 8];
  return channels <= 16 ? few : channels <= 32 ? some : many;
}

/**
 * The largest value, the one that 1 in 100 of those above 0 exceeds (`bright`), and how many maps
 * are 0 everywhere; maps are `(height, width, channels)`.
 */
export function mapFacts(maps, channels) {
  const most = new Float32Array(channels);
  maps.forEach((value, at) => (most[at % channels] = Math.max(most[at % channels], value)));
  const positive = maps.filter((value) => value > 0).sort();
  return {
    largest: Math.max(...most),
    bright: positive.length ? positive[Math.floor(0.99 * (positive.length - 1))] : 0,
    empty: most.filter((value) => value === 0).length,
  };
}

/** 256 colours, four bytes each, from 0 to what is drawn white. */
function ramp(kind) {
  const between = (from, to, part) => from.map((value, channel) => value + part * (to[channel] - value));
  const colours = new Uint8ClampedArray(4 * 256);
  for (let step = 0; step < 256; step += 1) {
    const at = step / 255;
    const colour = at < TURN ? between(DARK, MIDDLE[kind], at / TURN) : between(MIDDLE[kind], BRIGHT, (at - TURN) / (1 - TURN));
    colours.set([...colour, 255], 4 * step);
  }
  return colours;
}

/** All maps of a block on one canvas, every pixel a square of its own, to one scale. */
export function createMaps() {
  const canvas = h("canvas", { class: "rl-maps", role: "img" });
  const ground = document.createElement("canvas");

  /** `bright` and all above it is white. */
  function draw(maps, [size, , channels], bright, kind, label) {
    const colours = ramp(kind);
    const ratio = Math.max(1, Math.ceil(window.devicePixelRatio || 1));
    const width = Math.max(240, Math.floor(canvas.parentElement.clientWidth));
    const columns = columnsOf(channels, width);
    const cell = Math.floor((width - GAP * (columns - 1)) / columns);
    const rows = Math.ceil(channels / columns);
    const [across, down] = [columns, rows].map((count) => count * (cell + GAP) - GAP);
    canvas.width = across * ratio;
    canvas.height = down * ratio;
    canvas.style.width = `${across}px`;
    canvas.style.height = `${down}px`;
    canvas.setAttribute("aria-label", label);
    ground.width = ground.height = size;
    const small = ground.getContext("2d");
    const large = canvas.getContext("2d");
    large.imageSmoothingEnabled = false;
    const image = new ImageData(size, size);
    for (let channel = 0; channel < channels; channel += 1) {
      for (let pixel = 0; pixel < size * size; pixel += 1) {
        const value = bright > 0 ? Math.min(1, maps[pixel * channels + channel] / bright) : 0;
        const colour = 4 * Math.round(255 * value);
        for (let part = 0; part < 4; part += 1) image.data[4 * pixel + part] = colours[colour + part];
      }
      small.putImageData(image, 0, 0);
      const [x, y] = [channel % columns, Math.floor(channel / columns)].map((place) => place * (cell + GAP) * ratio);
      large.drawImage(ground, x, y, cell * ratio, cell * ratio);
    }
  }
  return { canvas, draw };
}

// Pictures as a CIFAR net takes them: decoded, cut to a square, 32 × 32.
import { MOST_BYTES, refusal, refusalOfSize, whatIs } from "./picture_files.mjs";
import { h } from "../shared/dom.mjs";

export const SIDE = 32;
export const PIXELS = SIDE * SIDE * 3;

// ---------------------------------------------------------------- pixels

/**
 * Every square of `side / to` pixels becomes their mean, so that nothing finer than the new pixels
 * is left to make patterns of its own.
 * @param {Uint8ClampedArray} rgba  `side × side` @returns {Uint8Array} RGB, `to × to`
 */
export function areaAverage(rgba, side, to) {
  const step = side / to;
  const out = new Uint8Array(to * to * 3);
  for (let y = 0; y < to; y += 1) {
    for (let x = 0; x < to; x += 1) {
      const sums = [0, 0, 0];
      for (let row = y * step; row < (y + 1) * step; row += 1) {
        for (let column = x * step; column < (x + 1) * step; column += 1) {
          const at = 4 * (row * side + column);
          for (let channel = 0; channel < 3; channel += 1) sums[channel] += rgba[at + channel];
        }
      }
      sums.forEach((sum, channel) => (out[3 * (y * to + x) + channel] = Math.round(sum / (step * step))));
    }
  }
  return out;
}

const context = (width, height) => {
  const canvas = h("canvas", { width, height });
  return canvas.getContext("2d", { willReadFrequently: true });
};

/** The middle of a decoded picture as 32 × 32 RGB; what is see-through lies on white. */
function squareOf(bitmap) {
  const crop = Math.min(bitmap.width, bitmap.height);
  const [left, top] = [(bitmap.width - crop) / 2, (bitmap.height - crop) / 2];
  // By halves down to a whole number of pixels for each of the 32, which are then averaged.
  const last = SIDE * Math.min(16, Math.max(1, Math.floor(crop / SIDE)));
  let [from, box, side] = [bitmap, [left, top, crop, crop], crop];
  for (;;) {
    side = Math.max(last, Math.ceil(side / 2));
    if (side < 2 * last) side = last;
    const to = context(side, side);
    to.imageSmoothingQuality = "high";
    to.fillStyle = "white";
    to.fillRect(0, 0, side, side);
    to.drawImage(from, ...box, 0, 0, side, side);
    if (side === last) return areaAverage(to.getImageData(0, 0, side, side).data, side, SIDE);
    [from, box] = [to.canvas, [0, 0, side, side]];
  }
}

/** A file as the net takes it: 32 × 32 × 3 bytes. Throws an `Error` with words for the reader. */
export async function pictureOf(file) {
  const name = file.name || "This";
  let bytes = new Uint8Array();
  if (file.size <= MOST_BYTES) {
    bytes = await file.arrayBuffer().then((buffer) => new Uint8Array(buffer), () => null);
    if (!bytes) throw new Error(`“${name}” could not be read: it is a folder, or no longer there.`);
  }
  const why = refusal(name, file.size, bytes);
  if (why) throw new Error(why);
  const { picture } = whatIs(bytes);
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes], { type: `image/${picture.toLowerCase()}` }));
  } catch {
    throw new Error(`“${name}” begins as a ${picture} but cannot be decoded: it is damaged or cut short. Choose another.`);
  }
  try {
    const large = refusalOfSize(`“${name}”`, picture, [bitmap.width, bitmap.height]);
    if (large) throw new Error(large);
    return squareOf(bitmap);
  } finally {
    bitmap.close();
  }
}

/** Every 32 × 32 image of a sprite with ten in a row, one after the other: `count × 3072` bytes. */
export async function imagesOfSprite(bytes, count) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), options);
  const columns = bitmap.width / SIDE;
  const from = context(bitmap.width, bitmap.height);
  from.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data, width } = from.getImageData(0, 0, from.canvas.width, from.canvas.height);
  const all = new Uint8Array(count * PIXELS);
  for (let pixel = 0; pixel < count * SIDE * SIDE; pixel += 1) {
    const [index, row, column] = [Math.floor(pixel / SIDE ** 2), Math.floor(pixel / SIDE) % SIDE, pixel % SIDE];
    const at = 4 * ((SIDE * Math.floor(index / columns) + row) * width + SIDE * (index % columns) + column);
    for (let channel = 0; channel < 3; channel += 1) all[3 * pixel + channel] = data[at + channel];
  }
  return all;
}

/** Draws RGB bytes on a canvas of 32 × 32. */
export function showPixels(canvas, pixels) {
  const image = new ImageData(SIDE, SIDE);
  for (let pixel = 0; pixel < SIDE * SIDE; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) image.data[4 * pixel + channel] = pixels[3 * pixel + channel];
    image.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// ---------------------------------------------------------------- from the reader's hand

/**
 * Takes pictures that are chosen, pasted or dropped anywhere on `root`. `onpicture` gets the pixels,
 * `onrefused` the words why not; of several in a row only the last counts.
 */
export function createPictureInput(root, onpicture, onrefused) {
  let latest = 0;
  async function take(files, what) {
    latest += 1;
    const own = latest;
    try {
      if (!files.length) throw new Error(`What was ${what} is no picture file. Save the picture first, then choose it here.`);
      const pixels = await pictureOf(files[0]);
      if (own === latest) onpicture(pixels);
    } catch (problem) {
      if (own === latest) onrefused(problem.message);
    }
  }
  const input = h("input", {
    type: "file", accept: "image/*",
    onchange: () => {
      if (input.files.length) take([...input.files], "chosen");
      input.value = ""; // so that the same file can be chosen again
    },
  });
  const element = h("label", { class: "rl-button rl-own" }, input, "Your own picture…");
  const listeners = {
    paste: (event) => {
      if (event.target.closest?.("input[type=number]")) return; // a number for the field
      event.preventDefault();
      event.stopPropagation(); // a notebook would paste a cell
      take([...(event.clipboardData?.files ?? [])], "pasted");
    },
    dragover: (event) => {
      event.preventDefault();
      root.classList.add("rl-dropping");
    },
    dragleave: (event) => root.contains(event.relatedTarget) || root.classList.remove("rl-dropping"),
    drop: (event) => {
      event.preventDefault();
      event.stopPropagation();
      root.classList.remove("rl-dropping");
      take([...(event.dataTransfer?.files ?? [])], "dropped");
    },
  };
  for (const [name, listener] of Object.entries(listeners)) root.addEventListener(name, listener);
  const stop = () => {
    latest += 1;
    for (const [name, listener] of Object.entries(listeners)) root.removeEventListener(name, listener);
  };
  return { element, stop };
}

// Converts pictures to the 32 × 32 RGB pixels that a CIFAR net takes, and draws such pixels.
import { h } from "../shared/dom.mjs";

export const SIDE = 32;
export const IMAGE_BYTES = SIDE * SIDE * 3;

/**
 * Averages each square of `side / to` pixels, so that details finer than the new pixels make no patterns.
 * @param {Uint8ClampedArray} rgba  `side × side`
 * @param {number} side
 * @param {number} to
 * @returns {Uint8Array} RGB, `to × to`
 */
export function averageSquares(rgba, side, to) {
  const step = side / to;
  const averages = new Uint8Array(to * to * 3);
  for (let y = 0; y < to; y += 1) {
    for (let x = 0; x < to; x += 1) {
      const sums = [0, 0, 0];
      for (let row = y * step; row < (y + 1) * step; row += 1) {
        for (let column = x * step; column < (x + 1) * step; column += 1) {
          const at = 4 * (row * side + column);
          for (let channel = 0; channel < 3; channel += 1) sums[channel] += rgba[at + channel];
        }
      }
      sums.forEach((sum, channel) => (averages[3 * (y * to + x) + channel] = Math.round(sum / (step * step))));
    }
  }
  return averages;
}

function createContext(width, height) {
  const canvas = h("canvas", { width, height });
  return canvas.getContext("2d", { willReadFrequently: true });
}

/**
 * Crops a decoded picture to its middle square, and scales it to 32 × 32 RGB. The ground is white.
 * @param {ImageBitmap} bitmap
 * @returns {Uint8Array}
 */
export function cropToInput(bitmap) {
  const crop = Math.min(bitmap.width, bitmap.height);
  const [left, top] = [(bitmap.width - crop) / 2, (bitmap.height - crop) / 2];
  // By halves down to a whole number of pixels for each of the 32, which are then averaged.
  const last = SIDE * Math.min(16, Math.max(1, Math.floor(crop / SIDE)));
  let [from, box, side] = [bitmap, [left, top, crop, crop], crop];
  for (;;) {
    side = Math.max(last, Math.ceil(side / 2));
    if (side < 2 * last) side = last;
    const to = createContext(side, side);
    to.imageSmoothingQuality = "high";
    to.fillStyle = "white";
    to.fillRect(0, 0, side, side);
    to.drawImage(from, ...box, 0, 0, side, side);
    if (side === last) return averageSquares(to.getImageData(0, 0, side, side).data, side, SIDE);
    [from, box] = [to.canvas, [0, 0, side, side]];
  }
}

/**
 * Decodes a sprite with ten 32 × 32 images in a row to `count × 3072` RGB bytes.
 * @param {Uint8Array} bytes  of a PNG
 * @param {number} count
 * @returns {Promise<Uint8Array>}
 */
export async function decodeSprite(bytes, count) {
  const options = { colorSpaceConversion: "none", premultiplyAlpha: "none" };
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }), options);
  const columns = bitmap.width / SIDE;
  const from = createContext(bitmap.width, bitmap.height);
  from.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data, width } = from.getImageData(0, 0, from.canvas.width, from.canvas.height);
  const images = new Uint8Array(count * IMAGE_BYTES);
  for (let pixel = 0; pixel < count * SIDE * SIDE; pixel += 1) {
    const [index, row, column] = [Math.floor(pixel / SIDE ** 2), Math.floor(pixel / SIDE) % SIDE, pixel % SIDE];
    const at = 4 * ((SIDE * Math.floor(index / columns) + row) * width + SIDE * (index % columns) + column);
    for (let channel = 0; channel < 3; channel += 1) images[3 * pixel + channel] = data[at + channel];
  }
  return images;
}

/**
 * Draws RGB bytes on a canvas of 32 × 32.
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} pixels
 */
export function drawPixels(canvas, pixels) {
  const image = new ImageData(SIDE, SIDE);
  for (let pixel = 0; pixel < SIDE * SIDE; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) image.data[4 * pixel + channel] = pixels[3 * pixel + channel];
    image.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// Pictures as a CIFAR net takes them: decoded, cut to a square, 32 × 32. What comes from outside is
// looked at before it is decoded: a few bytes can claim more pixels than a machine has memory for.
import { h, withCommas } from "./shared.mjs";

export const SIDE = 32;
export const PIXELS = SIDE * SIDE * 3;
const MOST_BYTES = 20e6;
const MOST_PIXELS = 50e6;
const KINDS_READ = "PNG, JPEG, WebP, GIF, AVIF or BMP";

// ---------------------------------------------------------------- what a file is

const ascii = (bytes, from, to) => String.fromCharCode(...bytes.subarray(from, to));

/** Width and height from the frame header of a JPEG, wherever it stands; null where there is none. */
function sizeOfJpeg(bytes, view) {
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1];
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (isFrame) return [view.getUint16(at + 7), view.getUint16(at + 5)];
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

function sizeOfWebp(bytes, view) {
  const three = (at) => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16);
  const form = ascii(bytes, 12, 16);
  if (form === "VP8X") return [three(24) + 1, three(27) + 1];
  if (form === "VP8L") {
    const bits = view.getUint32(21, true);
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  }
  return form === "VP8 " ? [view.getUint16(26, true) & 0x3fff, view.getUint16(28, true) & 0x3fff] : null;
}

/** The largest picture that an AVIF file says it holds. */
function sizeOfAvif(bytes, view) {
  let [width, height] = [0, 0];
  for (let at = 4; at + 16 < Math.min(bytes.length, 65536); at += 1) {
    if (ascii(bytes, at, at + 4) !== "ispe") continue;
    [width, height] = [Math.max(width, view.getUint32(at + 8)), Math.max(height, view.getUint32(at + 12))];
  }
  return width ? [width, height] : null;
}

/**
 * What a file is by its first bytes, whatever it is called: a picture of a kind that browsers
 * decode, with its size where the header tells it, or something else, in words.
 * @param {Uint8Array} bytes
 * @returns {{picture: string, size: number[] | null} | {other: string}}
 */
export function whatIs(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const has = (length) => bytes.length >= length;
  const brand = ascii(bytes, 4, 12);
  if (ascii(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") {
    return { picture: "PNG", size: has(24) ? [view.getUint32(16), view.getUint32(20)] : null };
  }
  if (has(3) && bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) {
    return { picture: "JPEG", size: sizeOfJpeg(bytes, view) };
  }
  if (/^GIF8[79]a/.test(ascii(bytes, 0, 6))) {
    return { picture: "GIF", size: has(10) ? [view.getUint16(6, true), view.getUint16(8, true)] : null };
  }
  if (ascii(bytes, 0, 4) === "RIFF" && ascii(bytes, 8, 12) === "WEBP") {
    return { picture: "WebP", size: has(30) ? sizeOfWebp(bytes, view) : null };
  }
  if (/^ftypavi[fs]/.test(brand)) return { picture: "AVIF", size: sizeOfAvif(bytes, view) };
  if (ascii(bytes, 0, 2) === "BM" && has(26) && view.getUint32(14, true) >= 40) {
    return { picture: "BMP", size: [view.getInt32(18, true), Math.abs(view.getInt32(22, true))] };
  }
  return { other: otherKind(bytes, brand) };
}

function otherKind(bytes, brand) {
  const start = ascii(bytes, 0, 1024).replace(/^\xef\xbb\xbf/, "").trimStart();
  if (start.startsWith("%PDF")) return "a PDF";
  if (/^(<\?xml[^>]*>\s*|<!--[^]*?-->\s*|<!doctype svg[^>]*>\s*)*<svg\b/i.test(start)) return "an SVG drawing, which has no pixels of its own";
  if (/^<(!doctype html|html)\b/i.test(start)) return "an HTML page";
  if (/^ftyp(hei[cfmsx]|mif1|hev)/.test(brand)) return "a HEIC picture, which browsers do not decode";
  if (/^ftyp/.test(brand)) return "a film or a sound";
  if (/^(II\*\0|MM\0\*)/.test(start)) return "a TIFF picture, which browsers do not decode";
  if (start.startsWith("PK\x03\x04")) return "a ZIP archive, or a document that is one";
  // No control characters but tabs and ends of lines: text, in whatever encoding.
  return /^[^\0-\x08\x0e-\x1f]*$/.test(start) ? "a text file" : "no picture of a kind known here";
}

/** Why a file cannot be taken, and what to do; "" for one that may be decoded. */
export function refusal(name, byteCount, bytes) {
  const called = `“${name.length > 40 ? `${name.slice(0, 24)}…${name.slice(-12)}` : name}”`;
  if (!byteCount) return `${called} is empty: 0 bytes. Choose a picture: ${KINDS_READ}.`;
  if (byteCount > MOST_BYTES) {
    return `${called} has ${(byteCount / 1e6).toFixed(1)} MB, and at most ${MOST_BYTES / 1e6} MB are read. Save it smaller, or choose another.`;
  }
  const { other, picture, size } = whatIs(bytes);
  if (other) return `${called} is ${other}. Choose a picture: ${KINDS_READ}.`;
  return size ? refusalOfSize(called, picture, size) : "";
}

function refusalOfSize(called, picture, [width, height]) {
  const pixels = `${withCommas(width)} × ${withCommas(height)} pixels`;
  if (!(width > 0 && height > 0)) return `${called} says it is a ${picture} of ${pixels}: there is nothing in it. Choose another.`;
  if (width * height > MOST_PIXELS) {
    return `${called} has ${pixels}, and at most ${MOST_PIXELS / 1e6} million are decoded. Save it smaller, or choose another.`;
  }
  return "";
}

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

// Takes pictures from the reader: chosen, pasted or dropped.
import { MAX_FILE_BYTES, explainRefusal, explainSizeRefusal, identifyFile } from "./picture_formats.mjs";
import { cropToInput } from "./pixels.mjs";
import { h } from "../shared/dom.mjs";

/**
 * Decodes a file to the pixels that a net takes, 32 × 32 × 3 bytes. Throws an `Error` that the reader sees.
 * @param {File} file
 * @returns {Promise<Uint8Array>}
 */
export async function decodePicture(file) {
  const name = file.name || "This";
  let bytes = new Uint8Array();
  if (file.size <= MAX_FILE_BYTES) {
    bytes = await file.arrayBuffer().then((buffer) => new Uint8Array(buffer), () => null);
    if (!bytes) throw new Error(`“${name}” could not be read: it is a folder, or no longer there.`);
  }
  const refusal = explainRefusal(name, file.size, bytes);
  if (refusal) throw new Error(refusal);
  const { picture } = identifyFile(bytes);
  let bitmap;
  try {
    bitmap = await createImageBitmap(new Blob([bytes], { type: `image/${picture.toLowerCase()}` }));
  } catch {
    throw new Error(`“${name}” begins as a ${picture} but cannot be decoded: it is damaged or cut short. Choose another.`);
  }
  try {
    const sizeRefusal = explainSizeRefusal(`“${name}”`, picture, [bitmap.width, bitmap.height]);
    if (sizeRefusal) throw new Error(sizeRefusal);
    return cropToInput(bitmap);
  } finally {
    bitmap.close();
  }
}

/**
 * Takes pictures that the reader chooses, pastes or drops anywhere on `root`. Of several in a row only
 * the last counts.
 * @param {HTMLElement} root
 * @param {function(Uint8Array): void} onpicture  gets the pixels
 * @param {function(string): void} onrefused  gets the reason
 * @returns {{element: HTMLElement, stop: function(): void}}
 */
export function createPictureInput(root, onpicture, onrefused) {
  let latest = 0;
  async function take(files, gesture) {
    latest += 1;
    const current = latest;
    try {
      if (!files.length) throw new Error(`What was ${gesture} is no picture file. Save the picture first, then choose it here.`);
      const pixels = await decodePicture(files[0]);
      if (current === latest) onpicture(pixels);
    } catch (problem) {
      if (current === latest) onrefused(problem.message);
    }
  }
  const input = h("input", {
    type: "file", accept: "image/*",
    onchange: () => {
      if (input.files.length) take([...input.files], "chosen");
      input.value = ""; // so that the same file can be chosen again
    },
  });
  const element = h("label", { class: "rl-button rl-picture-input" }, input, "Your own picture…");
  const removeListeners = listenForPictures(root, take);
  const stop = () => {
    latest += 1;
    removeListeners();
  };
  return { element, stop };
}

/** Calls `take(files, gesture)` for what is pasted or dropped on `root`; returns what ends it. */
function listenForPictures(root, take) {
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
  return () => {
    for (const [name, listener] of Object.entries(listeners)) root.removeEventListener(name, listener);
  };
}

// Shows the controls of the settings, and a note where a number is beyond its range.
import { computeDepth } from "../shared/cifar_net.mjs";
import { createNumberField, createRadioGroup, createShortcutRadios, createSlider, createVersionRadios } from "../shared/controls.mjs";
import { h } from "../shared/dom.mjs";
import { setTraits } from "../shared/model.mjs";
import { describeLimit } from "./descriptions.mjs";
import { countPlannedEpochs, formatRecipe, readSettings } from "./settings.mjs";

/** @typedef {import("../shared/model.mjs").Model} Model */

const N_STOPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 18, 27, 36, 54, 75, 111, 150, 200];
const MAX_EPOCHS = 1000;
const MAX_SEED = 999;
const LIMIT_NOTE_MS = 6000; // how long a note beside a field stays

/**
 * Creates the controls; `draw(settings, recipes)` sets them.
 * @param {Model} model
 */
export function createSettingsControls(model) {
  const change = (changes) => setTraits(model, changes);
  const version = createVersionRadios(model.get("version"), (value) => change({ version: value }));
  const blocks = createSlider({
    label: "n, blocks in each stage", stops: N_STOPS, value: model.get("n"),
    describe: (n) => `n = ${n}, depth ${computeDepth(model.get("version"), n)}`,
    onchange: (n) => {
      if (n !== null) change({ n });
      blocks.set(model.get("n")); // also what an emptied field goes back to
    },
  });
  const shortcut = createShortcutRadios(model.get("shortcut"), (value) => change({ shortcut: value }));
  const recipe = createRecipeRadios(model);
  const epochs = createEpochsField(model);
  const seed = createNumberField({
    label: "Seed", min: 0, max: MAX_SEED, empty: 0,
    onchange: (value) => {
      change({ seed: value });
      seed.set(value);
    },
  });
  const stopNotes = addLimitNotes([[blocks, "n goes"], [epochs, "Epochs go"], [seed, "The seed goes"]]);
  let shown = ""; // the settings that the controls show

  /** Sets the controls only after a change: what the kernel sends must not overwrite what is being typed. */
  function draw(settings, recipes) {
    epochs.drawNote(settings, recipes);
    if (JSON.stringify(settings) === shown) return;
    shown = JSON.stringify(settings);
    version.set(settings.version);
    blocks.set(settings.n);
    shortcut.set(settings.shortcut);
    recipe.set(settings.recipe);
    epochs.set(countPlannedEpochs(settings, recipes));
    seed.set(settings.seed);
  }
  const element = h("div", { class: "rl-controls rl-training-controls" },
    [version, blocks, shortcut, recipe, epochs, seed].map((control) => control.element));
  return { element, draw, stop: stopNotes };
}

const createRecipeRadios = (model) => createRadioGroup({
  legend: "Recipe", value: model.get("recipe"), onchange: (recipe) => setTraits(model, { recipe, epochs: 0 }),
  options: Object.entries(model.get("recipes")).map(([name, { epochs, batch_size, optimizer, learning_rate }]) => ({
    value: name, label: name,
    title: `${epochs} epochs, batches of ${batch_size}, ${optimizer}, learning rate up to ${learning_rate}`,
  })),
});

/** Creates the field of epochs, with a chip beside it that goes back to the recipe's own number. */
function createEpochsField(model) {
  const field = createNumberField({
    label: "Epochs", min: 1, max: MAX_EPOCHS, empty: 0,
    onchange: (value) => {
      setTraits(model, { epochs: value === model.get("recipes")[model.get("recipe")].epochs ? 0 : value });
      field.set(countPlannedEpochs(readSettings(model), model.get("recipes")));
    },
  });
  const chip = h("button", { type: "button", class: "rl-chip", onclick: () => setTraits(model, { epochs: 0 }) });
  const text = h("span", {}, "the recipe’s own");
  field.note.append(chip, text);
  const drawNote = (settings, recipes) => {
    const isOwn = formatRecipe(settings, recipes) === settings.recipe;
    chip.textContent = `its own: ${recipes[settings.recipe].epochs}`;
    chip.hidden = isOwn;
    text.hidden = !isOwn;
  };
  return { ...field, drawNote };
}

/**
 * Adds a note to each field, which shows the field's range for a moment after a number beyond it was
 * typed: the field itself changes to its limit. Returns a function that clears the timer.
 */
function addLimitNotes(fields) {
  const notes = fields.map(() => h("span", { class: "rl-limit", role: "status" }));
  let timer;
  const show = (text = "", note = null) => {
    clearTimeout(timer);
    notes.forEach((one) => (one.textContent = one === note ? text : ""));
    if (text) timer = setTimeout(show, LIMIT_NOTE_MS);
  };
  fields.forEach(([{ element }, subject], index) => {
    element.append(notes[index]);
    element.addEventListener("input", () => show());
    // While the event goes down to the field, which still holds what was typed.
    element.addEventListener("change", ({ target: { type, valueAsNumber, min, max } }) => {
      if (type === "number") show(describeLimit(subject, valueAsNumber, { min: Number(min), max: Number(max) }), notes[index]);
    }, true);
  });
  return () => clearTimeout(timer);
}

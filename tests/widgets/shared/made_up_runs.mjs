// Runs that no one trained, with errors and times that can be worked out by hand.

/** A run of three epochs, as the learning curves get it. */
export const makeRun = (changes = {}) => ({
  name: "resnet20_v1-quick-seed0", label: "ResNet-20", kind: "v1", version: "v1", shortcut: "pad", depth: 20,
  recipe: "quick", batch_size: 128, epochs: 3, seed: 0, device: "CPU", backend: "jax", parameters: 269722,
  status: "finished", error: [60, 40, 20], test_error: [50, 30, 25], learning_rate: [0.1, 0.2, 0.01],
  highest_rate: 0.2, training_error: 15, ...changes,
});

/** A run of four epochs with their times, as the dashboard gets it, under the name that belongs to it. */
export function makeTimedRun(changes = {}) {
  const run = {
    ...makeRun(), n: 3, recipe: "quick-4", epochs: 4, error: [60, 40, 30, 20], test_error: [50, 40, 30, 25.25],
    learning_rate: [0.1, 0.2, 0.1, 0.0001], seconds: [10, 20, 30, 40], images_per_second: [400, 500, 600, 700],
    training_error: 18, ...changes,
  };
  const family = { none: "plain", highway: "highway" }[run.shortcut] ?? "resnet";
  const name = `${family}${run.depth}_${run.version}${run.shortcut === "pad" ? "_pad" : ""}-${run.recipe}-seed${run.seed}`;
  return { ...run, name, ...changes };
}

/** Settings of the dashboard's controls. */
export const makeSettings = (changes = {}) => ({ version: "v1", n: 3, shortcut: "pad", recipe: "quick", epochs: 0, seed: 0, ...changes });

export const RECIPES = { article: { epochs: 200 }, paper: { epochs: 164 }, quick: { epochs: 15 } };

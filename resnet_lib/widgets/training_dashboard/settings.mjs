// Names nets, recipes and runs by their settings.
import { computeDepth, formatNetName } from "../shared/cifar_net.mjs";

/**
 * @typedef {{version: string, n: number, shortcut: string, recipe: string, epochs: number, seed: number}} Settings
 *   as the controls show them; epochs 0: as many as the recipe has of its own
 * @typedef {Record<string, {epochs: number, batch_size: number, learning_rate: number, optimizer: string}>} Recipes
 */

/** The traits that are settings. */
export const SETTINGS = ["version", "n", "shortcut", "recipe", "epochs", "seed"];

/**
 * Reads the settings from a model.
 * @param {import("../shared/model.mjs").Model} model
 * @returns {Settings}
 */
export const readSettings = (model) => Object.fromEntries(SETTINGS.map((name) => [name, model.get(name)]));

/**
 * Gets the kind of net, which decides its colour.
 * @param {{version: string, shortcut: string}} net
 */
export const getKind = ({ version, shortcut }) => ({ none: "plain", highway: "highway" })[shortcut] ?? version;

/**
 * Formats a net's name without its version: ResNet-20.
 * @param {{version: string, n: number, shortcut: string}} net
 */
export const formatFamily = (net) => formatNetName(net).replace(/ v\d$/, "");

/**
 * Formats a net's name, with the shortcut where the family does not tell it: "ResNet-20 v1, pad".
 * @param {{version: string, n: number, shortcut: string}} net
 */
export const formatFullName = (net) =>
  formatNetName(net) + (["none", "highway"].includes(net.shortcut) ? "" : `, ${net.shortcut}`);

/**
 * Gets what the chart shows of a net that may have no run yet.
 * @param {{version: string, n: number, shortcut: string}} net
 */
export const getNetProperties = (net) => ({ label: formatFamily(net), kind: getKind(net), depth: computeDepth(net.version, net.n) });

/**
 * Counts the epochs that settings ask for.
 * @param {Settings} settings
 * @param {Recipes} recipes
 */
export const countPlannedEpochs = ({ recipe, epochs }, recipes) => epochs || recipes[recipe].epochs;

/**
 * Formats a recipe's name, with its epochs where they are not its own: quick-8.
 * @param {Settings} settings
 * @param {Recipes} recipes
 */
export function formatRecipe({ recipe, epochs }, recipes) {
  return epochs && epochs !== recipes[recipe].epochs ? `${recipe}-${epochs}` : recipe;
}

/**
 * Formats the name of a run with these settings: resnet20_v1_pad-quick-8-seed0.
 * @param {Settings} settings
 * @param {Recipes} recipes
 */
export function formatRunName(settings, recipes) {
  const { version, n, shortcut, seed } = settings;
  const family = { none: "plain", highway: "highway" }[shortcut] ?? "resnet";
  const net = `${family}${computeDepth(version, n)}_${version}${shortcut === "pad" ? "_pad" : ""}`;
  return `${net}-${formatRecipe(settings, recipes)}-seed${seed}`;
}

/**
 * Finds the settings that train a run again; those of its recipe only where the recipe is known.
 * @param {Object} run
 * @param {Recipes} recipes
 * @returns {Partial<Settings>}
 */
export function findSettings(run, recipes) {
  const { version, n, shortcut, seed } = run;
  const recipe = Object.keys(recipes).find((name) => run.recipe === name || run.recipe === `${name}-${run.epochs}`);
  const ofRecipe = recipe && { recipe, epochs: run.epochs === recipes[recipe].epochs ? 0 : run.epochs };
  return { version, n, shortcut, seed, ...ofRecipe };
}

import { computeDepth, formatNetName } from "../shared/cifar_net.mjs";
import { distinct, lengthOf, percent } from "../shared/error_chart.mjs";

// What the training dashboard finds among the recorded runs, and all it says.

/**
 * @typedef {{version: string, n: number, shortcut: string, recipe: string, epochs: number, seed: number}} Settings
 *   as the controls stand; epochs 0: as many as the recipe has of its own
 * @typedef {Record<string, {epochs: number, batch_size: number, learning_rate: number}>} Recipes
 * @typedef {import("../shared/error_chart.mjs").Run & {n: number, seconds: number[], images_per_second: number[]}} Replay
 * @typedef {{version: string, n: number, shortcut: string, test_error: number, at_least: boolean, source: string}} Paper
 */

export const SETTINGS = ["version", "n", "shortcut", "recipe", "epochs", "seed"];
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

// ---------------------------------------------------------------- names

/** The family that a net is drawn as. */
export const kindOf = ({ version, shortcut }) => ({ none: "plain", highway: "highway" })[shortcut] ?? version;

/** ResNet-20: the name without its version. */
export const familyOf = (net) => formatNetName(net).replace(/ v\d$/, "");

/** ResNet-20 v1, pad: with the shortcut where the family does not tell it. */
export const fullNameOf = (net) =>
  formatNetName(net) + (["none", "highway"].includes(net.shortcut) ? "" : `, ${net.shortcut}`);

/** What the chart needs of a net that may have no run yet. */
export const netWords = (net) => ({ label: familyOf(net), kind: kindOf(net), depth: computeDepth(net.version, net.n) });

export const epochsOf = ({ recipe, epochs }, recipes) => epochs || recipes[recipe].epochs;

/** The recipe's name with the epochs that are not its own: quick-8. */
export function recipeOf({ recipe, epochs }, recipes) {
  return epochs && epochs !== recipes[recipe].epochs ? `${recipe}-${epochs}` : recipe;
}

/** The name that a run of these settings has: resnet20_v1_pad-quick-8-seed0. */
export function runNameOf(settings, recipes) {
  const { version, n, shortcut, seed } = settings;
  const family = { none: "plain", highway: "highway" }[shortcut] ?? "resnet";
  const net = `${family}${computeDepth(version, n)}_${version}${shortcut === "pad" ? "_pad" : ""}`;
  return `${net}-${recipeOf(settings, recipes)}-seed${seed}`;
}

/** The settings by which a run is trained again; those of its recipe only where it is a known one. */
export function settingsOf(run, recipes) {
  const { version, n, shortcut, seed } = run;
  const recipe = Object.keys(recipes).find((name) => run.recipe === name || run.recipe === `${name}-${run.epochs}`);
  const how = recipe && { recipe, epochs: run.epochs === recipes[recipe].epochs ? 0 : run.epochs };
  return { version, n, shortcut, seed, ...how };
}

// ---------------------------------------------------------------- which runs

const sameNet = (one, other) => ["version", "n", "shortcut"].every((key) => one[key] === other[key]);
const longest = (runs) => [...runs].sort((a, b) => lengthOf(b) - lengthOf(a) || a.seed - b.seed)[0] ?? null;

/** The recorded run of the net that is chosen: that of these very settings, else the longest. */
export function recordedRun(recorded, settings, recipes) {
  const same = recorded.filter((run) => sameNet(run, settings));
  const name = runNameOf(settings, recipes);
  return same.find((run) => run.name === name) ?? longest(same);
}

/** The nets that are recorded, by name, with the runs of each. */
const byNet = (runs) => distinct(runs.map(fullNameOf)).map((name) => [name, runs.filter((run) => fullNameOf(run) === name)]);

/** One run of each net that is recorded, for the choice of one. */
export const netsRecorded = (recorded) => byNet(recorded).map(([name, runs]) => ({ name, run: longest(runs) }));

/**
 * The recorded runs that stand faint behind a training: of the same version and n, and of its
 * recipe where there are any; where there are none of that size, those nearest to it in depth. One
 * of each net, labelled with what tells it from the training: `beside` says that one of the same
 * net and recipe may be drawn before them. `without` names the run that is not to be among them;
 * `unseen` says that no run of this very net is: its reader may still be guessing.
 */
export function faintRuns(recorded, settings, recipes, { without = "", beside = false, unseen = false } = {}) {
  const others = recorded.filter((run) => run.name !== without && !(unseen && sameNet(run, settings)));
  const depth = computeDepth(settings.version, settings.n);
  const away = (run) => Math.abs(run.depth - depth);
  const nearest = Math.min(...others.map(away));
  const sized = others.filter((run) => run.version === settings.version && run.n === settings.n);
  const near = sized.length ? sized : others.filter((run) => away(run) === nearest);
  const ofRecipe = near.filter((run) => run.recipe === settings.recipe || run.recipe.startsWith(`${settings.recipe}-`));
  const chosen = ofRecipe.length ? ofRecipe : near;
  const nets = byNet(chosen).map(([, runs]) => runs);
  return nets.map((runs) => {
    const run = recordedRun(runs, { ...runs[0], recipe: settings.recipe, epochs: settings.epochs, seed: settings.seed }, recipes);
    const several = nets.some(([one]) => one !== runs[0] && kindOf(one) === kindOf(run));
    const name = several ? `${familyOf(run)}, ${run.shortcut}` : familyOf(run);
    const version = run.version === settings.version ? "" : ` ${run.version}`;
    const label = `${name}${version}${run.recipe === recipeOf(settings, recipes) ? "" : `, ${run.recipe}`}`;
    return { ...run, label: beside && label === familyOf(settings) ? `${label}, recorded` : label };
  });
}

/** What the paper reports of the net that is chosen, or null. */
export const paperOf = (paper, net) => paper.find((one) => sameNet(one, net)) ?? null;

const paperError = ({ test_error, at_least }) => (at_least ? `above ${test_error} %` : `${test_error.toFixed(2)} %`);
export const paperLabel = (one) => `He et al. 2015: ${one.at_least ? `> ${one.test_error}` : one.test_error.toFixed(2)} %`;

// ---------------------------------------------------------------- figures

/** 48 s, 3 min 20 s, 14 min, 2 h 5 min. */
export function timeWords(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return `${Math.floor(whole / 60)} min${whole % 60 ? ` ${whole % 60} s` : ""}`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** A time that is only expected: short for a figure, long for a sentence. */
export function expected(minutes) {
  const seconds = Math.max(5, 5 * Math.round(12 * minutes));
  if (seconds < 60) return { short: `${seconds} s`, long: `about ${seconds} seconds` };
  if (minutes > 60) {
    const hours = minutes < 600 ? Number((minutes / 60).toFixed(1)) : Math.round(minutes / 60);
    return { short: `${hours} h`, long: `about ${plural(hours, "hour")}` };
  }
  const whole = Math.round(minutes);
  return { short: `${whole} min`, long: `about ${plural(whole, "minute")}` };
}

/** 2 kB, 3.4 MB. */
export function sizeWords(bytes) {
  if (bytes < 999_500) return `${Math.max(1, Math.round(bytes / 1000))} kB`;
  return `${(bytes / 1e6).toFixed(bytes < 9.95e6 ? 1 : 0)} MB`;
}

/** 0.0832, 9.16e-5. */
export const rateWords = (rate) => `${Number(rate.toPrecision(3))}`;

// ---------------------------------------------------------------- sentences

/**
 * What is known of the time that these settings take: `figure` and `note` beside the controls, and
 * `hint` where it is long. `left` are the epochs that a resume has still to do, 0 where there is none.
 */
export function forecastWords(forecast, { name, epochs, left = 0 }) {
  const none = (figure, note) => ({ figure, note, hint: "", said: "" });
  if (forecast.name !== name) return none("…", "asking the kernel");
  if (forecast.state === "measuring") return none("…", "Measuring the speed of this device…");
  if (forecast.state === "later") return none("–", "measured once the training under way has ended");
  if (forecast.state !== "known") return none("–", `could not be measured: ${forecast.words ?? "no reason given"}`);
  const { epoch_seconds: each, device } = forecast;
  const time = expected(left ? (left * each) / 60 : forecast.minutes);
  const note = `${left ? `for the ${plural(left, "epoch")} left, ` : ""}on ${device} (${each < 9.95 ? Number(each.toFixed(1)) : Math.round(each)} s an epoch)`;
  const said = `Expected: ${time.long} ${note}.`;
  return { figure: time.short, note, hint: shorter(forecast, left || epochs), said };
}

/** A gentle word where a CPU would be busy for long. */
function shorter({ device, epoch_seconds: each, minutes }, epochs) {
  if (!/\bCPU\b/i.test(device) || Math.min(minutes, (epochs * each) / 60) <= 20) return "";
  const fitting = Math.floor((15 * 60) / each);
  return fitting > 0
    ? `This device has no GPU. With ${plural(fitting, "epoch")} it would take ${expected((fitting * each) / 60).long}; a smaller n is faster too.`
    : "This device has no GPU: choose a smaller n, or open the chapter where there is one (Colab lends them).";
}

/** What is said where a number beyond the range of its field was typed; "" where it was not. */
export function limitWords(goes, typed, { min, max }) {
  return typed < min || typed > max ? `${goes} from ${min} to ${max}` : "";
}

/** What Start and Resume would do with what is there of these settings; `shown`: the run is. */
export function foundWords({ epochs, of, finished }, shown) {
  if (!epochs) return "";
  if (finished) return `These very settings have been trained${shown ? ": the run is shown below" : ""}. Start trains anew, and sets that run aside.`;
  return `${epochs} of ${plural(of, "epoch")} of these settings are done: Resume goes on with epoch ${epochs + 1}. Start begins anew, and sets them aside.`;
}

/** "recipe quick-8 (8 epochs), seed 0, on CPU": how a run was trained. */
export const howTrained = (run) => `recipe ${run.recipe} (${plural(run.epochs, "epoch")}), seed ${run.seed}, on ${run.device}`;

/** In what a recorded run differs from the controls, beside its net; "" where it does not. */
export function otherwise(run, settings, recipes) {
  const wanted = [];
  if (run.recipe !== recipeOf(settings, recipes)) wanted.push(`recipe ${settings.recipe}, ${plural(epochsOf(settings, recipes), "epoch")}`);
  if (run.seed !== settings.seed) wanted.push(`seed ${settings.seed}`);
  return wanted.length ? `The controls say ${wanted.join(", ")}: of that no run is recorded, and this is the nearest there is.` : "";
}

/** The end of a training in two sentences: what it came to, and how that stands to the paper's. */
export function endWords(run, paper, recipes) {
  const [epochs, error] = [lengthOf(run), run.test_error.at(-1)];
  if (!epochs) return { head: "No epoch had ended.", remark: "" };
  const own = error === null || error === undefined ? "no test error" : `test error ${error.toFixed(2)} %`;
  if (run.status !== "finished") {
    const how = run.status === "diverged" ? "It diverged after" : "After";
    return { head: `${how} epoch ${epochs} of ${run.epochs}: ${own}.`, remark: "" };
  }
  if (!paper) return { head: `T${own.slice(1)}.`, remark: "He et al. 2015 report no test error of this net." };
  const points = Math.abs(error - paper.test_error).toFixed(2);
  const side = error > paper.test_error ? "above" : "below";
  const difference = paper.at_least ? "" : Number(points) ? `${points} points ${side} the paper’s. ` : "As low as the paper’s. ";
  return { head: `T${own.slice(1)}, the paper’s ${paperError(paper)}.`, remark: difference + paperRemark(run.recipe, epochs, recipes) };
}

/** What an error beside the paper's tells of. */
export function paperRemark(recipe, epochs, recipes) {
  const theirs = recipes.paper?.epochs ?? 164;
  return recipe === "paper"
    ? `By the paper’s own recipe, ${theirs} epochs; one seed differs from the next.`
    : `The paper’s recipe is another, of ${theirs} epochs; this one has ${epochs}: the gap is the recipe’s as well.`;
}

/** An epoch read from a run, or its end (0), in words. */
export function epochWords(run, epoch) {
  const at = epoch || lengthOf(run);
  if (!at) return "No epoch has ended yet.";
  const [test, training] = [run.test_error[at - 1], run.error[at - 1]];
  const parts = [["test", test], ["training", training]].filter(([, value]) => value !== null && value !== undefined);
  return `Epoch ${at} of ${run.epochs}: ${parts.map(([name, value]) => `${name} error ${percent(value)} %`).join(", ")}.`;
}

/** What is going on, beside the progress bar. */
export function phaseWords(status, progress) {
  if (status === "preparing") return "Preparing…";
  if (!progress.epoch) return status === "training" || status === "stopping" ? "Training…" : "";
  const { phase, epoch, epochs, step, steps } = progress;
  const doing = { testing: "testing on the test images", finishing: "a last look at all training images" }[phase] ?? `step ${step} of ${steps}`;
  return `Epoch ${epoch} of ${epochs}: ${doing}${status === "stopping" ? "; it stops at its end" : ""}`;
}

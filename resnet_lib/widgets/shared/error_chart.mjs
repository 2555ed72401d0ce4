import { createId, createTextRuler, svg } from "./dom.mjs";
import { chooseCountTicks, chooseTickStep, clamp, createLinePath, separatePositions } from "./plotting.mjs";

// Error against epoch, of one run or many: what is drawn of them and what is said.

/**
 * @typedef {{name: string, label: string, kind: string, version: string, shortcut: string,
 *   depth: number|null, recipe: string, batch_size: number, epochs: number, seed: number,
 *   device: string, backend: string, parameters: number, status: string, error: (number|null)[],
 *   test_error: (number|null)[], learning_rate: number[], highest_rate: number,
 *   training_error: number|null}} Run  errors in per cent; an entry an epoch in each list. Those in
 *   `error` are averages over the epoch; `training_error` is that of the last weights.
 */

export const lengthOf = (run) => Math.max(run.test_error.length, run.error.length);
export const lastEpoch = (runs) => Math.max(0, ...runs.map(lengthOf));

/** The two errors of a run after one epoch; for epoch 0 the final ones, the training error then
 *  being that of the last weights. Null where there is none. */
export function readingAt(run, epoch) {
  if (epoch === 0) return { test: run.test_error.at(-1) ?? null, training: run.training_error };
  return { test: run.test_error[epoch - 1] ?? null, training: run.error[epoch - 1] ?? null };
}

// ---------------------------------------------------------------- axes

/**
 * The range of the error axis. Linear from 0 to where nearly all lies: a twentieth of each curve,
 * which is its steep beginning, may leave at the top. Logarithmic over everything above zero.
 * @param {(number|null)[][]} curves
 */
export function errorRange(curves, scale) {
  const lists = curves.map((list) => list.filter((value) => value !== null)).filter((list) => list.length);
  if (scale === "log") {
    const positive = lists.flat().filter((value) => value > 0);
    if (!positive.length) return { low: 0.1, high: 100 };
    const rounds = [-3, -2, -1, 0, 1, 2].flatMap((power) => [1, 2, 5].map((step) => Number(`${step}e${power}`)));
    const low = rounds.findLast((round) => round < Math.min(...positive)) ?? 0.001;
    return { low, high: rounds.find((round) => round >= Math.max(...positive)) ?? 100 };
  }
  const most = Math.max(0, ...lists.map((list) => {
    const sorted = [...list].sort((a, b) => a - b);
    return Math.max(list.at(-1), sorted[Math.ceil(0.95 * sorted.length) - 1]);
  }));
  if (most === 0) return { low: 0, high: 1 };
  const step = chooseTickStep(1.02 * most, 6);
  return { low: 0, high: Math.min(100, step * Math.ceil((1.02 * most) / step - 1e-9)) };
}

/** Errors to write at the axis. */
export function errorTicks({ low, high }, scale, count = 6) {
  if (scale === "log") {
    const steps = high / low > 1000 ? [1] : [1, 2, 5];
    return [-3, -2, -1, 0, 1, 2].flatMap((power) => steps.map((step) => Number(`${step}e${power}`)))
      .filter((tick) => tick >= low && tick <= high);
  }
  const step = chooseTickStep(high, count);
  return Array.from({ length: Math.floor(high / step + 1e-9) + 1 }, (_, index) => Number((index * step).toFixed(6)));
}

/** From an error to its height in pixels. An error of 0 has no place on a log axis: it lies low. */
export function errorScale({ low, high }, scale, top, bottom) {
  const at = scale === "log" ? (value) => Math.log(Math.max(value, low)) : (value) => value;
  return (value) => bottom - ((bottom - top) * (at(value) - at(low))) / (at(high) - at(low));
}

/**
 * Heights for labels at `x`, `y` and of `width`: those side by side need not keep apart. One that is
 * `first` stands where it would; the others make way for it, and a little more than for each other.
 */
export function placeLabels(labels, gap, low, high) {
  const order = labels.map((_, index) => index).sort((a, b) => labels[a].x - labels[b].x);
  const placed = [];
  let group = [];
  let right = -Infinity;
  const settle = () => {
    const wanted = group.map((index) => labels[index].y);
    const first = group.findIndex((index) => labels[index].first);
    const heights = first < 0 ? separatePositions(wanted, gap, low, high) : spreadAround(wanted, first, gap, low, high);
    heights.forEach((y, rank) => (placed[group[rank]] = y));
    group = [];
  };
  for (const index of order) {
    if (labels[index].x > right) settle();
    group.push(index);
    right = Math.max(group.length > 1 ? right : -Infinity, labels[index].x + labels[index].width);
  }
  settle();
  return placed;
}

/** As `spread`, but the one at index `first` stands fast, if there is room for the others around it. */
function spreadAround(wanted, first, gap, low, high) {
  const own = clamp(wanted[first], low, high);
  const air = gap + 3;
  const others = wanted.map((_, index) => index).filter((index) => index !== first).sort((a, b) => wanted[a] - wanted[b]);
  const room = (pixels) => Math.max(0, Math.floor((pixels - air) / gap + 1 + 1e-9));
  const [most, least] = [room(own - low), others.length - room(high - own)];
  if (least > most) return separatePositions(wanted, gap, low, high);
  const above = clamp(others.filter((index) => wanted[index] < own).length, Math.max(0, least), most);
  const placed = [];
  placed[first] = own;
  for (const [side, from, to] of [[others.slice(0, above), low, own - air], [others.slice(above), own + air, high]]) {
    separatePositions(side.map((index) => wanted[index]), gap, from, to).forEach((y, rank) => (placed[side[rank]] = y));
  }
  return placed;
}

// ---------------------------------------------------------------- the learning rate

export const rounded = (number, digits = 2) => `${Number(number.toPrecision(digits))}`;

/** Where a rate, known at the end of each epoch, steps; a rate that changes all the time is smooth. */
export function rateSteps(rates) {
  const steps = [];
  for (let index = 1; index < rates.length; index += 1) {
    const [before, after] = [rates[index - 1], rates[index]];
    if (Math.abs(after - before) <= 0.01 * Math.max(after, before)) continue;
    const text = after === 0 ? "rate to 0"
      : after < before ? `rate ÷ ${rounded(before / after)}` : `rate × ${rounded(after / before)}`;
    steps.push({ at: index + 0.5, text }); // within epoch index + 1
  }
  return steps.length > rates.length / 3 ? { smooth: true, steps: [] } : { smooth: false, steps };
}

/** The steps of all runs' rates; `who` says whose a step is where it is not that of all. */
export function rateMarks(runs) {
  const marks = new Map();
  for (const run of runs) {
    for (const step of rateSteps(run.learning_rate).steps) {
      const key = `${step.at} ${step.text}`;
      if (!marks.has(key)) marks.set(key, { ...step, runs: [] });
      marks.get(key).runs.push(run);
    }
  }
  return [...marks.values()].sort((a, b) => a.at - b.at).map(({ at, text, runs: own }) => {
    const others = runs.filter((run) => !own.includes(run) && lengthOf(run) > at);
    const names = (key, list) => [...new Set(list.map((run) => run[key]))];
    const recipes = names("recipe", own);
    const key = recipes.some((recipe) => names("recipe", others).includes(recipe)) ? "label" : "recipe";
    const all = names(key, own);
    return { at, text, who: others.length === 0 ? "" : all.length > 2 ? `${all.length} nets` : all.join(", ") };
  });
}

/** The distinct rates of the runs, longest first; a run that broke off has the beginning of one. */
export function schedulesOf(runs) {
  const schedules = [];
  for (const run of [...runs].sort((a, b) => b.learning_rate.length - a.learning_rate.length)) {
    const rates = run.learning_rate;
    if (!rates.length) continue;
    const same = schedules.some((one) => one.recipe === run.recipe && rates.every((rate, index) => rate === one.rates[index]));
    if (same) continue;
    const highest = Math.max(...rates);
    const named = schedules.some((one) => one.recipe === run.recipe); // with a warm-up, say
    schedules.push({
      recipe: run.recipe, name: named ? `${run.recipe}, ${run.label}` : run.recipe, rates, highest: run.highest_rate ?? highest,
      smooth: rateSteps(rates).smooth,
    });
  }
  return schedules;
}

// ---------------------------------------------------------------- words

export const percent = (value) => (value === null ? "–" : value < 9.995 ? value.toFixed(2) : value.toFixed(1));
export const listed = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);
export const distinct = (list) => [...new Set(list)];
const named = (run, runs) =>
  runs.filter((one) => one.label === run.label).length > 1 ? `${run.label}, seed ${run.seed}` : run.label;

/** "Recipe: quick (15 epochs, batches of 128). Seed: 0. Device: ..." of what is shown. */
export function captionOf(runs) {
  const said = (word, values) => `${word}${values.length > 1 ? "s" : ""}: ${listed(values.map(String))}.`;
  const recipes = distinct(runs.map((run) => `${run.recipe} (${run.epochs} ${run.epochs === 1 ? "epoch" : "epochs"}, batches of ${run.batch_size})`));
  const seeds = distinct(runs.map((run) => run.seed)).sort((a, b) => a - b);
  const devices = distinct(runs.map((run) => `${run.device} (${run.backend})`));
  return [said("Recipe", recipes), said("Seed", seeds), said("Device", devices)].join(" ");
}

/** What is read at one epoch, or at the end (0), of every run that is shown. */
export function wordsAt(runs, epoch, curves) {
  const one = (run) => {
    if (epoch > lengthOf(run)) return `${named(run, runs)} ${run.status} after epoch ${lengthOf(run)}`;
    const { test, training } = readingAt(run, epoch);
    const parts = [["test", test], ["training", training]]
      .filter(([name, value]) => (curves === "both" || curves === name) && value !== null)
      .map(([name, value]) => `${name} error ${percent(value)} %`);
    const broken = epoch === 0 && run.status !== "finished" ? `, ${run.status} after epoch ${lengthOf(run)}` : "";
    return `${named(run, runs)} ${parts.join(", ") || "nothing recorded"}${broken}`;
  };
  return `${epoch === 0 ? "At the end" : `Epoch ${epoch}`}: ${runs.map(one).join("; ")}.`;
}

// ---------------------------------------------------------------- the drawing

const LINE = 16; // pixels from one label to the next
const seriesOf = (run, which) => (which === "test" ? run.test_error : run.error);

/** From 0 for 20 layers and fewer to 1 for 110 and more, by the logarithm; on every page the same. */
export const shadeOf = (depth) => (depth === null ? 0.5 : clamp(Math.log(depth / 20) / Math.log(110 / 20), 0, 1));
export const colours = (run) => ({ "data-kind": run.kind, style: `--rl-depth: ${shadeOf(run.depth).toFixed(3)}` });

/**
 * The plot of some runs; `place(at, mode)` moves what follows the epoch.
 *
 * For a training that goes on: `epochs`, how far the axis reaches, whatever there is of the curves;
 * `faint` runs behind, of which the test error alone is drawn; a `line` at an error, with words; and
 * `rates`: "none", "so far" (uncovered with the curves) or "ahead" (all are known, and drawn faintly).
 * @param {{runs: Run[], curves: string, scale: string, width: number, faint?: Run[], epochs?: number,
 *   line?: {error: number, words: string, classes: string}|null, rates?: string}} what
 */
export function drawPlot({ runs, curves, scale, width, faint = [], epochs = 0, line = null, rates = "so far" }) {
  const last = Math.max(epochs, lastEpoch(runs));
  const behind = faint.map((run) => ({ ...run, test_error: run.test_error.slice(0, last), error: [] }));
  const drawnSeries = curves === "both" ? ["training", "test"] : [curves];
  const unknown = epochs && ![...runs, ...behind].some(lengthOf); // a curve may come to lie anywhere
  const range = unknown ? { low: 0, high: 100 } : errorRange([...runs.flatMap((run) => drawnSeries.map((which) => seriesOf(run, which))),
    ...behind.map((run) => run.test_error), line ? [line.error] : []], scale);
  const groups = groupBy(runs, (run) => run.label);
  const titled = [...[...groups].map(([label, group]) => ({ label, group, reach: Math.max(epochs, lastEpoch(group)) })),
    ...behind.map((run) => ({ label: run.label, group: [run], reach: lengthOf(run), quiet: true }))];
  const marks = epochs ? [] : rateMarks(runs);
  const schedules = schedulesOf(runs);
  const size = width < 480 ? 13 : 14;
  const widthOf = createTextRuler(size);
  // A training that goes on has the strip from the first, whatever the rate will do.
  const smooth = epochs ? rates !== "none" : schedules.some((schedule) => schedule.smooth);
  const strip = !smooth ? 0 : schedules.length < 2 ? 56 : 38;

  const plotHeight = Math.round(epochs ? clamp(0.42 * width, 220, 320) : clamp(0.56 * width, 270, 430));
  const left = 34;
  // Beside the curves' ends stand names and values where there is room; else names, else what
  // comes first in a name, else the depth in the kind's colour. The table has all of it.
  const ways = [[fullName, true], [fullName, false], [shortName, true], [shortName, false], [depthName, false]].map(([nameOf, withValues]) => {
    const names = titled.map(({ label, group }) => nameOf(label, group));
    const widths = names.map((name, index) => widthOf(name) + (withValues && !titled[index].quiet ? widthOf(" 00.0") : 0));
    const rights = titled.map(({ reach }, index) => {
      const share = (reach - 1) / Math.max(1, last - 1);
      return left + (width - left - 16 - widths[index]) / Math.max(share, 0.01);
    });
    return { names, widths, withValues, right: Math.min(width - 14, ...rights) };
  });
  const fits = titled.length * LINE <= plotHeight;
  const way = fits && ways.find(({ right, withValues }) => right > width * (withValues ? 0.72 : 0.66));
  const right = way ? way.right : width - 14;
  const x = (epoch) => left + ((right - left) * (epoch - 1)) / Math.max(1, last - 1);
  const texts = marks.map((mark) => {
    const half = widthOf(markText(mark)) / 2;
    return { half, middle: clamp(x(mark.at), left + half, Math.max(right, width - 14) - half) };
  });
  const rows = rowsOf(texts);
  const top = 12 + 17 * Math.max(0, ...rows.map((row) => row + 1));
  const bottom = top + plotHeight;
  const height = bottom + 40 + strip;
  const y = errorScale(range, scale, top, bottom);

  const clipId = createId();
  const clip = svg("rect", { x: left - 3, y: top - 1, height: height - top });
  const clipped = { "clip-path": `url(#${clipId})` };
  const lines = svg("g", clipped);
  const moving = svg("g");
  const ends = svg("g");
  const drawing = svg("svg", {
    class: "rl-plot", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true", style: `font-size: ${size}px`,
  }, svg("defs", {}, svg("clipPath", { id: clipId }, clip)));

  for (const tick of errorTicks(range, scale)) {
    drawing.append(
      svg("path", { class: tick === 0 ? "rl-axis" : "rl-grid", d: `M${left} ${Math.round(y(tick)) + 0.5}H${right}` }),
      svg("text", { class: "rl-tick", x: left - 8, y: y(tick), dy: "0.35em", "text-anchor": "end" }, `${tick}`));
  }
  if (scale === "log") drawing.append(svg("path", { class: "rl-axis", d: `M${left} ${bottom + 0.5}H${right}` }));
  const tickTexts = [];
  const ticks = chooseCountTicks(last, clamp(Math.floor((right - left) / (last < 100 ? 30 : 40)), 2, 16));
  for (const tick of ticks) {
    const text = svg("text", { class: "rl-tick", x: x(tick), y: bottom + 20, "text-anchor": "middle" }, `${tick}`);
    drawing.append(svg("path", { class: "rl-axis", d: `M${x(tick)} ${bottom}v5` }), text);
    tickTexts.push({ text, at: x(tick), half: widthOf(`${tick}`) / 2 });
  }
  marks.forEach((mark, index) => {
    const base = top - 10 - 17 * rows[index];
    drawing.append(
      svg("path", { class: "rl-rate-mark", d: `M${Math.round(x(mark.at)) + 0.5} ${base + 5}V${bottom}` }),
      svg("text", { class: "rl-rate-text", x: texts[index].middle, y: base, "text-anchor": "middle" }, markText(mark)));
  });

  for (const run of behind) {
    drawing.append(svg("path", { class: "rl-curve rl-faint", ...colours(run), d: createLinePath(run.test_error, x, y), "data-faint": run.name }));
  }
  if (line) { // its words stand below it, if there is room, and at the left, where curves are high
    const at = Math.round(y(line.error)) + 0.5;
    const words = bottom - at > 21 ? at + 16 : at - 6;
    drawing.append(svg("path", { class: line.classes, d: `M${left} ${at}H${right}` }));
    ends.append(svg("text", { class: `${line.classes} rl-reference-text`, x: left + 6, y: words }, line.words));
  }
  for (const which of drawnSeries) {
    for (const run of runs) {
      const twins = groups.get(run.label).length > 1 ? " rl-one-of-several" : "";
      lines.append(svg("path", {
        class: `rl-curve rl-${which}${twins}`, ...colours(run), d: createLinePath(seriesOf(run, which), x, y), "data-run": run.name,
      }));
    }
  }
  drawing.append(lines, moving);
  // Words below the axis stand over the crosshair, which would strike them through.
  drawing.append(svg("text", { class: "rl-tick rl-axis-name", x: (left + right) / 2, y: bottom + 36, "text-anchor": "middle" }, "epoch"));
  if (strip) drawing.append(drawRates(schedules, x, left, right, bottom + 56, epochs ? clipped : {}, rates === "ahead"));
  drawing.append(ends);

  /** A curve's height in pixels after `at` epochs, which may be a fraction, or null. */
  function heightAt(values, at) {
    const before = values[Math.floor(at) - 1] ?? null;
    const after = values[Math.ceil(at) - 1] ?? null;
    if (before === null) return null;
    const share = after === null ? 0 : at - Math.floor(at);
    return y(before) + share * (y(after ?? before) - y(before));
  }

  const labels = titled.map(({ label, group, quiet }, index) => {
    const name = svg("tspan", { class: "rl-curve-name" }, way ? way.names[index] : label);
    const value = svg("tspan", { class: "rl-curve-value" });
    const text = svg("text", { dy: "0.35em" }, name, value);
    const lead = svg("path", { class: "rl-leader-line" });
    const element = svg("g", { class: quiet ? "rl-curve-label rl-label-quiet" : "rl-curve-label", ...colours(group[0]), "data-label": label }, lead, text);
    if (way) ends.append(element);
    return { group, quiet, element, value, text, lead, width: way ? way.widths[index] : 0 };
  });

  /** The labels beside the curves' ends, or beside what has grown of them after `at` epochs. */
  function placeEnds(at, reading) {
    const present = labels.map((label) => {
      const tips = label.group.map((run) => {
        const own = drawnSeries.includes("test") && run.test_error.length ? run.test_error : run.error;
        const until = Math.min(label.quiet ? last : at, own.length);
        return { until, y: heightAt(own, until), value: own[Math.floor(until) - 1] ?? null };
      }).filter((tip) => tip.y !== null);
      const tip = x(Math.max(...tips.map((one) => one.until)));
      // Within the plot a label gives way to the values at the crosshair, and to a narrow page.
      const inside = tip < right - 60;
      const crossed = inside && reading && tip < x(reading) + 70 && tip + 14 + label.width > x(reading) - 70;
      const hidden = tips.length === 0 || crossed || (inside && width < 480 && at === last);
      label.element.toggleAttribute("hidden", hidden);
      if (hidden) return null;
      const mean = (key) => tips.reduce((sum, tip) => sum + tip[key], 0) / tips.length;
      const held = { x: tip + 14, y: clamp(mean("y"), top, bottom), width: label.width };
      // The moving one keeps others from its point too, and from its end.
      const own = behind.length && !label.quiet ? { first: true, x: tip - 8, width: label.width + 32 } : {};
      return { ...held, ...own, label, tip, value: mean("value") };
    }).filter(Boolean);
    placeLabels(present, LINE, top + 6, bottom - 4).forEach((height, index) => {
      const { label, tip, y: wanted, value } = present[index];
      const start = tip + 14;
      label.text.setAttribute("x", start);
      label.text.setAttribute("y", height);
      label.value.textContent = way?.withValues && !label.quiet ? ` ${percent(value)}` : "";
      label.lead.setAttribute("d", Math.abs(height - wanted) > 2 ? `M${tip + 3} ${wanted}L${start - 3} ${height}` : "");
    });
  }

  /** Points where the curves are after `at` epochs; broken runs keep a cross where they broke. */
  function points(at, radius) {
    const elements = [];
    for (const run of runs) {
      for (const which of drawnSeries) {
        const values = seriesOf(run, which);
        const height = values.length >= at ? heightAt(values, at) : null;
        if (height === null || height < top - 1) continue;
        elements.push(svg("circle", { class: `rl-point rl-${which}`, ...colours(run), cx: x(at), cy: height, r: radius }));
      }
    }
    return elements;
  }
  function crosses(at) {
    const broken = runs.filter((run) => run.status !== "finished" && lengthOf(run) <= at && lengthOf(run) > 0);
    return broken.map((run) => {
      const values = drawnSeries.includes("test") && run.test_error.length ? run.test_error : run.error;
      const [cx, cy] = [x(values.length), clamp(heightAt(values, values.length) ?? top, top, bottom)];
      return svg("path", { class: "rl-cross", ...colours(run), d: `M${cx - 5} ${cy - 5}l10 10m0 -10l-10 10` });
    });
  }

  /** The crosshair at a whole epoch: points, their values beside them, and the epoch at the axis. */
  function crosshair(epoch) {
    const at = x(epoch);
    const flag = `${epoch}`;
    const half = widthOf(flag) / 2 + 7;
    const covered = tickTexts.filter((tick) => Math.abs(tick.at - at) < half + tick.half + 3);
    covered.forEach(({ text }) => text.setAttribute("visibility", "hidden"));
    const elements = [
      svg("path", { class: "rl-crosshair", d: `M${Math.round(at) + 0.5} ${top}V${strip ? height - 8 : bottom}` }),
      ...points(epoch, 4.5),
      svg("rect", { class: "rl-axis-flag", x: at - half, y: bottom + 6, width: 2 * half, height: 19, rx: 5 }),
      svg("text", { class: "rl-axis-flag-text", x: at, y: bottom + 20, "text-anchor": "middle" }, flag),
    ];
    // Test errors on the right, training errors on the left; both on one side near the edges.
    const column = 44;
    const sides = { test: { dx: 11, anchor: "start" }, training: { dx: -11, anchor: "end" } };
    if (drawnSeries.length === 1) sides.training = sides.test;
    if (at + column > right + 4) {
      sides.test = { dx: -11, anchor: "end" };
      sides.training = { dx: drawnSeries.length > 1 ? -11 - column : -11, anchor: "end" };
    } else if (at - column < left - 4 && drawnSeries.length > 1) {
      sides.training = { dx: 11 + column, anchor: "start" };
    }
    for (const which of drawnSeries) {
      const read = runs.map((run) => ({ run, value: readingAt(run, epoch)[which] })).filter(({ value }) => value !== null);
      if (read.length * LINE > plotHeight * (width < 480 ? 0.55 : 0.75)) continue; // the table has them
      const wanted = read.map(({ value }) => clamp(y(value), top, bottom));
      separatePositions(wanted, LINE, top + 6, bottom - 7).forEach((height, index) => {
        const { run, value } = read[index];
        const [text, start] = [percent(value), at + sides[which].dx];
        const wide = widthOf(text) + 6;
        elements.push(
          svg("rect", { class: "rl-crosshair-ground", x: sides[which].anchor === "start" ? start - 3 : start - wide + 3, y: height - 8, width: wide, height: LINE, rx: 4 }),
          svg("text", {
            class: `rl-crosshair-value rl-crosshair-${which}`, ...colours(run), x: start, y: height, dy: "0.35em",
            "text-anchor": sides[which].anchor, "data-run": run.name,
          }, text));
      });
    }
    return elements;
  }

  /** `mode`: "end", "read" (all is drawn, and read at `at`) or "replay" (drawn as far as `at`). */
  function place(at, mode, reading = 0) {
    tickTexts.forEach(({ text }) => text.removeAttribute("visibility"));
    clip.setAttribute("width", mode === "replay" ? Math.max(0, x(at) - left + 6) : right - left + 6);
    placeEnds(mode === "replay" ? at : last, reading);
    moving.replaceChildren(
      ...crosses(mode === "replay" ? at : last),
      ...(reading ? crosshair(reading) : mode === "replay" ? points(at, 4.5) : last === 1 ? points(1, 4.5) : []));
  }
  const epochAt = (pixel) => Math.round(clamp(1 + ((pixel - left) / (right - left)) * Math.max(1, last - 1), 1, Math.max(1, last)));
  return { drawing, place, epochAt, last, schedules: strip ? schedules : [] };
}

function groupBy(list, key) {
  const groups = new Map();
  for (const one of list) groups.set(key(one), [...(groups.get(key(one)) ?? []), one]);
  return groups;
}

const shortName = (label) => label.split(", ")[0];
const depthName = (label, [run]) => (run.depth === null ? shortName(label) : `${run.depth}`);
function fullName(label, group) {
  const broken = group.find((run) => run.status !== "finished");
  return broken ? `${label}, ${broken.status}` : label;
}
const markText = ({ text, who }) => (who ? `${who}: ${text}` : text);

/** The row of each text, given from left to right, so that those in one row do not meet. */
function rowsOf(texts) {
  const ends = [];
  return texts.map(({ middle, half }) => {
    const free = ends.findIndex((end) => end < middle - half);
    const row = free < 0 ? ends.length : free;
    ends[row] = middle + half + 10;
    return row;
  });
}

/** The quiet strip below the axis: each learning rate as a share of its own highest; `ahead`: what is
 *  clipped off is to come, and shows faintly. */
function drawRates(schedules, x, left, right, top, clipped, ahead) {
  const single = schedules.length < 2; // several have a line of text below the strip
  const [head, foot] = single ? [top + 10, top + 34] : [top - 6, top + 18];
  const title = !single ? "" : schedules.length ? `learning rate, highest: ${rounded(schedules[0].highest)}` : "learning rate";
  const lineOf = ({ rates, highest }) =>
    rates.map((rate, epoch) => `${x(epoch + 1).toFixed(1)} ${(foot - ((foot - head) * rate) / highest).toFixed(1)}`).join("L");
  return svg("g", { class: "rl-rates" },
    svg("path", { class: "rl-grid", d: `M${left} ${foot + 0.5}H${right}` }),
    svg("text", { class: "rl-rate-text", x: left, y: top }, title),
    ahead ? schedules.map((schedule) => svg("path", { class: "rl-rate rl-rate-ahead", d: `M${lineOf(schedule)}` })) : null,
    svg("g", clipped, schedules.map((schedule, index) => {
      const line = lineOf(schedule);
      return [
        single ? svg("path", { class: "rl-rate-area", d: `M${left} ${foot}L${line}V${foot}` }) : null,
        svg("path", { class: `rl-rate rl-rate-${index % 3}`, d: `M${line}` }),
      ];
    }).flat()));
}

// ---------------------------------------------------------------- the epoch that is read, or played

/** The epoch that a key leads to from `at`: 0 (Escape) is the end, and undefined no way at all. */
export function epochByKey(key, at, last) {
  const page = Math.max(1, Math.round(last / 10));
  const to = { ArrowRight: at + 1, ArrowUp: at + 1, ArrowLeft: at - 1, ArrowDown: at - 1, Home: 1, End: last,
    PageUp: at + page, PageDown: at - page }[key];
  if (key === "Escape") return 0;
  return to === undefined ? undefined : clamp(to, 1, last);
}

/** Calls `advance(epochs)` as time goes on, a fraction each frame, or whole epochs where the reader
 *  wants no motion; returns what ends it. */
export function playing(perEpoch, advance) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    const step = Math.ceil(250 / perEpoch); // epochs at once: a few times a second, no oftener
    const interval = setInterval(() => advance(step), step * perEpoch);
    return () => clearInterval(interval);
  }
  let before;
  let frame = requestAnimationFrame(function tick(now) {
    // A page that lay hidden goes on from where it was.
    const passed = Math.min(100, now - (before ?? now));
    before = now;
    frame = requestAnimationFrame(tick);
    advance(passed / perEpoch);
  });
  return () => cancelAnimationFrame(frame);
}

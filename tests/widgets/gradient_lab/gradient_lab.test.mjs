// node --test: the gradient lab's arithmetic on nets small enough to check, its words and its axes.
// test_in_page.py holds the same modules to resnet_lib/inside/dense.py: gradients, losses, verdicts.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  PRESETS, POINTS, STEPS, createNet, firstLook, forward, initialize, logitsAt, slopesOnALine, training, twoMoons,
} from "../../../resnet_lib/widgets/gradient_lab/dense_net.mjs";
import {
  contour, decadeScale, decadeTicks, decades, fieldPoints, lineThrough,
} from "../../../resnet_lib/widgets/gradient_lab/lab_pictures.mjs";
import {
  alikeWord, noteOf, outcome, pairOf, powerOfTen, presetOf, problem, writtenAny, written,
} from "../../../resnet_lib/widgets/gradient_lab/lab_words.mjs";
import { deviationOf, finish, multiply, neighboursAlike, norm, normals } from "../../../resnet_lib/widgets/gradient_lab/numbers.mjs";

const spec = (changes = {}) => ({ depth: 20, ...PRESETS[1991], seed: 0, ...changes });
const near = (value, expected, relative = 1e-9) =>
  assert.ok(Math.abs(value - expected) <= relative * Math.abs(expected), `${value} is not ${expected}`);

// ---------------------------------------------------------------- arithmetic

test("a product of matrices, by rows of four and by single ones", () => {
  for (const [rows, steps, columns] of [[4, 3, 2], [6, 5, 4], [2, 7, 2], [1, 1, 1], [8, 3, 1], [5, 2, 3], [32, 2, 64]]) {
    const a = Float64Array.from({ length: rows * steps }, (_, at) => Math.sin(at));
    const b = Float64Array.from({ length: steps * columns }, (_, at) => Math.cos(at));
    const expected = Array.from({ length: rows * columns }, (_, at) => {
      const [r, c] = [Math.floor(at / columns), at % columns];
      return Array.from({ length: steps }, (_, k) => a[r * steps + k] * b[k * columns + c]).reduce((x, y) => x + y);
    });
    const out = new Float64Array(rows * columns).fill(5);
    multiply(out, a, steps, 1, b, columns, 1, rows, steps, columns, false);
    out.forEach((value, at) => assert.ok(Math.abs(value - expected[at]) < 1e-12));
    multiply(out, a, steps, 1, b, columns, 1, rows, steps, columns, true);
    out.forEach((value, at) => assert.ok(Math.abs(value - 2 * expected[at]) < 1e-12, "added to what is there"));
  }
});

test("a norm survives where its square does not", () => {
  near(norm([3e-200, 4e-200]), 5e-200);
  near(norm([3e200, -4e200, 7], 2), 5e200);
  assert.equal(norm([0, 0]), 0);
  assert.equal(norm([1, Infinity]), Infinity);
  assert.ok(Number.isNaN(norm([1, NaN, 2])));
});

test("draws belong to a seed and a place, and are standard normal", () => {
  const draws = normals(3, 7, 1024);
  assert.deepEqual(normals(3, 7, 1024), draws);
  assert.notEqual(normals(4, 7, 1)[0], draws[0]);
  assert.notEqual(normals(3, 8, 1)[0], draws[0]);
  for (let seed = 10; seed < 20; seed += 1) normals(seed, 7, 1024); // more than are kept
  assert.deepEqual(normals(3, 7, 64).slice(0, 64), draws.slice(0, 64));
  assert.ok(Math.abs(deviationOf(draws) - 1) < 0.1);
});

test("the task has mean 0, deviation 1, and two halves", () => {
  const points = twoMoons();
  assert.equal(points.length, 2 * POINTS);
  for (const axis of [0, 1]) {
    const row = points.slice(axis * POINTS, (axis + 1) * POINTS);
    near(deviationOf(row), 1);
    assert.ok(Math.abs(row.reduce((sum, value) => sum + value)) < 1e-9);
  }
  const upper = points.slice(POINTS, POINTS + POINTS / 2);
  const lower = points.slice(POINTS + POINTS / 2);
  assert.ok(Math.min(...upper) > Math.min(...lower), "the first half is the upper moon");
});

test("training ends with the first loss that is no number", () => {
  const losses = [];
  finish(training(createNet(), spec({ depth: 56, ...PRESETS.He, skip: "identity" }), (loss) => losses.push(loss)));
  assert.ok(losses.length < STEPS);
  assert.ok(Number.isFinite(losses[0]) && !Number.isFinite(losses.at(-1)));
  assert.ok(losses.slice(0, -1).every(Number.isFinite));
});

test("elsewhere a net says what it says at its own points", () => {
  for (const name of ["1991", "residual"]) {
    const net = createNet();
    initialize(net, spec({ depth: 6, ...PRESETS[name] }));
    forward(net);
    const logits = finish(logitsAt(net, net.x));
    logits.forEach((logit, p) => assert.ok(Math.abs(logit - net.logits[p]) < 1e-12));
  }
  const net = createNet();
  initialize(net, spec({ depth: 1 }));
  assert.equal(finish(logitsAt(net, fieldPoints(10))).length, 100, "a number that is no multiple of 64");
});

test("on a line a single layer has one slope, and neighbours are alike", () => {
  const slopes = finish(slopesOnALine(spec({ depth: 1 })));
  assert.equal(slopes.length, 256);
  assert.ok(slopes.every((slope) => slope === slopes[0]));
  near(neighboursAlike(slopes), 1);
  near(neighboursAlike(Float64Array.from({ length: 50 }, (_, at) => (-1) ** at)), -1);
  assert.ok(Math.abs(neighboursAlike(normals(0, 5, 10000))) < 0.03);
  assert.equal(neighboursAlike(new Float64Array(5)), 1, "zeros are the same");
  near(neighboursAlike(new Float64Array(5).fill(1e-200)), 1);
  near(neighboursAlike([1, 2, 0, 0, -3]), (0.8 + 0 + 1 + 0) / 4);
});

test("every pair of neighbours counts the same, however large its slopes", () => {
  const noise = normals(0, 5, 10000).slice();
  for (let at = 0; at < 10; at += 1) noise[at] = 1e9;
  assert.ok(Math.abs(neighboursAlike(noise)) < 0.03);
  noise[5] = 1e-300;
  assert.ok(Math.abs(neighboursAlike(noise)) < 0.03);
  for (const broken of [NaN, Infinity]) assert.ok(Number.isNaN(neighboursAlike([1, broken, 1])));
});

// ---------------------------------------------------------------- words

test("numbers in a sentence", () => {
  const said = {
    0.034: "0.034", 0.0024: "0.0024", 45.2: "45", 999: "1000", 4.2e4: "4·10⁴", 1e-13: "10⁻¹³", 9.7e-5: "10⁻⁴",
  };
  for (const [value, words] of Object.entries(said)) assert.equal(written(Number(value)), words);
  assert.equal(powerOfTen(-46), "10⁻⁴⁶");
  assert.equal(writtenAny(0), "0");
  assert.equal(writtenAny(NaN), "not a finite number");
});

test("what a training has come to", () => {
  const say = (plain, skip, ...rest) => outcome({ plain, skip }, ...rest);
  assert.equal(say([0.69, 0.691, 0.69], [0.7, 0.1, 0.004], 20),
    "Plain: loss 0.69 → 0.69, it has not moved. With skip: loss 0.7 → 0.004.");
  assert.equal(say([0.69, 0.9, 0.69], [1, 2, 3], 20),
    "Plain: loss 0.69 → 0.69, back where it began. With skip: loss 1 → 3, it has grown.");
  assert.equal(say([0.69, 0.23, 0.69], [1, 0, 3], 20),
    "Plain: loss 0.69 → 0.69, fell to 0.23 at its lowest, then back where it began. " +
    "With skip: loss 1 → 3, fell to 0 at its lowest, then grew.");
  assert.equal(say([2, 1], [5e11, NaN], 20), "Plain: loss 2 → 1. With skip: loss 5·10¹¹, not a number from step 1.");
  assert.equal(say([NaN], [1, 0], 20), "Plain: the loss is not a number from the start. With skip: loss 1 → 0.");
  assert.match(say([2, 1], [2, 1], 20, true), /^Stopped at step 1\. Plain/);
  assert.match(say([2, 1], [2, 1], 2), /below three layers there is nothing to skip\.$/);
});

test("presets, pairs and the note", () => {
  for (const name of Object.keys(PRESETS)) assert.equal(presetOf(spec({ ...PRESETS[name], depth: 7, seed: 9 })), name);
  assert.equal(presetOf(spec({ skip: "scaled" })), undefined);
  assert.deepEqual(pairOf(spec()).skip, spec({ skip: "identity" }));
  assert.deepEqual(pairOf(spec({ skip: "scaled" })), { plain: spec(), skip: spec({ skip: "scaled" }) });
  assert.match(noteOf(spec({ seed: 7 })), /Width 32, 64 points .* learning rate 0.02, momentum 0.9, float64, seed 7/);
  assert.match(noteOf(spec({ seed: 7 }), true), /^Width 32, 256 points on the line, float64, seed 7\. Everything/);
  assert.deepEqual([0.8, 0.5, 0.1, -0.9].map(alikeWord), ["smooth", "rough", "like white noise", "like white noise"]);
});

test("a foreign state is told what would be right", () => {
  for (const show of ["all", "slopes"]) assert.equal(problem(spec({ show })), "");
  assert.equal(problem(spec({ show: "plot" })), "show must be one of all, slopes; got plot");
  assert.equal(problem(spec({ depth: 0 })), "depth must be a whole number from 1 to 100; got 0");
  assert.equal(problem(spec({ seed: 1.5 })), "seed must be a whole number from 0 to 999; got 1.5");
  assert.equal(problem(spec({ activation: "gelu" })), "activation must be one of sigmoid, tanh, relu; got gelu");
  assert.equal(problem(spec({ skip: undefined })), "skip must be one of none, identity, scaled; got undefined");
});

// ---------------------------------------------------------------- axes

test("an axis of powers of ten holds all values, and shows what has no place on it", () => {
  const whole = (low, high) => ({ low, high, zero: false, broken: false, bottom: low, top: high });
  assert.deepEqual(decades([[0.5, 2]], -3, 1), whole(-3, 1));
  assert.deepEqual(decades([[1e-46, 1], [3e4]], -3, 1), whole(-46, 5));
  const edges = decades([[0, NaN, 1e-13]], -3, 1);
  assert.ok(edges.zero && edges.broken && edges.bottom < edges.low && edges.top > edges.high);
  assert.deepEqual(decades([[]], -2, 0), whole(-2, 0));
  const nothing = decades([[0, 0], [NaN]], -3, 1);
  assert.deepEqual([nothing.low, nothing.high], [-3, 1]);
  assert.equal(decades([[5e-324]], -3, 1).low, -324, "the least number of float64");
});

test("ticks are whole powers, few enough to be read", () => {
  assert.deepEqual(decadeTicks({ low: -3, high: 1 }, 5), [-3, -2, -1, 0, 1]);
  assert.deepEqual(decadeTicks({ low: -46, high: 1 }, 6), [-40, -30, -20, -10, 0]);
  for (const low of [-324, -90, -17, -5]) assert.ok(decadeTicks({ low, high: 5 }, 6).length <= 7);
});

test("heights: 0 at the bottom, what is not finite at the top", () => {
  const y = decadeScale({ bottom: -4, top: 0 }, 10, 110);
  assert.deepEqual([1, 0.01, 1e-4, 0, NaN, Infinity].map(y), [10, 60, 110, 110, 10, 10]);
});

test("a line has a gap where there is nothing to draw", () => {
  const line = lineThrough([1, 2, 0, 3, NaN, 4, 5], (at) => at, (value) => value);
  assert.equal(line, "M0.0 1.0L1.0 2.0M3.0 3.0M5.0 4.0L6.0 5.0");
});

test("a contour goes where a grid's values cross 0", () => {
  const grid = Float64Array.from({ length: 9 }, (_, at) => (at % 3) - 0.5); // the middles lie at 0.5, 1.5, 2.5
  assert.equal(contour(grid, 3), "M1.00 0.50L1.00 1.50M1.00 1.50L1.00 2.50");
  assert.equal(contour(new Float64Array(9).fill(1), 3), "");
  const points = fieldPoints(2);
  assert.deepEqual([...points], [-1.3, 1.3, -1.3, 1.3, 1.3, 1.3, -1.3, -1.3], "row by row from the top");
});

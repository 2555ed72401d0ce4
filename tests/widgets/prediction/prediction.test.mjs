// node --test: what a prediction computes and says, on numbers small enough to work out by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ticksOf } from "../../../resnet_lib/widgets/prediction/prediction_chart.mjs";
import {
  apart, choiceWords, curveWords, filledIn, fittingGuess, markupOf, meanDistance, measured, nearest, numberWords, stroked, unitOf,
} from "../../../resnet_lib/widgets/prediction/prediction_words.mjs";

const spaced = (text) => text.replaceAll("\u00a0", " ");

test("code and emphasis are marked, and nothing else is", () => {
  assert.deepEqual(markupOf("is `F(x) * 2` *exactly* x?"), [
    { tag: null, text: "is " }, { tag: "code", text: "F(x) * 2" }, { tag: null, text: " " },
    { tag: "em", text: "exactly" }, { tag: null, text: " x?" },
  ]);
  for (const plain of ["2 * 3 * 4", "2*3*4", "<b>bold</b> & so on", "one ` alone", "a*b"]) {
    assert.deepEqual(markupOf(plain), [{ tag: null, text: plain }]);
  }
  assert.deepEqual(markupOf(""), []);
});

test("a number bears its unit, and per cents lie percentage points apart", () => {
  assert.deepEqual(["%", "s", ""].map((unit) => spaced(measured(1234.5, unit))), ["1,234.5 %", "1,234.5 s", "1,234.5"]);
  assert.deepEqual([1, 7.24].map((distance) => spaced(apart(distance, "%"))), ["1 percentage point", "7.24 percentage points"]);
  assert.equal(spaced(apart(3, "s")), "3 s");
  assert.deepEqual(["test error, %", "loss", "norm, of a layer, 1/s"].map(unitOf), ["%", "", "1/s"]);
});

test("a choice is right, or not quite, or was not made", () => {
  const asked = { options: ["always", "`never`"], answer: 1 };
  assert.equal(choiceWords(asked, 1), "Right.");
  assert.equal(choiceWords(asked, 0), "Not quite: the answer is “`never`”.");
  assert.equal(choiceWords(asked, null), "The answer is “`never`”.");
});

test("a number is off by so much, to one side", () => {
  const asked = { answer: 12.76, unit: "%", low: 0, high: 100 };
  const said = (guess) => spaced(numberWords(asked, guess));
  assert.equal(said(20), "It is 12.76 %; your guess, 20 %, is 7.24 percentage points too high.");
  assert.equal(said(5), "It is 12.76 %; your guess, 5 %, is 7.76 percentage points too low.");
  assert.equal(said(12), "Close. It is 12.76 %; your guess, 12 %, is 0.76 percentage points too low.");
  assert.equal(said(12.76), "Exactly: 12.76 %.");
  assert.equal(said(null), "It is 12.76 %.");
  // In binary, 0.3 - 0.1 is 0.19999999999999998.
  assert.match(spaced(numberWords({ answer: 0.1, unit: "s", low: 0, high: 1 }, 0.3)), /is 0\.2 s too high/);
});

test("what was not drawn is filled in by straight lines, and flat at the ends", () => {
  const x = [1, 2, 4, 5, 6];
  assert.deepEqual(filledIn(x, [null, 10, null, 40, null]), [10, 10, 30, 40, 40]);
  assert.deepEqual(filledIn(x, [null, null, 7, null, null]), [7, 7, 7, 7, 7]);
  assert.deepEqual(filledIn(x, [1, 2, 3, 4, 5]), [1, 2, 3, 4, 5]);
  assert.equal(filledIn(x, [null, null, null, null, null]), null);
});

test("a stroke passes through all points between, in either direction", () => {
  const x = [1, 2, 3, 4, 5];
  const none = x.map(() => null);
  const [from, to] = [{ x: 1.5, y: 10 }, { x: 4, y: 60 }];
  assert.deepEqual(stroked(x, none, from, to), [null, 20, 40, 60, null]);
  assert.deepEqual(stroked(x, none, to, from), [10, 20, 40, 60, null], "the point nearest to the pen takes its height");
  assert.deepEqual(stroked(x, none, from, from), [10, null, null, null, null]);
  assert.deepEqual(stroked(x, [9, 9, 9, 9, 9], { x: 2, y: 0 }, { x: 3, y: 0 }), [9, 0, 0, 9, 9]);
  assert.deepEqual([0, 2.4, 2.6, 99].map((place) => nearest(x, place)), [0, 1, 2, 4]);
});

test("curves lie apart by the mean distance of their points", () => {
  assert.equal(meanDistance([1, 2, 6], [2, 2, 2]), 5 / 3);
  const asked = { x: [1, 2, 3], y: [50, 30, 20], xlabel: "epoch", ylabel: "test error, %" };
  const said = (guess) => spaced(curveWords(asked, guess));
  assert.equal(said([60, 40, 24]), "On average your curve lies 8 percentage points from the real one, most of it above. At the end, epoch 3, you drew 24 %; it is 20 %.");
  assert.match(said([40, 20, 19]), /lies 7 percentage points from the real one, most of it below\. /);
  assert.match(said([60, 20, 20]), /lies 6\.7 percentage points from the real one\. /);
  assert.match(said([50, 30, 20]), /lies 0 percentage points from the real one\. /);
  assert.equal(said(null), "The real curve goes from 50 % to 20 %.");
});

test("a kept guess is taken up where it still fits", () => {
  const choice = { form: "choice", options: ["a", "b"] };
  assert.deepEqual([0, 1, 2, -1, 0.5, "1", null].map((guess) => fittingGuess(choice, guess)), [0, 1, null, null, null, null, null]);
  const number = { form: "number", low: 0, high: 10 };
  assert.deepEqual([0, 10, 11, "3", null].map((guess) => fittingGuess(number, guess)), [0, 10, null, null, null]);
  const curve = { form: "curve", x: [1, 2], low: 0, high: 10 };
  assert.deepEqual([[1, null], [1, 2, 3], [1, 11], 3].map((guess) => fittingGuess(curve, guess)), [[1, null], null, null, null]);
});

test("ticks are round and within the axis", () => {
  assert.deepEqual(ticksOf(0, 100, 5), [0, 20, 40, 60, 80, 100]);
  assert.deepEqual(ticksOf(0.1, 0.75, 5), [0.2, 0.4, 0.6]);
  assert.deepEqual(ticksOf(-3, 3, 6), [-3, -2, -1, 0, 1, 2, 3]);
});

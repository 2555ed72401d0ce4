// node --test: texts, guesses and answers, on numbers small enough to work out by hand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { computeMeanDistance, describeChoice, describeCurve, describeNumber, findUnit, formatDistance, formatQuantity, parseMarkup } from "../../../resnet_lib/widgets/prediction/descriptions.mjs";

const spaced = (text) => text.replaceAll("\u00a0", " ");

test("code and emphasis are marked, and nothing else is", () => {
  assert.deepEqual(parseMarkup("is `F(x) * 2` *exactly* x?"), [
    { tag: null, text: "is " }, { tag: "code", text: "F(x) * 2" }, { tag: null, text: " " },
    { tag: "em", text: "exactly" }, { tag: null, text: " x?" },
  ]);
  for (const plain of ["2 * 3 * 4", "2*3*4", "<b>bold</b> & so on", "one ` alone", "a*b"]) {
    assert.deepEqual(parseMarkup(plain), [{ tag: null, text: plain }]);
  }
  assert.deepEqual(parseMarkup(""), []);
});

test("a number bears its unit, and per cents lie percentage points apart", () => {
  assert.deepEqual(["%", "s", ""].map((unit) => spaced(formatQuantity(1234.5, unit))), ["1,234.5 %", "1,234.5 s", "1,234.5"]);
  assert.deepEqual([1, 7.24].map((distance) => spaced(formatDistance(distance, "%"))), ["1 percentage point", "7.24 percentage points"]);
  assert.equal(spaced(formatDistance(3, "s")), "3 s");
  assert.deepEqual(["test error, %", "loss", "norm, of a layer, 1/s"].map(findUnit), ["%", "", "1/s"]);
});

test("a choice is right, or not quite, or was not made", () => {
  const asked = { options: ["always", "`never`"], answer: 1 };
  assert.equal(describeChoice(asked, 1), "Right.");
  assert.equal(describeChoice(asked, 0), "Not quite: the answer is “`never`”.");
  assert.equal(describeChoice(asked, null), "The answer is “`never`”.");
});

test("a number is off by so much, to one side", () => {
  const asked = { answer: 12.76, unit: "%", low: 0, high: 100 };
  const said = (guess) => spaced(describeNumber(asked, guess));
  assert.equal(said(20), "It is 12.76 %; your guess, 20 %, is 7.24 percentage points too high.");
  assert.equal(said(5), "It is 12.76 %; your guess, 5 %, is 7.76 percentage points too low.");
  assert.equal(said(12), "Close. It is 12.76 %; your guess, 12 %, is 0.76 percentage points too low.");
  assert.equal(said(12.76), "Exactly: 12.76 %.");
  assert.equal(said(null), "It is 12.76 %.");
  // In binary, 0.3 - 0.1 is 0.19999999999999998.
  assert.match(spaced(describeNumber({ answer: 0.1, unit: "s", low: 0, high: 1 }, 0.3)), /is 0\.2 s too high/);
});

test("curves lie apart by the mean distance of their points", () => {
  assert.equal(computeMeanDistance([1, 2, 6], [2, 2, 2]), 5 / 3);
  const asked = { x: [1, 2, 3], y: [50, 30, 20], xlabel: "epoch", ylabel: "test error, %" };
  const said = (guess) => spaced(describeCurve(asked, guess));
  assert.equal(said([60, 40, 24]), "On average your curve lies 8 percentage points from the real one, most of it above. At the end, epoch 3, you drew 24 %; it is 20 %.");
  assert.match(said([40, 20, 19]), /lies 7 percentage points from the real one, most of it below\. /);
  assert.match(said([60, 20, 20]), /lies 6\.7 percentage points from the real one\. /);
  assert.match(said([50, 30, 20]), /lies 0 percentage points from the real one\. /);
  assert.equal(said(null), "The real curve goes from 50 % to 20 %.");
});

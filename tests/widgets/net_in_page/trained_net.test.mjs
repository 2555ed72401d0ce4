// node --test: the net against a slow one. test_in_page.py compares it with Keras.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createConvolution, createScriptConvolution } from "../../../resnet_lib/widgets/net_in_page/convolution.mjs";
import { loadTrainedNet, softmax } from "../../../resnet_lib/widgets/net_in_page/trained_net.mjs";
import { parseWeightsFile } from "../../../resnet_lib/widgets/net_in_page/weights_file.mjs";
import { assertAllNear, computeNet, createPicture, createWeightsFile } from "./made_up_net.mjs";

for (const shortcut of ["pad", "none"]) {
  test(`a net with shortcut "${shortcut}" computes what its definition says, switches and all`, async () => {
    const file = createWeightsFile({ n: 2, shortcut });
    const unpacked = parseWeightsFile(file);
    const compiled = await loadTrainedNet(file);
    const plain = await loadTrainedNet(file, createScriptConvolution);
    assert.deepEqual(compiled.blockNames, [1, 2, 3].flatMap((stage) => [1, 2].map((block) => `stage${stage}_block${block}`)));
    const settings = [
      [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0], [0, 1, 0, 1, 0, 1], [0.5, 0.25, 0.75, 1, 0, 0.1], [1, 1, 1, 1, 1, 1],
    ];
    settings.forEach((scales, at) => {
      const pixels = createPicture(at);
      const expected = computeNet(unpacked, pixels, scales, at);
      for (const net of [compiled, plain]) {
        const found = net.forward(pixels, scales, at);
        const most = Math.max(...expected.logits.map(Math.abs), 1);
        assertAllNear(found.logits, expected.logits, 1e-4 * most);
        assertAllNear(found.branch, expected.branch, 1e-4 * Math.max(...expected.branch, 1));
        assertAllNear(found.skip, expected.skip, 1e-4 * Math.max(...expected.skip, 1));
        assert.deepEqual(found.shape, expected.shape);
        assertAllNear(found.maps, expected.maps, 1e-4 * Math.max(...expected.maps, 1));
      }
    });
  });
}

test("an off block is not computed", async () => {
  let calls = 0;
  const counted = async (count) => {
    const { numbers, convolve } = await createConvolution(count);
    return { numbers, convolve: (...how) => (calls++, convolve(...how)) };
  };
  const net = await loadTrainedNet(createWeightsFile({ n: 2 }), counted);
  const { branch } = net.forward(createPicture(1), [1, 0, 0.5, 0, 0, 1]);
  assert.equal(calls, 1 + 2 * 3);
  assert.deepEqual(branch.map((one) => one === 0), [false, true, false, true, true, false]);
});

test("what cannot be looked at is told", async () => {
  const net = await loadTrainedNet(createWeightsFile());
  assert.throws(() => net.forward(new Uint8Array(3071), [1, 1, 1]), /the 3072 values of 32×32 RGB pixels; got 3071/);
  assert.throws(() => net.forward(createPicture(1), [1, 1]), /expected 3 scales from 0 to 1, one a block; got 1,1/);
  assert.throws(() => net.forward(createPicture(1), [1, 1, 1.5]), /got 1,1,1.5/);
  assert.throws(() => net.forward(createPicture(1), [1, NaN, 1]), /got 1,NaN,1/);
  assert.throws(() => net.forward(createPicture(1), [1, 1, 1], 3), /no block 3 of 3/);
  const { maps, shape } = net.forward(createPicture(1), [1, 1, 1]);
  assert.deepEqual([maps, shape], [null, null]);
});

test("softmax of large logits", () => {
  assertAllNear(softmax([1000, 1000 - Math.log(3)]), [0.75, 0.25], 1e-6);
});

// node --test: how a widget reads a file that is too heavy for the page.
import assert from "node:assert/strict";
import { test } from "node:test";
import { loadWidgetFile } from "../../../resnet_lib/widgets/shared/model.mjs";

test("a file comes out of the live trait, else from beside the page", async () => {
  const bytes = new Uint8Array([9, 1, 2, 3, 9]);
  const view = new DataView(bytes.buffer, 1, 3); // as ipywidgets gives it
  const live = { get: () => ({ a: view }), file: undefined };
  assert.deepEqual(await loadWidgetFile(live, "a"), new Uint8Array([1, 2, 3]));
  await assert.rejects(loadWidgetFile(live, "b"), /the widget holds no file b/);
  for (const files of [{}, undefined]) {
    const page = { get: () => files, file: async (name) => `what ${name} holds` };
    assert.equal(await loadWidgetFile(page, "b"), "what b holds");
  }
});

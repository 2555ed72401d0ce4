// node --test: the caller of the worker, with a worker that the test answers for.
import assert from "node:assert/strict";
import { test } from "node:test";
import { startInferenceWorker } from "../../../resnet_lib/widgets/net_in_page/worker_client.mjs";

test("of many predictions the newest wins, and each request is settled", async (t) => {
  const workers = [];
  class FakeWorker {
    constructor() {
      this.sent = [];
      workers.push(this);
    }
    postMessage(message) {
      this.sent.push(message);
    }
    answer(message) {
      this.onmessage({ data: message });
    }
    terminate() {
      this.ended = true;
    }
  }
  globalThis.Worker = FakeWorker;
  t.after(() => delete globalThis.Worker);
  const revoke = t.mock.method(URL, "revokeObjectURL");
  const client = startInferenceWorker("export const a = 1;");
  const [worker] = workers;
  const predictions = [0, 1, 2, 3].map((k) => client.predict({ net: "a", pixels: null, scales: [k] }));
  assert.deepEqual(worker.sent.map(({ scales }) => scales), [[0]]);
  assert.deepEqual(await Promise.all(predictions.slice(1, 3)), [null, null]);
  worker.answer({ id: worker.sent[0].id, logits: "first" });
  assert.deepEqual(await predictions[0], { logits: "first" });
  assert.deepEqual(worker.sent.map(({ scales }) => scales), [[0], [3]]);
  worker.answer({ id: worker.sent[1].id, error: "no such net" });
  await assert.rejects(predictions[3], /no such net/);
  const again = client.predict({ net: "a", pixels: null, scales: [4] });
  worker.answer({ id: worker.sent[2].id, logits: "after an error" });
  assert.deepEqual(await again, { logits: "after an error" });

  const progress = [];
  const counting = client.evaluate({ net: "a", images: null, labels: [], scales: [] }, (one) => progress.push(one));
  const { id } = worker.sent.at(-1);
  worker.answer({ id, done: 5, right: 4 });
  counting.cancel();
  assert.deepEqual([worker.sent.at(-1).action, worker.sent.at(-1).of], ["cancel", id]);
  worker.answer({ id, cancelled: true, done: 6, right: 5 });
  assert.deepEqual(await counting.done, { cancelled: true, done: 6, right: 5 });
  assert.deepEqual(progress, [{ done: 5, right: 4 }]);

  const bytes = new Uint8Array([1, 2, 3]);
  const loading = client.load("a", bytes);
  assert.equal(bytes.length, 3, "stays the caller's");
  const waiting = [loading, client.predict({ net: "a" }), client.predict({ net: "a" }), client.evaluate({ net: "a" }).done];
  client.stop();
  assert.deepEqual(await Promise.all([...waiting, client.load("b", bytes)]), [null, null, null, null, null]);
  assert.ok(worker.ended);
  assert.equal(revoke.mock.callCount(), 1);

  const broken = startInferenceWorker("");
  const failed = broken.load("a", bytes);
  workers[1].onerror({ preventDefault: () => {}, message: "SyntaxError" });
  await assert.rejects(failed, /the worker that computes the net failed: SyntaxError/);
  await assert.rejects(broken.load("a", bytes), /SyntaxError/);
});

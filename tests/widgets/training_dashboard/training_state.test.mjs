// node --test: the state that the dashboard draws, with a kernel and without.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KernelRequests } from "../../../resnet_lib/widgets/training_dashboard/kernel_requests.mjs";
import { Replay } from "../../../resnet_lib/widgets/training_dashboard/replay.mjs";
import { readState } from "../../../resnet_lib/widgets/training_dashboard/training_state.mjs";
import { RECIPES, makeSettings, makeTimedRun } from "../shared/made_up_runs.mjs";

const run = makeTimedRun();
const found = { name: "resnet20_v1_pad-quick-seed0", epochs: 3, of: 15, finished: false };

function makeModel(changes = {}) {
  const state = { ...makeSettings(), recipes: RECIPES, recorded: [run], live: true, status: "ready", found, ...changes };
  const sent = [];
  return { sent, get: (name) => state[name], save_changes() {}, send: (message) => sent.push(message) };
}
const read = (model, requests = new KernelRequests(model, () => {})) => readState(model, new Replay(() => {}), requests);

test("a live state is the kernel's; a page without a kernel has a run to replay", () => {
  const live = read(makeModel({ status: "training", run }));
  assert.deepEqual([live.isLive, live.isTraining, live.run, live.recorded, live.found], [true, true, run, null, found]);
  const page = read({ ...makeModel({ status: "training", run }), send: undefined });
  assert.deepEqual([page.isLive, page.isTraining, page.run, page.recorded, page.found], [false, false, null, run, {}]);
});

test("settings that name no net or no recipe are a problem", () => {
  assert.match(read(makeModel({ n: 0 })).problem, /^n must be/);
  assert.equal(read(makeModel({ recipe: "long" })).problem, "there is no recipe long");
});

test("what the kernel found counts for these settings alone, and once they have settled", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  assert.deepEqual(read(makeModel({ seed: 1 })).found, {});
  const model = makeModel();
  const requests = new KernelRequests(model, () => {});
  requests.lookLater();
  assert.deepEqual(read(model, requests).found, {});
  context.mock.timers.tick(500);
  assert.deepEqual(read(model, requests).found, found);
  assert.deepEqual(model.sent, [{ do: "look", settings: makeSettings() }]);
});

test("a request is pending until it is answered, and late after five seconds", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const model = makeModel();
  const requests = new KernelRequests(model, () => {});
  requests.ask({ do: "download", what: "run" });
  assert.deepEqual([requests.pending.what, requests.pending.isLate], ["download", false]);
  context.mock.timers.tick(5000);
  assert.equal(requests.pending.isLate, true);
  assert.deepEqual([requests.takeDownload(), requests.pending, requests.takeDownload()], [true, null, false]);
});

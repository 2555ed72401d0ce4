"""The net that computes in the page, against Keras and the recorded runs; its worker; its speed."""

import base64
from pathlib import Path

import numpy as np
import pytest
from keras import ops

from resnet_lib import calls, widgets
from resnet_lib.data import is_at_hand, load_cifar10
from resnet_lib.lesions import block_names, lesion
from resnet_lib.page_nets import image_arrays, packed_net
from resnet_lib.runs import headline_runs
from resnet_lib.weights import NORMALIZE, trained_model

NAME = "intro"
RUNS = {run.model: run for run in headline_runs()}
RESNET20, PLAIN20, RESNET56 = "resnet20_v1_pad", "plain20_v1", "resnet56_v1_pad"
# What goes into it is a test's own: it finds the modules as `m`, and `net`, a worker that has
# loaded the nets of `given` and is stopped afterwards.
SCRIPT = """async ([sources, given]) => {
  const imported = async (source) => import(
    URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
  const bytes = (text) => {
    const letters = atob(text);
    const all = new Uint8Array(letters.length);
    for (let at = 0; at < all.length; at += 1) all[at] = letters.charCodeAt(at);
    return all;
  };
  const m = { ...await imported(sources[0]), ...await imported(sources[1]) };
  const net = m.startNet(sources[0]);
  const images = bytes(given.images);
  const picture = (at) => images.slice(3072 * at, 3072 * (at + 1));
  const blocks = {};
  for (const [name, file] of Object.entries(given.nets)) {
    blocks[name] = (await net.load(name, bytes(file))).blocks;
  }
  const on = (name) => blocks[name].map(() => 1);
  const look = (name, at, scales = on(name), watch = -1) =>
    net.look({ net: name, pixels: picture(at), scales, watch });
  try { %s } finally { net.stop(); }
}"""


def text_of(data):
    return base64.b64encode(data).decode()


@pytest.fixture
def compute(open_page):
    """`compute(body, names, images, scheme=…, page=…, **given)`: what the script returns."""

    def compute(body, names=(), images=None, *, scheme="http", page=None, **given):
        images = image_arrays()[0] if images is None else images
        given |= {
            "images": text_of(np.ascontiguousarray(images).tobytes()),
            "nets": {name: text_of(packed_net(RUNS[name])) for name in names},
        }
        sources = [widgets.module_source(name) for name in ("block_worker", "net_worker")]
        page = page or open_page(NAME, scheme=scheme)
        return page.evaluate(SCRIPT % body, [sources, given])

    return compute


def random_settings(names, count=10):
    """Scales for all blocks: half of them off or on, the others anything between."""
    random = np.random.default_rng(0)
    for _ in range(count):
        switched, between = random.integers(0, 2, len(names)), random.random(len(names))
        yield np.where(random.random(len(names)) < 0.5, switched, between).tolist()


def keras_logits(name, settings, images):
    """`(settings, images, classes)`, the lesions of `resnet_lib.lesions` in float32."""
    model = trained_model(RUNS[name])
    inner = model.get_layer(name)
    x = model.get_layer(NORMALIZE)(images)
    names = block_names(inner)
    changed = [lesion(inner, dict(zip(names, scales, strict=True))) for scales in settings]
    return np.stack([ops.convert_to_numpy(calls.logits(one, x)) for one in changed])


@pytest.mark.parametrize("name", [RESNET20, PLAIN20, RESNET56])
def test_the_page_computes_what_keras_does(compute, capsys, name):
    images = image_arrays()[0][:64]
    blocks = 3 * RUNS[name].net.n
    settings = [[1.0] * blocks]
    if name != RESNET56:
        settings += random_settings(range(blocks))
    found = compute(
        """const all = [];
        for (const scales of given.settings) {
          for (let at = 0; at < 64; at += 1) {
            all.push([...(await look(given.name, at, scales)).logits]);
          }
        }
        return all;""",
        [name],
        images,
        name=name,
        settings=settings,
    )
    expected = keras_logits(name, settings, images)
    found = np.reshape(found, expected.shape)
    apart = np.abs(found - expected).max(axis=(1, 2))
    with capsys.disabled():
        print(f"\n{name}: logits of the page and of Keras are at most {apart.max():.1e} apart")
    assert apart.max() < 1e-3, apart
    assert np.ptp(expected, axis=0).max() > 1 or len(settings) == 1, "the settings tell"


@pytest.mark.timed
def test_all_test_images_are_judged_as_in_the_record(compute, capsys):
    """Half precision and all: at most 0.1 points from the run's own error, by each of the nets."""
    if not is_at_hand():
        pytest.skip("CIFAR-10 is not on this machine")
    images, labels = load_cifar10()[1]
    names = [RESNET20, PLAIN20, RESNET56]
    found = compute(
        """const count = async (name) => {
          const own = m.startNet(sources[0]);
          await own.load(name, bytes(given.nets[name]));
          const start = performance.now();
          const { done, right } = await own.accuracy(
            { net: name, images, labels: given.labels, scales: on(name) }).done;
          own.stop();
          const seconds = (performance.now() - start) / 1000;
          return [name, { error: 100 * (1 - right / done), seconds }];
        };
        return Object.fromEntries(await Promise.all(Object.keys(blocks).map(count)));""",
        names,
        images,
        labels=labels.tolist(),
    )
    with capsys.disabled():
        for name, one in found.items():
            recorded = RUNS[name].test_error
            print(
                f"\n{name} in the page: error {one['error']:.2f} % over the 10,000 test images, "
                f"recorded {recorded:.2f} %; {one['seconds']:.0f} s, beside the others"
            )
    for name, one in found.items():
        assert abs(one["error"] - RUNS[name].test_error) <= 0.1


@pytest.mark.timed
@pytest.mark.parametrize("scheme", ["http", "file"])
def test_a_forward_pass_takes_at_most_30_ms(compute, capsys, scheme):
    times = compute(
        """const times = { milliseconds: [], whole: [] };
        for (let at = 0; at < 60; at += 1) {
          const start = performance.now();
          const { milliseconds } = await look(given.name, at, on(given.name), 4);
          times.whole.push(performance.now() - start);
          times.milliseconds.push(milliseconds);
        }
        return times;""",
        [RESNET20],
        scheme=scheme,
        name=RESNET20,
    )
    medians = {name: float(np.median(taken)) for name, taken in times.items()}
    with capsys.disabled():
        print(
            f"\nResNet-20 in the page's worker, {scheme}, median of 60: a forward pass takes "
            f"{medians['milliseconds']:.1f} ms, question to answer {medians['whole']:.1f} ms"
        )
    assert medians["whole"] <= 30


# ---------------------------------------------------------------- the worker


def test_looks_are_answered_while_an_accuracy_runs_and_it_can_be_cancelled(compute):
    found = compute(
        """const { name, labels } = given;
        const wait = (time) => new Promise((resolve) => setTimeout(resolve, time));
        const progress = [];
        const count = () => net.accuracy(
          { net: name, images, labels, scales: on(name) }, (one) => progress.push(one));
        const first = count();
        while (!progress.length) await wait(1);
        const { logits } = await look(name, 0);
        const at = progress.at(-1).done;
        first.cancel();
        const cancelled = await first.done;
        const told = progress.length;
        await wait(100);
        const more = progress.length - told;
        return { at, cancelled, more, whole: await count().done, logits: logits.length };""",
        [RESNET20],
        labels=image_arrays()[1].tolist(),
        name=RESNET20,
    )
    assert found["logits"] == 10
    assert found["cancelled"]["cancelled"] is True
    assert found["at"] <= found["cancelled"]["done"] < 200
    assert found["more"] == 0
    assert found["whole"]["finished"] is True
    assert found["whole"]["done"] == 200
    assert found["whole"]["right"] > 160


def test_of_many_looks_the_newest_wins(compute):
    found = compute(
        """const asked = Array.from({ length: 50 }, (_, k) => {
          return look(given.name, 0, on(given.name).fill(k / 49, 1, 2));
        });
        const answers = await Promise.all(asked);
        const alone = await look(given.name, 0);
        return {
          answered: answers.map((one, k) => one && k).filter((one) => one !== null),
          same: answers[49].logits.join() === alone.logits.join(),
        };""",
        [PLAIN20],
        name=PLAIN20,
    )
    assert found == {"answered": [0, 49], "same": True}


def test_what_goes_wrong_in_the_worker_is_told(compute):
    found = compute(
        """const words = async (promise) => {
          try { await promise; return "no error"; } catch (error) { return error.message; }
        };
        const broken = m.startNet("this is no JavaScript");
        return [
          await words(look("resnet110", 0, [])),
          await words(net.load("broken", images.slice(0, 999))),
          await words(look(given.name, 200)), // there are 200, from 0 on
          await words(broken.load("any", images.slice(0, 9))),
          await words(look(given.name, 0)),
        ];""",
        [RESNET20],
        name=RESNET20,
    )
    assert f'no net "resnet110" is loaded; loaded are: {RESNET20}' in found[0]
    assert "this is no net file" in found[1]
    assert "got 0" in found[2]
    assert "the worker that computes the net failed" in found[3]
    assert found[4] == "no error"


def test_without_webassembly_the_same_comes_out(compute, browser, tmp_path):
    """As in a page whose policy forbids it; the worker is bound by the page's policy."""
    policy = "default-src 'none'; script-src blob: 'unsafe-inline'; worker-src blob:"
    page_file = Path(tmp_path, "page.html")
    page_file.write_text(f'<meta http-equiv="Content-Security-Policy" content="{policy}">')
    body = """let compiled = true;
    try { await WebAssembly.instantiate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])); }
    catch { compiled = false; }
    return { compiled, logits: [...(await look(given.name, 0)).logits] };"""
    page = browser.new_page()
    try:
        page.goto(page_file.as_uri())
        plain = compute(body, [RESNET20], page=page, name=RESNET20)
    finally:
        page.close()
    compiled = compute(body, [RESNET20], name=RESNET20)
    assert (plain["compiled"], compiled["compiled"]) == (False, True)
    np.testing.assert_allclose(plain["logits"], compiled["logits"], atol=1e-4)
    assert plain["logits"] != compiled["logits"], "in JavaScript sums are float64"

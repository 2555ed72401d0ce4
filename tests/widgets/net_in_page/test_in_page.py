"""Test the net that computes in the page against Keras, its worker, and its speed."""

import base64
from functools import cache

import numpy as np
import pytest
from keras import ops
from sprite_images import decode_images

from resnet_lib.data.cifar10 import is_available, load_cifar10
from resnet_lib.inside import calls
from resnet_lib.inside.lesions import block_names, lesion
from resnet_lib.runs.run import headline_runs
from resnet_lib.runs.weights import NORMALIZATION_LAYER, trained_model
from resnet_lib.widgets.net_in_page.weights_file import pack_weights
from resnet_lib.widgets.shared.widget import module_source

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
  const net = m.startInferenceWorker(sources[0]);
  const images = bytes(given.images);
  const picture = (at) => images.slice(3072 * at, 3072 * (at + 1));
  const blocks = {};
  for (const [name, file] of Object.entries(given.nets)) {
    blocks[name] = (await net.load(name, bytes(file))).blockNames;
  }
  const on = (name) => blocks[name].map(() => 1);
  const predict = (name, at, scales = on(name), watchedBlock = -1) =>
    net.predict({ net: name, pixels: picture(at), scales, watchedBlock });
  try { %s } finally { net.stop(); }
}"""


def text_of(data):
    return base64.b64encode(data).decode()


@pytest.fixture(scope="module")
def page_of(open_shared_page):
    """`page_of(scheme)`: a page from there; any will do."""
    return cache(lambda scheme: open_shared_page("cheat_sheet", scheme=scheme))


@pytest.fixture
def compute(page_of):
    """`compute(body, names, images, scheme=…, page=…, **given)`: what the script returns."""

    def compute(body, names, images=None, *, scheme="http", page=None, **given):
        images = decode_images()[0] if images is None else images
        given |= {
            "images": text_of(np.ascontiguousarray(images).tobytes()),
            "nets": {name: text_of(pack_weights(RUNS[name])) for name in names},
            "name": names[0],
        }
        sources = [
            module_source(f"net_in_page/{name}") for name in ("inference_worker", "worker_client")
        ]
        return (page or page_of(scheme)).evaluate(SCRIPT % body, [sources, given])

    return compute


def random_settings(blocks, count):
    """Scales for all blocks: half of them off or on, the others anything between."""
    random = np.random.default_rng(0)
    for _ in range(count):
        switched, between = random.integers(0, 2, blocks), random.random(blocks)
        yield np.where(random.random(blocks) < 0.5, switched, between).tolist()


def keras_logits(name, settings, images):
    """`(settings, images, classes)`, the lesions of `resnet_lib.inside.lesions` in float32."""
    model = trained_model(RUNS[name])
    inner = model.get_layer(name)
    x = model.get_layer(NORMALIZATION_LAYER)(images)
    names = block_names(inner)
    changed = [lesion(inner, dict(zip(names, scales, strict=True))) for scales in settings]
    return np.stack([ops.convert_to_numpy(calls.logits(one, x)) for one in changed])


@pytest.mark.parametrize(
    ("name", "scaled", "count"),
    [(RESNET20, 3, 16), (PLAIN20, 3, 16), (RESNET56, 0, 16)]
    + [
        pytest.param(name, scaled, 64, marks=pytest.mark.slow)
        for name, scaled in ((RESNET20, 10), (PLAIN20, 10), (RESNET56, 0))
    ],
)
def test_the_page_computes_what_keras_does(compute, capsys, name, scaled, count):
    images = decode_images()[0][:count]
    blocks = 3 * RUNS[name].net.n
    settings = [[1.0] * blocks, *random_settings(blocks, scaled)]
    found = compute(
        """const all = [];
        for (const scales of given.settings) {
          for (let at = 0; at < given.count; at += 1) {
            all.push([...(await predict(given.name, at, scales)).logits]);
          }
        }
        return all;""",
        [name],
        images,
        settings=settings,
        count=count,
    )
    expected = keras_logits(name, settings, images)
    apart = np.abs(np.reshape(found, expected.shape) - expected).max(axis=(1, 2))
    with capsys.disabled():
        print(f"\n{name}: logits of the page and of Keras are at most {apart.max():.1e} apart")
    assert apart.max() < 1e-3, apart
    assert np.ptp(expected, axis=0).max() > 1 or len(settings) == 1, "the settings tell"


@pytest.mark.slow
def test_all_test_images_are_judged_as_in_the_record(compute, capsys):
    """Half precision and all: at most 0.1 points from the run's own error, by each of the nets."""
    if not is_available():
        pytest.skip("CIFAR-10 is not on this machine")
    images, labels = load_cifar10()[1]
    names = [RESNET20, PLAIN20, RESNET56]
    found = compute(
        """const count = async (name) => {
          const own = m.startInferenceWorker(sources[0]);
          await own.load(name, bytes(given.nets[name]));
          const start = performance.now();
          const { done, right } = await own.evaluate(
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
          const { milliseconds } = await predict(given.name, at, on(given.name), 4);
          times.whole.push(performance.now() - start);
          times.milliseconds.push(milliseconds);
        }
        return times;""",
        [RESNET20],
        scheme=scheme,
    )
    medians = {name: float(np.median(taken)) for name, taken in times.items()}
    with capsys.disabled():
        print(
            f"\nResNet-20 in the page's worker, {scheme}, median of 60: a forward pass takes "
            f"{medians['milliseconds']:.1f} ms, question to answer {medians['whole']:.1f} ms"
        )
    assert medians["whole"] <= 30


# ---------------------------------------------------------------- the worker


def test_a_real_worker_predicts_while_it_counts_and_is_cancelled(compute):
    """What else a worker does, and which prediction wins: `worker_client.test.mjs`."""
    images, labels = decode_images()
    found = compute(
        """const { name, labels } = given;
        const progress = [];
        let begun;
        const counting = new Promise((resolve) => (begun = resolve));
        const count = (images, labels) => net.evaluate(
          { net: name, images, labels, scales: on(name) }, (one) => begun(progress.push(one)));
        const broken = m.startInferenceWorker("this is no JavaScript")
          .load(name, images.slice(0, 9));
        const told = await broken.catch((error) => error.message);
        const first = count(images, labels);
        await counting;
        const { logits } = await predict(name, 0);
        const at = progress.at(-1).done;
        first.cancel();
        const cancelled = await first.done;
        const before = progress.length;
        const whole = await count(images.slice(0, 200 * 3072), labels.slice(0, 200)).done;
        const more = progress.slice(before).filter(({ done }, k) => done !== 5 * k + 5).length;
        return { told, at, cancelled, more, whole, logits: logits.length };""",
        [RESNET20],
        np.tile(images, (5, 1, 1, 1)),  # more than it can count before it is cancelled
        labels=5 * labels.tolist(),
    )
    assert "the worker that computes the net failed" in found["told"]
    assert found["logits"] == 10
    assert found["cancelled"]["cancelled"] is True
    assert found["at"] <= found["cancelled"]["done"] < 1000
    assert found["more"] == 0, "nothing more was told of the count that was cancelled"
    assert found["whole"]["finished"] is True
    assert found["whole"]["done"] == 200
    assert found["whole"]["right"] > 160


def test_without_webassembly_the_same_comes_out(compute, browser, tmp_path):
    """As in a page whose policy forbids it; the worker is bound by the page's policy."""
    policy = "default-src 'none'; script-src blob: 'unsafe-inline'; worker-src blob:"
    strict = tmp_path / "page.html"
    strict.write_text(f'<meta http-equiv="Content-Security-Policy" content="{policy}">')
    body = """const empty = new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]);
    const compiled = await WebAssembly.instantiate(empty).then(() => true, () => false);
    return [compiled, [...(await predict(given.name, 0)).logits]];"""
    with browser.new_page() as page:
        page.goto(strict.as_uri())
        in_javascript, plain = compute(body, [RESNET20], page=page)
    in_webassembly, compiled = compute(body, [RESNET20])
    assert (in_javascript, in_webassembly) == (False, True)
    np.testing.assert_allclose(plain, compiled, atol=1e-4)
    assert plain != compiled, "in JavaScript sums are float64"

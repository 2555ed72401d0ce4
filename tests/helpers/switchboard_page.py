"""Read and operate the BlockSwitchboard on a page of the built book."""

import io
from functools import cache

import numpy as np
from PIL import Image
from playwright.sync_api import expect
from sprite_images import decode_images

from resnet_lib import headline_runs
from resnet_lib.inside.lesions import lesion
from resnet_lib.runs.weights import trained_model
from resnet_lib.widgets.block_switchboard import recorded_nets
from resnet_lib.widgets.block_switchboard.widget import BlockSwitchboard

NAME = "09_inside_a_trained_resnet"
PATIENCE = 60_000  # ms, for a net that computes on a busy machine
WATCH = """window.Worker = window.WatchedWorker = class extends Worker {
  constructor(url) {
    super(url);
    const own = (this.own = watched); // a widget that has gone may still ask its worker
    own.workers.push(this);
    this.addEventListener("message", (event) => {
      const { logits, done, finished, cancelled } = event.data;
      if (logits) own.looking -= 1;
      own.ended ||= finished || cancelled;
      if (!own.held || !(done > 5)) return;
      event.stopImmediatePropagation();
      own.held.push(event.data);
    });
  }
  postMessage(message, transfer) {
    if (message.action === "predict") this.own.looking += 1;
    super.postMessage(message, transfer);
  }
};
window.watchAnew = () => {
  window.watched?.workers.forEach((one) => one.terminate());
  // Questions to be answered; whether a count has ended; what the page is not to know yet of one.
  window.watched = { workers: [], looking: 0, ended: false, held: null };
  window.Worker = WatchedWorker;
};
watchAnew();
window.pictureOf = (colour) => {
  const canvas = new OffscreenCanvas(50, 50);
  const to = canvas.getContext("2d");
  to.fillStyle = colour;
  to.fillRect(0, 0, 50, 50);
  return canvas.convertToBlob();
};"""
LET_GO = """() => {
  const held = watched.held;
  watched.held = null;
  for (const data of held) watched.workers[0].dispatchEvent(new MessageEvent("message", { data }));
}"""
NEAR = """(root) => new Promise((told) => {
  new IntersectionObserver((entries, observer) => {
    observer.disconnect();
    told(entries[0].isIntersecting);
  }, { rootMargin: "600px" }).observe(root);
})"""
ASKED = "[...document.querySelectorAll('script[src*=\"_static/files/\"]')].map((one) => one.src)"
FAR = {"far": True}
COUNT = "Accuracy over 200 images"
FIGURES = recorded_nets.switchboard()[0]["nets"]


@cache
def whole_state():
    return BlockSwitchboard().state()


def settled(board):
    """Until the net has answered what is asked of it now."""
    board.page.wait_for_function(
        """(root) => !watched.looking && !root.classList.contains("rl-waiting")
          && root.querySelector(".rl-verdict").textContent.startsWith("The net says")""",
        arg=board.element_handle(),
    )


def verdict(board):
    return board.locator(".rl-verdict").inner_text()


def until_verdict(board, words):
    expect(board.locator(".rl-verdict")).to_contain_text(words, timeout=PATIENCE)


def percents(board):
    return board.locator(".rl-probability").all_inner_texts()


def marks(board):
    """Where the marks of "with every block on" stand, in per cent, 0 for none."""
    return board.locator(".rl-bar-before").evaluate_all(
        "all => all.map((one) => (one.hidden ? 0 : parseFloat(one.style.left)))"
    )


def whole_marks(probabilities):
    return [100 * one if one >= 0.01 else 0 for one in probabilities]


def switch(board, name):
    return board.locator(f"[data-block={name}]")


def states(board):
    """Which blocks are on, by their switches."""
    return board.get_by_role("switch").evaluate_all(
        "all => all.map((one) => one.getAttribute('aria-checked') === 'true')"
    )


def button(board, name):
    return board.get_by_role("button", name=name, exact=True)


def press(board, name):
    button(board, name).click()


def pick(board, name):
    """A net or an image."""
    board.get_by_role("radio", name=name, exact=True).click()


def pick_net(board, name):
    pick(board, name)
    settled(board)


def figures(board):
    """What stands large in the part on accuracy: counted here, and recorded."""
    return board.locator(".rl-accuracy dd > span").all_inner_texts()


def details(board):
    """What stands small beside the figures."""
    return board.locator(".rl-accuracy dd small").all_inner_texts()


def chosen(board):
    return board.locator("select").input_value()


def count(board):
    press(board, COUNT)
    until_counted(board)


def until_counted(board):
    first = board.locator(".rl-accuracy dd > span").first
    expect(first).to_contain_text("% wrong", timeout=PATIENCE)


def pixels_of(board, canvas):
    """A canvas's pixels `(height, width, 4)`, from a copy: Chromium warns of frequent reading."""
    width, height, pixels = board.locator(canvas).first.evaluate(
        """(one) => {
          const copy = new OffscreenCanvas(one.width, one.height);
          const to = copy.getContext("2d", { willReadFrequently: true });
          to.drawImage(one, 0, 0);
          return [one.width, one.height, [...to.getImageData(0, 0, one.width, one.height).data]];
        }"""
    )
    return np.array(pixels, "uint8").reshape(height, width, 4)


def picture(board):
    """The image as the net sees it, `(32, 32, 4)`."""
    return pixels_of(board, ".rl-image")


def is_all(board, colour):
    return np.abs(picture(board).astype(int) - (*colour, 255)).max() <= 1


def until_own(board):
    expect(board.locator(".rl-image-name")).to_contain_text("Your own picture")


def png_of(array):
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, format="png")
    return buffer.getvalue()


def plain_png(colour, width=32, height=32):
    return png_of(np.full((height, width, 3), colour, "uint8"))


def give(board, name, content, kind="image/png"):
    file = {"name": name, "mimeType": kind, "buffer": content}
    board.locator("input[type=file]").set_input_files(file)


LISTEN = """(what) => {
  window.heard?.abort();
  window.heard = new AbortController();
  window.reached = 0;
  const { signal } = heard;
  document.addEventListener(what, (event) => (window.handed = event), { capture: true, signal });
  document.addEventListener(what, () => (reached += 1), { signal });
}"""


@cache
def net_of(label):
    return trained_model(dict(recorded_nets.select_shown(headline_runs()))[label])


@cache
def keras_says(label, off, image):
    """Probabilities of the classes, or, of all images, how many are judged right."""
    images, labels = decode_images()
    chosen = images if image is None else images[[image]]
    found = np.asarray(lesion(net_of(label), list(off))(chosen, training=False))
    return found[0] if image is not None else int((found.argmax(1) == labels).sum())


def agree(shown, probability):
    """Whether a percentage that `formatProbability` wrote is that probability."""
    least, most = {"< 1 %": (0, 0), "> 99 %": (100, 100)}.get(shown) or [int(shown[:-2])] * 2
    return least - 0.51 <= 100 * probability <= most + 0.51

"""Fill the page for instructors with the times of the chapters and facts about recorded runs.

No extension knows the chapters' times or the recorded runs.
"""

from itertools import count, pairwise

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from pages import chapter_times
from resnet_lib import headline_runs
from resnet_lib.chapters import lesions, results
from resnet_lib.runs import curves


class ReadingTimes(SphinxDirective):
    """List every chapter with its times: ```{reading-times}```."""

    def run(self):
        return [nodes.bullet_list(classes=["rl-reading-times"])]


def add_times(app, doctree, docname):
    """Fill the lists, when all pages are read and their notebooks run."""
    for times in doctree.findall(nodes.bullet_list):
        if "rl-reading-times" not in times["classes"]:
            continue
        for page in sorted(app.env.found_docs):
            if said := chapter_times.format_times(app, page):
                title = app.env.titles[page].astext()
                address = app.builder.get_relative_uri(docname, page)
                link = nodes.reference("", title, internal=True, refuri=address)
                line = nodes.paragraph("", "", link, nodes.Text(f": {said[:1].lower()}{said[1:]}"))
                times += nodes.list_item("", line)


class RecordedRuns(SphinxDirective):
    """Tabulate the runs that the figures are drawn from: ```{recorded-runs}```."""

    def run(self):
        table = results.what_was_trained(results.comparable_runs())
        return [nodes.raw("", table._repr_html_(), format="html")]


class RouteAnswers(SphinxDirective):
    """Answer what the routes ask and no page says in one place: ```{route-answers}```."""

    def run(self):
        return self.parse_text_to_nodes("\n".join(f"- {line}" for line in answer_routes()))


def answer_routes():
    """Yield lines of Markdown, whose numbers are counted or come from recorded runs."""
    runs = sorted(headline_runs(), key=lambda run: run.test_error)
    labels = [curve["label"] for curve in curves.runs_to_curves(runs)]
    plain = [run for run in runs if run.net.shortcut == "none"]
    deeper, other = sorted(plain, key=lambda run: -run.net.depth)
    rises = deeper.training_error > other.training_error and deeper.test_error > other.test_error
    yield (
        "**Two arrows**: of the plain nets, the deeper one's errors are "
        + ("both higher." if rises else "not both higher: look at the curves before you ask.")
    )
    v1, v2 = make_weight_counter("v1"), make_weight_counter("v2")
    n = next(n for n in count(1) if v2(9 * n + 2) > 1_000_000)
    times = [f"{v2(depth) / v1(depth):.2f}" for depth in (20, 56, 110)]
    yield (
        f"**v2 with more than a million weights**: from n = {n}, depth {9 * n + 2}, with "
        f"{v2(9 * n + 2):,}. It has {', '.join(times)} times as many as v1 at depth 20, 56, 110."
    )
    order = [f"{name} {run.test_error:.1f} %" for name, run in zip(labels, runs, strict=True)]
    close = [
        f"{name} and {after}"
        for (name, one), (after, other) in pairwise(zip(labels, runs, strict=True))
        if not results.is_significant(one.test_error, other.test_error)
    ]
    yield (
        f"**In order of test error**: {', '.join(order)}. By the rule of two standard errors "
        + (f"{'; '.join(close)} cannot be told apart." if close else "all neighbours differ.")
    )
    for one in lesions.recorded_lesions():
        if one.run in runs and one.run.net.depth == 20:
            most, least = one.single.argmax(), one.single.argmin()
            yield (
                f"**A block less, {one.label}**: wrong on {one.single[most]:.0f} % of the test "
                f"images without {one.blocks[most]}, on {one.single[least]:.0f} % without "
                f"{one.blocks[least]}, on {one.whole:.0f} % with all."
            )


def make_weight_counter(version):
    """Return a function that counts the weights of a net of a given depth.

    Each step of n adds one block to every stage, and these blocks are alike. So two small nets
    determine the weights of all. A net of 110 layers takes seconds to build.
    """
    from resnet_lib import resnet_v1, resnet_v2  # Keras: an edit of another page does not need it

    build, step = {"v1": (resnet_v1, 6), "v2": (resnet_v2, 9)}[version]
    smaller, larger = (
        build((32, 32, 3), depth).count_params() for depth in (step + 2, 2 * step + 2)
    )
    return lambda depth: smaller + (larger - smaller) * (depth - step - 2) // step


def setup(app):
    app.add_directive("reading-times", ReadingTimes)
    app.add_directive("recorded-runs", RecordedRuns)
    app.add_directive("route-answers", RouteAnswers)
    app.connect("doctree-resolved", add_times)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

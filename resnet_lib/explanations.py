"""What other explanations of degradation predict, as measured. Nothing here needs Keras.

Neighbouring gradients (Balduzzi et al. 2017), paths by length (Veit et al. 2016) and loss surfaces
(Li et al. 2018), from the recorded measurements; as in `measured`, everything follows them.
"""

import numpy as np

from resnet_lib.measured import (
    DEPTHS,
    KINDS,
    NONE_YET,
    below,
    caption_of,
    hide_rest,
    of_headline_runs,
    power,
)
from resnet_lib.measurements import load_measurements
from resnet_lib.plots import QUIET, V1, in_style, new_figure, shade
from resnet_lib.runs import RECORDED
from resnet_lib.tables import Said, Table


@in_style
def neighbours(folder=RECORDED):
    """Correlation of input gradients against the lag along a line of images, by depth."""
    found = load_measurements("correlation", folder)
    figure, panels = new_figure(8, 3.2, ncols=2, sharey=True)
    for kind, axes in zip(("plain", "residual"), panels, strict=True):
        for depth in DEPTHS:
            if f"{kind}-{depth}" not in found:
                continue
            colour = shade(KINDS[kind][1], depth)
            lines = np.array(found[f"{kind}-{depth}"].values["alike"], dtype="float64")
            for line in lines:
                axes.plot(line, color=colour, linewidth=0.8, alpha=0.45, label="_")
            axes.plot(lines.mean(axis=0), color=colour, linewidth=2, label=f"{depth} layers")
        axes.axhline(0, color=QUIET, linewidth=0.8)
        axes.set(xlabel="points apart", ylim=(-0.15, 1.03), xticks=range(0, 17, 4))
        axes.set_title(KINDS[kind][0], fontsize=10)
        if len(axes.lines) > 1:
            axes.legend(frameon=False, fontsize=8.5, loc="upper right")
    figure.suptitle(
        "how alike input gradients are: 1 the same, 0 unrelated", x=0.01, ha="left", fontsize=11
    )
    below(figure, found.values())
    return figure


def said_of_neighbours(folder=RECORDED):
    found = load_measurements("correlation", folder)
    parts = []
    for kind in ("plain", "residual"):
        alike = [
            f"{np.mean([one[1] for one in found[f'{kind}-{depth}'].values['alike']]):.2f} at "
            f"{depth} layers"
            for depth in DEPTHS
            if f"{kind}-{depth}" in found
        ]
        parts += [f"{kind}: {', '.join(alike)}"] if alike else []
    if not parts:
        return Said(NONE_YET)
    return Said(f"Gradients at neighbouring points agree to this degree. {'; '.join(parts)}.")


def path_subjects(folder=RECORDED):
    """`[(label, measurement, paths, arriving, one path)]`: untrained residual nets, then trained.

    The three are arrays by length, averaged over the seeds of an untrained net.
    """
    found = load_measurements("paths", folder)
    keys = ("paths", "arriving", "one_path")

    def arrays(one, entries):
        values = (np.array(one.values[key], dtype="float64")[entries].mean(axis=0) for key in keys)
        return (one, *values)

    untrained = [
        (f"ResNet-{depth}, untrained", *arrays(found[f"residual-{depth}"], slice(None)))
        for depth in DEPTHS
        if f"residual-{depth}" in found
    ]
    trained = [
        (f"{label}, trained", *arrays(one, slice(-1, None)))
        for _, label, one in of_headline_runs("paths", folder)
    ]
    return untrained + trained


@in_style
def path_lengths(folder=RECORDED):
    """Gradient that arrives by paths of each length: measured whole, and as paths times one."""
    found = path_subjects(folder)
    columns = 3
    rows = max(1, -(-len(found) // columns))
    figure, panels = new_figure(8, 2.5 * rows + 0.5, nrows=rows, ncols=columns, squeeze=False)
    hide_rest(panels, found)
    for axes, (label, _, paths, arriving, one_path) in zip(panels.flat, found, strict=False):
        product = paths * one_path
        axes.fill_between(range(len(product)), product / product.sum(), color=QUIET, alpha=0.25)
        axes.plot(product / product.sum(), color=QUIET, linewidth=1.2)
        axes.plot(arriving / arriving.sum(), color=V1, linewidth=2)
        axes.axvline(half(paths), color=QUIET, linewidth=1, linestyle=":")
        axes.set(xlabel="branches on the path", ylim=(0, None), yticks=[])
        axes.set_title(label, fontsize=10)
    figure.suptitle(
        "share of the gradient by length of path. Blue: what all paths of a length bring\n"
        "together. Grey: their number times the mean of one. Dotted: half of all paths",
        x=0.01,
        ha="left",
        fontsize=11,
    )
    below(figure, [one for _, one, *_ in found])
    return figure


def path_table(folder=RECORDED):
    """Where most of the gradient comes from, and how much paths cancel: a `Table`."""
    headers = (
        "net",
        "blocks",
        "half of all paths have up to",
        "half of the gradient comes by up to",
        "paths × one, over what arrives",
    )
    rows = []
    found = path_subjects(folder)
    for label, _, paths, arriving, one_path in found:
        rows.append(
            (
                label,
                f"{len(paths) - 1}",
                f"{half(paths)} branches",
                f"{half(arriving)} branches",
                power((paths * one_path).sum() / arriving.sum()),
            )
        )
    return Table(headers, rows, caption_of(one for _, one, *_ in found))


def said_of_paths(folder=RECORDED):
    """In which nets the gradient comes by shorter paths than most paths are: a `Said`."""
    found = path_subjects(folder)
    if not found:
        return Said(NONE_YET)
    shorter = [label for label, _, paths, arriving, _ in found if half(arriving) < half(paths)]
    others = [label for label, *_ in found if label not in shorter]
    parts = ["Half of the gradient comes by shorter paths than half of all paths are"]
    parts += [f"in {'; '.join(shorter)}" if shorter else "in none of these nets"]
    return Said(" ".join(parts) + (f"; not in {'; '.join(others)}." if shorter and others else "."))


def half(values):
    """The first place up to which lies half of the sum."""
    return int(np.searchsorted(np.cumsum(values) / np.sum(values), 0.5))


@in_style
def surfaces(folder=RECORDED):
    """The loss around the last weights of the book's four, on one scale: a panel a net."""
    found = of_headline_runs("surface", folder)
    figure, panels = new_figure(8, 2.9, ncols=4, sharey=True, squeeze=False)
    hide_rest(panels, found)
    levels = np.geomspace(0.05, 12.8, 17)
    shown = None
    for axes, (_, label, one) in zip(panels.flat, found, strict=False):
        at = np.array(one.values["at"][0])
        loss = np.array(one.values["loss"][0], dtype="float64")
        shown = axes.contourf(
            at,
            at,
            np.clip(loss, levels[0], levels[-1]),
            levels=levels,
            cmap="cividis",
            norm="log",
        )
        axes.contour(at, at, loss, levels=levels, colors="white", linewidths=0.4)
        axes.plot(0, 0, "+", color="white", markersize=9)
        axes.set(aspect="equal", xticks=[-1, 0, 1], yticks=[-1, 0, 1])
        axes.set_title(label, fontsize=10)
    if shown is not None:
        bar = figure.colorbar(shown, ax=panels, shrink=0.7, ticks=[0.1, 0.4, 1.6, 6.4])
        bar.ax.set_yticklabels(["0.1", "0.4", "1.6", "6.4"])
        bar.set_label("loss, nats", fontsize=9)
    figure.suptitle("loss around the trained weights (+)", x=0.01, ha="left", fontsize=11)
    below(figure, [one for *_, one in found])
    return figure


def surface_table(folder=RECORDED):
    """The loss at the centre, and how much of the square stays below twice that of guessing."""
    headers = (
        "net",
        "loss at the weights",
        "one step beside them",
        "share of the square below ln 10",
    )
    rows = []
    for _, label, one in of_headline_runs("surface", folder):
        loss = np.array(one.values["loss"][0], dtype="float64")  # None, not finite, is nan
        middle = len(loss) // 2
        around = loss[middle - 1 : middle + 2, middle - 1 : middle + 2]
        beside = (np.nansum(around) - loss[middle, middle]) / 8
        below_chance = 100 * np.mean(loss < np.log(10))
        rows.append(
            (label, f"{loss[middle, middle]:.2f}", f"{beside:.2f}", f"{below_chance:.0f} %")
        )
    caption = "Losses in nats; ln 10 = 2.30 is that of guessing. "
    one = [one for *_, one in of_headline_runs("surface", folder)]
    return Table(headers, rows, caption + caption_of(one) if rows else NONE_YET)

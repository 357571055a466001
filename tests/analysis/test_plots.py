"""Every picture of every span, an empty one too; looked at by eye when they change."""

import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest

from tests.support.histories import at, random_tables, tables

pytest.importorskip("matplotlib")
import matplotlib as mpl

mpl.use("agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from voxframe import CallHistory, Receipt
from voxframe.analysis import cost_breakdown, plots
from voxframe.analysis._axes import readings

PLOTS: list[Callable[..., Axes]] = [getattr(plots, name) for name in plots.__all__]
DAYS = {"hour": 1 / 24, "day": 1, "month": 31, "year": 365, "three years": 1095}


@pytest.fixture(scope="module", params=[*DAYS, "one", "empty"])
def history(request: pytest.FixtureRequest) -> dict[str, pa.Table]:
    if request.param == "empty":
        return tables()
    if request.param == "one":
        return random_tables(1)
    return random_tables(300, days=DAYS[request.param])


@pytest.mark.parametrize("plot", PLOTS, ids=lambda plot: plot.__name__)
def test_each_draws_on_the_axes_it_is_given(
    plot: Callable[..., Axes], history: dict[str, pa.Table]
) -> None:
    figure, axes = plt.subplots(figsize=(5, 3), layout="constrained")
    more = {} if plot is plots.plot_durations else {"timezone": "Europe/Berlin"}
    assert plot(history, ax=axes, **more) is axes
    figure.draw_without_rendering()
    assert axes.get_title(loc="left")
    plt.close(figure)


def test_without_axes_there_is_a_new_figure() -> None:
    before = set(plt.get_fignums())
    axes = plots.plot_cost(tables())
    assert set(plt.get_fignums()) - before
    plt.close(axes.get_figure())


def test_the_bars_of_cost_add_up() -> None:
    history = random_tables(300)
    axes = plots.plot_cost(history)
    height = sum(bar.get_height() for bars in axes.containers for bar in bars)
    assert height == pytest.approx(cost_breakdown(history)["total_cost"].item())
    plt.close(axes.get_figure())


def test_the_peak_is_marked() -> None:
    axes = plots.plot_concurrency(random_tables(500, days=30))
    assert axes.get_legend().get_texts()[-1].get_text().startswith("peak ")
    plt.close(axes.get_figure())


def test_matplotlib_is_asked_for_by_name_when_it_is_not_there() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from voxframe.analysis import plots\n"
        "try: plots.plot_cost({})\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "voxframe[plots]" in done.stdout


def test_durations_are_spoken() -> None:
    from voxframe.analysis._axes import number, spoken

    said: dict[float, str] = {5: "5 s", 61: "1 min 1 s", 120: "2 min", 1500: "25 min", 3600: "1 h",
                              5400: "1 h 30 min", 59.9: "1 min"}  # fmt: skip
    assert {seconds: spoken(seconds) for seconds in said} == said
    written: dict[float, Any] = {0: "0", 1234567: "1\u202f234\u202f567", 12.34: "12.3", 0.5: "0.5"}
    assert {value: number(value) for value in written} == written


@pytest.mark.parametrize("width", [2, 4, 9, 13])
def test_every_span_finds_its_ticks(width: float) -> None:
    from voxframe.analysis._time_axis import time_axis

    figure, axes = plt.subplots(figsize=(width, 2))
    for days in [*(2 ** (n / 3) / 1440 for n in range(3, 64))]:
        time_axis(axes, 20_000.3, 20_000.3 + days, "Europe/Berlin")
        assert 1 <= len(axes.get_xticks()) <= 13
    plt.close(figure)


def windowed(days: float, first: datetime, last: datetime) -> CallHistory:
    return CallHistory(random_tables(300, days=days), Receipt(from_date=first, to_date=last))


def test_weekends_are_shaded_and_days_have_their_names() -> None:
    axes = plots.plot_cost(random_tables(300, days=31), timezone="Europe/Berlin")
    assert "weekends shaded" in axes.get_xlabel()
    axes.get_figure().draw_without_rendering()
    assert all(label.get_text().startswith("Mon ") for label in axes.get_xticklabels())
    plt.close(axes.get_figure())


def test_a_stretch_that_was_not_wholly_read_is_paler_and_says_so() -> None:
    begin, end = datetime(2026, 10, 1, 12, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    history = windowed(31, begin, end)
    axes = plots.plot_cost(history, freq="D")
    alphas = [bar.get_alpha() for bar in axes.containers[0]]
    frame = cost_breakdown(history, freq="D")
    assert [alpha is not None for alpha in alphas] == frame["partial"].tolist()
    assert any(frame["partial"])
    said = readings(axes)
    assert len(said) == len(frame)
    assert [text.text.endswith("read only in part") for text in said] == frame["partial"].tolist()
    plt.close(axes.get_figure())


@pytest.mark.parametrize("plot", [plots.plot_quality, plots.plot_acd])
def test_one_picture_has_one_axis_and_says_how_many_calls(plot: Callable[..., Axes]) -> None:
    figure, axes = plt.subplots()
    plot(random_tables(300, days=31), ax=axes)
    assert figure.axes == [axes]
    assert all("calls" in each.text for each in readings(axes))
    plt.close(figure)


def test_a_figure_without_a_layout_gets_room_for_titles_and_labels() -> None:
    history = random_tables(300, days=20)
    figure, grid = plt.subplots(2, 3, figsize=(11, 6.5))
    for plot, axes in zip(PLOTS, grid.flat, strict=True):
        plot(history, ax=axes)
    figure.draw_without_rendering()
    boxes = [axes.get_tightbbox() for axes in grid.flat]
    assert not any(
        one.y0 < other.y1 and other.y0 < one.y1 and one.x0 < other.x1 and other.x0 < one.x1
        for nth, one in enumerate(boxes) for other in boxes[:nth]
    )  # fmt: skip
    labels = [label.get_window_extent() for label in grid.flat[3].get_xticklabels()]
    assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(labels))
    plt.close(figure)
    figure, axes = plt.subplots(layout="compressed")
    engine = figure.get_layout_engine()
    plots.plot_cost(history, ax=axes)
    assert figure.get_layout_engine() is engine
    plt.close(figure)


def test_a_day_has_its_name_to_the_right_of_its_beginning() -> None:
    axes = plots.plot_cost(random_tables(300, days=31))
    axes.get_figure().draw_without_rendering()
    named = axes.get_xticklabels()
    assert {label.get_horizontalalignment() for label in named} == {"left"}
    assert all(label.get_text().startswith("Mon ") for label in named)
    plt.close(axes.get_figure())
    until_monday = tables(
        sessions=[
            {"call_session_history_id": nth, "start_date": at(f"2026-10-{nth:02d}")}
            for nth in range(1, 26)
        ]
    )
    axes = plots.plot_cost(until_monday)
    axes.get_figure().draw_without_rendering()
    shown = [label.get_text() for label in axes.get_xticklabels() if label.get_text()]
    assert shown == ["Mon 5 Oct", "Mon 12 Oct", "Mon 19 Oct"]  # and not the 26th, where it ends
    plt.close(axes.get_figure())


def test_a_short_axis_shows_times_and_the_day_at_midnight() -> None:
    axes = plots.plot_cost(random_tables(300, days=2), freq="h")
    axes.get_figure().draw_without_rendering()
    texts = [label.get_text() for label in axes.get_xticklabels()]
    assert any(re.fullmatch(r"[A-Z][a-z]{2} \d+ Oct", text) for text in texts)
    assert all(re.fullmatch(r"\d\d:00|[A-Z][a-z]{2} \d+ Oct", text) for text in texts)
    plt.close(axes.get_figure())


def test_a_part_of_an_hour_lowers_no_mean_of_the_heatmap() -> None:
    # Two calls in a whole hour of one Thursday, one in a quarter of it a week later.
    calls = [
        {"call_session_history_id": n, "start_time": at(when), "incoming": True,
         "remote_number_type": "pstn", "successful": True, "duration": 60}
        for n, when in enumerate(("2026-10-01 10:10", "2026-10-01 10:20", "2026-10-08 10:05"))
    ]  # fmt: skip
    until = Receipt(from_date=at("2026-10-01"), to_date=at("2026-10-08 10:15"))
    axes = plots.plot_heatmap(CallHistory(tables(calls=calls), until))
    assert any(each.text == "Thu 10\N{EN DASH}11 h\n2.0 calls an hour" for each in readings(axes))
    short = Receipt(from_date=at("2026-10-01 10:00"), to_date=at("2026-10-01 10:30"))
    axes = plots.plot_heatmap(CallHistory(tables(calls=calls[:2]), short))
    assert axes.texts[0].get_text() == "No hour was read in full"
    plt.close("all")

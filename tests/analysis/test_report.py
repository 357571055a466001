"""The page: complete, self-contained, without numbers; looked at in a real browser."""

import re
import shutil
import subprocess
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tests.support.histories import at, random_tables, tables

pytest.importorskip("matplotlib")
pytest.importorskip("jinja2")

import voxframe
from voxframe import CallHistory, Receipt, analysis
from voxframe._cli.main import main
from voxframe.emulator import Emulator, World
from voxframe.report._advice import advice
from voxframe.report._figures import Changes, main_figures, traffic_figures
from voxframe.report._money import money_tables
from voxframe.report._origin import header, notes
from voxframe.report._page import report_html
from voxframe.report._parts import Listing, Page, lasting, masked
from voxframe.report._people import people_tables, still_missed
from voxframe.report._pictures import pictures
from voxframe.report._quality import failing_numbers

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("chrome")


class Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.fixture(scope="module")
def history() -> CallHistory:
    receipt = Receipt(
        from_date=datetime(2026, 10, 1, tzinfo=UTC), to_date=datetime(2026, 12, 1, tzinfo=UTC),
        requests=1234, settled="two counts agreed", mended={"blank costs": 3},
    )  # fmt: skip
    return CallHistory(random_tables(400), receipt)


@pytest.fixture(scope="module")
def page(history: CallHistory) -> str:
    return report_html(history, timezone="Europe/Berlin")


def test_it_is_self_contained(page: str) -> None:
    read = Reader(page)
    assert not {"script", "link", "img", "iframe"} & set(read.tags)
    links = [v for k, v in read.attributes if k in {"src", "href", "xlink:href"} and v]
    assert all(link.startswith("#") for link in links)
    ids = [value for name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    known = set(ids)
    assert all(link[1:] in known for link in links)
    assert "@import" not in page
    assert "url(http" not in page


def test_it_holds_what_matters(page: str, history: CallHistory) -> None:
    text = " ".join(Reader(page).words)
    for word in ("Total cost", "Missed calls", "Answered within 20 s", "Busy hour",
                 "What to do", "Cost by application", "München", "Whom to call back",
                 "Why calls were not answered",
                 "How many lines are needed", "two counts agreed", "blank costs: 3"):  # fmt: skip
        assert word in text
    assert f"{len(history)}" in text
    assert page.count("<svg") == 12


def test_it_holds_no_number_unless_asked_for(history: CallHistory, page: str) -> None:
    numbers = {n for n in history.tables["calls"]["remote_number"].to_pylist() if n}
    digits = {"".join(c for c in number if c.isdigit()) for number in numbers} - {""}
    assert not [number for number in digits if number in page]
    own = {"anna", "sip:desk@pbx.example.com"}  # agents have names
    assert not [number for number in numbers if number in page and number not in own]
    shown = report_html(random_tables(30, days=1), show_numbers=True)
    assert "Dearest numbers" in shown
    assert "442079460958" in shown


def test_a_number_in_a_name_is_left_out() -> None:
    named = tables(
        sessions=[{"call_session_history_id": 1, "start_date": at("2026-10-01"),
                   "rule_name": "to +49 30 123456 (night)", "application_name": "<b>a & b</b>"}],
        resource_usage=[{"call_session_history_id": 1, "resource_usage_id": 1,
                         "cost": Decimal("0.5")}],
    )  # fmt: skip
    page = report_html(named)
    assert "123456" not in page
    assert "&lt;b&gt;a &amp; b&lt;/b&gt;" in page
    assert "123456" in report_html(named, show_numbers=True)


def test_a_number_in_the_title_or_in_a_warning_is_left_out() -> None:
    receipt = Receipt(
        from_date=datetime(2026, 10, 1, tzinfo=UTC), to_date=datetime(2026, 11, 1, tzinfo=UTC),
        warnings=("no such number: +442079460958",), filters={"rule_name": "to 442079460958"},
    )  # fmt: skip
    history = CallHistory(random_tables(5, days=1), receipt)
    page = report_html(history, title="October 2026, 442079460958")
    assert "42079460958" not in page
    assert "October 2026, \N{HORIZONTAL ELLIPSIS}" in page
    assert "no such number: " in page
    assert "to 442079460958" in report_html(history, show_numbers=True)


@pytest.mark.parametrize("given", [tables(), random_tables(1)], ids=["empty", "one"])
def test_little_is_enough_and_gives_the_same_page_each_time(given: dict[str, pa.Table]) -> None:
    page = report_html(given, title="Little & nothing")
    assert "<h1>Little &amp; nothing</h1>" in page
    assert report_html(given, title="Little & nothing") == page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("campaign-2026-10-01", "campaign-2026-10-01"),
        ("20261001 night", "20261001 night"),
        ("01.10.2026-31.10.2026", "01.10.2026-31.10.2026"),
        ("2026-10-01 18:30 +49 30 123456", "2026-10-01 18:30 …"),
        ("to +442079460958", "to …"),
        ("2026-10-01-555123456", "2026-10-01-…"),
        ("2012079460958", "…"),
        ("+2026-10-01-555", "…"),
        ("(020) 7946-0958", "(…"),
        ("line 42", "line 42"),
    ],
)
def test_numbers_are_masked_and_dates_are_not(name: str, shown: str) -> None:
    assert masked(name) == shown


def test_callers_to_call_back_are_masked_and_grouped_by_number() -> None:
    history = missed_three_times()
    text = " ".join(Reader(report_html(history)).words)
    assert "…58" in text
    assert "442079460958" not in text
    assert "Call back 1 caller; 1 of them tried more than once." in text
    assert "442079460958" in report_html(history, show_numbers=True)


def test_what_came_after_the_period_is_said_to_be_unknown() -> None:
    said = "what happened after its end is not known here"
    advised = "What happened after the period's end is not known here."
    for end, late in ((datetime(2026, 10, 5, tzinfo=UTC), True),
                      (datetime(2026, 11, 1, tzinfo=UTC), False)):  # fmt: skip
        receipt = Receipt(from_date=datetime(2026, 10, 1, tzinfo=UTC), to_date=end)
        text = " ".join(Reader(report_html(CallHistory(missed_three_times(), receipt))).words)
        assert (f"Of 1 of them, missed in the last 7 days of the period, {said}" in text) == late
        assert (advised in text) == late
        assert "Who called in the 7 days before the period is not known here" in text


def _table(found: list[Listing], title: str) -> Listing:
    (table,) = (each for each in found if each.title == title)
    return table


def test_shares_say_of_what_and_have_one_name(history: CallHistory) -> None:
    page = _page(history)
    found = people_tables(page, still_missed(page))
    heads = _table(found, "What became of incoming calls").heads
    assert heads[-1] == "abandonment rate"
    repeat = analysis.repeat_callers(history).iloc[0]
    rows = {row[0]: row[1] for row in _table(found, "Called back, and calling again").rows}
    said = (
        f"One call was enough: no further call for 7 days, of {repeat['handled']:.0f} answered "
        "calls that came more than 7 days before the period's end"
    )
    assert rows[said] == f"{repeat['enough']:.0f}"
    offered = analysis.agents(history)["offered"].sum()
    told = " ".join(each.text for each in advice(page, still_missed(page), failing_numbers(page)))
    assert f" of {offered} calls to agents (" in told


def test_a_column_that_says_no_of_everyone_is_left_out() -> None:
    given = missed_three_times()
    page = _page(given)
    frame = still_missed(page)
    assert "called back" not in _table(people_tables(page, frame), "Whom to call back").heads
    table = _table(people_tables(page, frame.assign(dialled=True)), "Whom to call back")
    assert (table.heads[-1], table.rows[0][-1]) == ("called back", "no answer")


def test_a_figure_and_its_unit_stay_on_one_line() -> None:
    rows = {"figure": ["asr"], "days_now": [31.0], "days_before": [31.0]}
    changes = Changes(_page(tables()))
    row = pd.DataFrame({**rows, "now": [0.261], "before": [0.262], "change": [-0.001]})
    changes.rows = {"asr": row.to_dict("records")[0]}
    words = changes.of("asr", good=1, ratio=True)["change"].split(" ")
    assert words[-1] == "(before:\N{NO-BREAK SPACE}26.2\N{NARROW NO-BREAK SPACE}%)"
    assert words[0] == "\N{DOWNWARDS ARROW}\N{NO-BREAK SPACE}0.1"
    assert lasting(1742) == "29\N{NO-BREAK SPACE}min"


def missed_three_times() -> dict[str, pa.Table]:
    """A caller who was missed three times, and a number that was dialled twice in vain."""
    sessions, calls = [], []
    for at_hour, number in ((8, "+442079460958"), (9, "442079460958"), (10, "+442079460958")):
        sessions.append({"call_session_history_id": at_hour,
                         "start_date": at(f"2026-10-01 {at_hour:02d}:00:00")})  # fmt: skip
        for call, incoming in ((1, True), (2, False)):
            calls.append(
                {"call_session_history_id": at_hour, "call_id": at_hour * 10 + call,
                 "start_time": at(f"2026-10-01 {at_hour:02d}:00:00"), "incoming": incoming,
                 "successful": incoming, "duration": 30 if incoming else 0,
                 "remote_number": number if incoming else "anna",
                 "remote_number_type": "pstn" if incoming else "user",
                 "end_reason_code": None if incoming else 480}
            )  # fmt: skip
    return tables(sessions=sessions, calls=calls)


def test_what_was_not_read_is_not_shown_as_nothing() -> None:
    receipt = Receipt(
        from_date=datetime(2026, 10, 1, tzinfo=UTC), to_date=datetime(2026, 11, 1, tzinfo=UTC),
        with_calls=False,
    )  # fmt: skip
    given = random_tables(30, days=1)
    whole = CallHistory({**given, "calls": given["calls"].slice(0, 0)}, receipt)
    text = " ".join(" ".join(Reader(report_html(whole)).words).split())
    assert "Missed calls not read" in text
    assert "Most at once not read" in text
    assert text.count("Calls were not read.") >= 8
    assert "Total cost not read" in text


def test_what_is_known_without_the_calls_is_shown() -> None:
    sessions = [{"call_session_history_id": n, "account_id": n, "start_date": at("2026-10-01")}
                for n in (1, 2)]  # fmt: skip
    uses = [{"call_session_history_id": n, "resource_type": kind, "cost": Decimal(cost)}
            for n, kind, cost in ((1, "ASR", "20.5"), (2, "ASR", "20.5"), (2, "VIDEOCALL", "70"))
            ]  # fmt: skip
    receipt = Receipt(from_date=at("2026-10-01"), to_date=at("2026-10-02"), with_calls=False)
    page = report_html(CallHistory(tables(sessions=sessions, resource_usage=uses), receipt))
    text = " ".join(" ".join(Reader(page).words).split())
    # The dearest first; the rest is of calls and recordings.
    assert "video calls (VIDEOCALL) 70.00" in text
    assert text.index("video calls (VIDEOCALL)") < text.index("speech recognition (ASR) 41.00")
    by_account = text[text.index("Cost by account") :]
    assert re.search(r" 1 not read 0.00 20.50 not read .* 2 not read 0.00 90.50", by_account)
    by_agent = text[text.index("Cost by agent") :][:120]
    assert "Calls were not read." in by_agent
    assert "no agent" not in text


def test_advice_names_the_numbers_that_are_meant() -> None:
    calls = [
        {"call_session_history_id": n, "call_id": n, "start_time": at("2026-10-01 10:00"),
         "incoming": False, "remote_number": f"44207946095{min(n, 3)}",
         "remote_number_type": "pstn", "successful": False, "end_reason_code": 404}
        for n in range(1, 5)
    ]  # fmt: skip
    sessions = [{"call_session_history_id": n, "start_date": at("2026-10-01")} for n in range(1, 5)]
    page = report_html(tables(sessions=sessions, calls=calls))
    text = " ".join(" ".join(Reader(page).words).split())
    assert "Check or drop 1 number, dialled 2 times or more and never answered (1 because" in text


def test_it_says_what_changed_since_the_period_before() -> None:
    now = CallHistory(random_tables(200, days=31), october())
    before = CallHistory(random_tables(150, days=30, seed=3), october(month=9))
    text = " ".join(Reader(report_html(now, previous=before, currency="EUR")).words)
    assert "Compared with" in text
    assert "1 Sep 2026 \N{EN DASH} 30 Sep 2026" in text
    assert "% by daily average" in text
    assert "points (before:" in text
    assert "Total cost, EUR" in text


def test_a_figure_that_is_not_known_now_has_no_change() -> None:
    given = random_tables(30, days=1)
    now = CallHistory({**given, "calls": given["calls"].slice(0, 0)}, october(with_calls=False))
    before = CallHistory(random_tables(30, days=1, seed=3), october(month=9))
    text = " ".join(" ".join(Reader(report_html(now, previous=before)).words).split())
    assert "before: not known" not in text
    assert "before: not known" in " ".join(Reader(report_html(before, previous=now)).words)


def test_a_change_too_small_to_tell_is_neither_better_nor_worse() -> None:
    rows = {"figure": ["asr"], "days_now": [31.0], "days_before": [30.0]}
    changes = Changes(_page(tables()))
    for now, turn in ((0.494, ""), (0.496, "better"), (0.484, "worse")):
        row = pd.DataFrame({**rows, "now": [now], "before": [0.490], "change": [now - 0.490]})
        changes.rows = {"asr": row.to_dict("records")[0]}
        assert changes.of("asr", good=1, ratio=True)["turn"] == turn


def _page(history: Any, **given: Any) -> Page:
    known: dict[str, Any] = {
        "show_numbers": False, "places": 2, "currency": None, "own": (), "machine": (),
        "network": (),
    }  # fmt: skip
    return Page(history, None, "UTC", **{**known, **given})


def test_prices_in_several_currencies_are_never_added_up() -> None:
    history = random_tables(200, days=3)
    sessions = history["sessions"]
    accounts = pa.array([nth % 2 for nth in range(len(sessions))], pa.int64())
    place = sessions.column_names.index("account_id")
    history = {**history, "sessions": sessions.set_column(place, "account_id", accounts)}
    currency = {0: "EUR", 1: "USD"}
    page = _page(history, currency=currency)
    cost = main_figures(page, Changes(page))[0].value.split("\n")
    assert [each.split()[-1] for each in sorted(cost, key=lambda each: each.split()[-1])] == [
        "EUR", "USD",
    ]  # fmt: skip
    drawn = [each.wide for each in pictures(page) if each.section == "cost"]
    assert ["EUR" in each for each in drawn] == [True, False]
    assert ["USD" in each for each in drawn] == [False, True]
    whole = report_html(history, currency=currency)
    assert "Cost per hour, EUR" in whole
    (table,) = [each for each in money_tables(page) if each.title == "Cost by agent"]
    assert not table.bar
    assert all("EUR" in row[0] or "USD" in row[0] for row in table.rows)
    shares: dict[str, float] = {}
    (whole_table,) = [each for each in money_tables(page) if each.title == "Cost by application"]
    for row in whole_table.rows:
        label = row[0].rpartition("(")[2]
        shares[label] = shares.get(label, 0) + float(row[-1].replace(NARROW, "").rstrip("%"))
    assert shares == pytest.approx({"EUR)": 100, "USD)": 100}, abs=0.5)


def test_the_rows_that_are_not_shown_are_added_up() -> None:
    history = random_tables(600, days=3)
    calls = history["calls"]
    names = [f"agent{nth % 40}" for nth in range(len(calls))]
    numbers = [
        name if kind == "user" else number
        for name, kind, number in zip(
            names, calls["remote_number_type"].to_pylist(), calls["remote_number"].to_pylist(),
            strict=True,
        )
    ]  # fmt: skip
    place = calls.column_names.index("remote_number")
    many = calls.set_column(place, "remote_number", pa.array(numbers, pa.string()))
    page = _page({**history, "calls": many}, places=6)
    (table,) = [each for each in money_tables(page) if each.title == "Cost by agent"]
    assert table.rows[-1][0].endswith(" others")
    paid = sum(float(row[2].replace(NARROW, "")) for row in table.rows)
    whole = float(main_figures(page, Changes(page))[0].value.replace(NARROW, ""))
    assert paid == pytest.approx(whole, abs=1e-4)


def test_nothing_is_said_once_and_not_drawn() -> None:
    page = report_html(tables())
    assert "There are no sessions in this period." in page
    assert "<svg" not in page
    assert "What it cost" not in page
    assert "What the figures mean" in page
    only_in = missed_three_times()
    drawn = report_html(CallHistory(only_in, october()))
    assert "No answered calls." in " ".join(Reader(drawn).words)


def october(month: int = 10, *, with_calls: bool = True) -> Receipt:
    return Receipt(
        from_date=datetime(2026, month, 1, tzinfo=UTC),
        to_date=datetime(2026, month + 1, 1, tzinfo=UTC),
        with_calls=with_calls,
    )


def test_a_value_is_read_off_under_the_pointer(page: str) -> None:
    assert page.count('<g class="part"><title>') > 100
    assert re.search(r"<title>[A-Z][a-z]{2} \d+ \w{3} 2026\ncalls [\d,.]+\nrecordings", page)


def test_far_ends_and_readings_are_told(page: str) -> None:
    text = " ".join(Reader(page).words)
    assert "pbx.example.com" in text
    assert "a colleague" in text
    assert "outside (telephone network)" in text
    assert "duration" in text


def test_a_manager_can_read_it(page: str) -> None:
    text = " ".join(Reader(page).words)
    for word in ("wholly", "which is which", "in vain", "rung", "nine in ten", "Etc/",
                 "not of one call", "settled", "currency="):  # fmt: skip
        assert word not in text
    assert "median" in text
    assert "99th\N{NO-BREAK SPACE}percentile\N{NO-BREAK SPACE}" in text
    assert "2026-10-01 00:00:00 UTC" in text
    assert "T00:00:00" not in text
    prices = text[text.index("Price per minute of outside calls") :]
    assert "desk" not in prices[: prices.index("Cost by resource")]
    assert not re.findall(r".{20}\d,\d{3}.{9}", text[text.index("What to do") :])


def test_an_unknown_timezone_is_refused() -> None:
    with pytest.raises(ValueError, match="Mars"):
        report_html(tables(), timezone="Mars/Olympus")


def browse(folder: Path, page: Path, *flags: str) -> bytes:
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--hide-scrollbars", "--allow-file-access-from-files",
        f"--user-data-dir={folder / 'profile'}", *flags, page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout


WIDTHS = (390, 1280)
SEEN = """
<body style="margin:0;display:flex">{frames}<script>
onload = () => {{
  document.title = Array.from(frames, ({{document: d}}) => [
    d.documentElement.scrollWidth,
    [...d.querySelectorAll("svg")].filter(s => s.getBoundingClientRect().width).length,
  ]).join(" ")
}}
</script>
"""


ROWS = """
<body style="margin:0"><iframe src="report.html" style="border:0;width:{width}px"></iframe><script>
onload = () => {{
  const tiles = [...frames[0].document.querySelectorAll(".figures.main > .card")]
  const tops = tiles.map(tile => tile.getBoundingClientRect().top)
  document.title = [...new Set(tops)].map(top => tops.filter(each => each == top).length).join(" ")
}}
</script>
"""


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize(("width", "tiles"), [(1000, "5"), (800, "1 2 2")])
def test_no_figure_stands_alone_at_the_end(
    page: str, tmp_path: Path, width: int, tiles: str
) -> None:
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    shown = tmp_path / "shown.html"
    shown.write_text(ROWS.format(width=width))
    dom = browse(tmp_path, shown, "--dump-dom").decode()
    assert dom.split("<title>")[1].split("</title>")[0] == tiles


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_shows_it_at_a_desk_and_on_a_phone(
    page: str, tmp_path: Path, scheme: str
) -> None:
    (tmp_path / "report.html").write_text(page, encoding="utf-8")
    both = tmp_path / "both.html"
    # A window has a least width; a frame does not.
    style = "border:0;height:2400px;flex:none"
    both.write_text(
        SEEN.format(
            frames="".join(
                f'<iframe src="report.html" style="{style};width:{width}px"></iframe>'
                for width in WIDTHS
            )
        )
    )
    shade = f"--blink-settings=preferredColorScheme={0 if scheme == 'dark' else 1}"
    dom = browse(tmp_path, both, shade, "--dump-dom").decode()
    title = dom.split("<title>")[1].split("</title>")[0]
    assert title == " ".join(f"{width},6" for width in WIDTHS)

    image: Any = pytest.importorskip("PIL.Image")
    shot = tmp_path / "shot.png"
    browse(tmp_path, both, shade, f"--window-size={sum(WIDTHS)},2400", f"--screenshot={shot}")
    with image.open(shot) as picture:
        grey = picture.convert("L")
        for left, right in ((0, WIDTHS[0]), (WIDTHS[0], sum(WIDTHS))):
            shades = grey.crop((left, 0, right, 2400)).getcolors(256)
            dark = sum(count for count, value in shades if value < 80) / (2400 * (right - left))
            assert (dark > 0.6) == (scheme == "dark")
            assert len(shades) > 100


def test_the_demo_the_repr_and_the_report_agree() -> None:
    with Emulator(World(sessions=20_000, start="2026-10-01", end="2026-11-01", seed=0)) as account:
        month = voxframe.read_call_history(
            "2026-10-01", "2026-11-01", credentials=account.credentials,
            base_url=account.base_url, progress=False,
        )  # fmt: skip
    page = Page(month, None, "UTC", show_numbers=False, places=2, currency=None, own=(),
                machine=(), network=())  # fmt: skip
    changes = Changes(page)
    shown_ones = [*main_figures(page, changes), *traffic_figures(page, changes)]
    figures = {each.name: each for each in shown_ones}
    assert not re.search(r"\d,\d{3}", " ".join(notes(page)))
    told = _plain(" ".join([*notes(page), *(f"{f.value} {f.note}" for f in figures.values())]))
    tables_of_money = {table.title: table for table in money_tables(page)}
    costs = {row[0]: row[4] for row in tables_of_money["Cost by application"].rows}
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    demo = _plain(readme.split("```console")[1].split("```")[0])
    shown = _plain(repr(month))
    values = {name: _plain(each.value) for name, each in figures.items()}
    (sessions,) = re.findall(r"^  sessions +(\d+)", demo, re.MULTILINE)
    (legs,) = re.findall(r"^  legs +(\d+)", demo, re.MULTILINE)
    assert f"of {sessions} session" in shown
    assert values["Sessions"] == sessions
    assert f"{legs} legs, " in shown
    assert f"there are {legs} legs" in told
    for name, line in (("Incoming calls", "calls in"), ("Outside minutes", "minutes")):
        assert re.search(rf"^    {line} +{values[name]}$", demo, re.MULTILINE)
    placed = re.findall(r"^    calls out +(\d+) +([\d.]+)% answered$", demo, re.MULTILINE)
    assert placed == [("9180", values["Outgoing calls answered"].removesuffix(" %"))]
    assert f"of {placed[0][0]} calls to outside numbers" in told
    carried = (
        f"{values['Incoming calls']} calls in, 9180 out ({placed[0][1]}% answered), "
        f"{values['Outside minutes']} minutes"
    )
    assert f"on the telephone network: {carried}" in shown
    for name in ("9180", "49.0% answered", values["Outside minutes"]):
        assert f">{name}<" in _plain(month._repr_html_())
    # Three accounts, which the history gives no currency of.
    assert "cost is of 3 accounts" in shown
    assert "cost is of 3 accounts" in month._repr_html_()
    assert "costs are of 3 accounts" in demo
    assert "Prices of 3 accounts are added up as if they were in one currency" in told
    assert "--currency 4203771=EUR" in told
    assert dict(header(page))["Money"].startswith("prices of 3 accounts, added up as if")
    for name, demos, reprs in (
        ("calls", "legs", "legs"), ("recordings", "records", "records"),
        ("other", "other resources", "resources"),
    ):  # fmt: skip
        (price,) = re.findall(rf"^    {demos} +([\d.]+) ", demo, re.MULTILINE)
        assert f"{name} {price}" in told
        assert f"{reprs} {price}" in shown
    assert f"cost {figures['Total cost'].value.replace(NARROW, '')}" in shown
    below = demo.split("cost by application")[1]
    by_application = dict(re.findall(r"^    (\S+) +([\d.]+)  \S", below, re.MULTILINE))
    assert costs == by_application
    # As a telephone person means it: outgoing calls to the network, callers, the busiest moment.
    assert values["Outgoing calls answered"] == "49.0 %"
    assert (values["Incoming calls"], values["Missed calls"]) == ("11142", "2834")
    assert values["Answered within 20 s"] == "25.9 %"
    assert (values["Outside minutes"], values["Minutes of talk"]) == ("62642", "44156")
    assert (values["Most at once"], values["Busy hour"]) == ("13", "7.18 calls")
    # As the docstring of `analysis.missed` has it.
    calls = analysis.missed(month, within="7D").dropna(subset="caller")
    last = calls.sort_values("start_date").drop_duplicates("caller", keep="last")
    listed = last[~(last["reached"] | last["called_again"])]["call_session_history_id"]
    assert len(listed) > 100
    assert set(listed) == set(still_missed(page)["call_session_history_id"])


NARROW = "\N{NARROW NO-BREAK SPACE}"


def _plain(text: str) -> str:
    """Leave out what stands between thousands."""
    return re.sub(rf"(?<=\d)[,{NARROW}](?=\d{{3}})", "", text).replace(NARROW, " ")


def test_the_command_line_knows_ones_own_people_and_the_currency(tmp_path: Path) -> None:
    CallHistory(random_tables(20, days=1), october()).to_parquet(tmp_path / "h")
    out = tmp_path / "page.html"
    given = ["report", str(tmp_path / "h"), "--out", str(out), "--quiet"]
    assert main([*given, "--own", "pstn", "--currency", "EUR"]) == 0
    text = " ".join(Reader(out.read_text(encoding="utf-8")).words)
    assert "Total cost, EUR" in text
    assert "is given as own" in text


def test_a_small_page_is_not_said_to_be_empty(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    CallHistory(tables(), october()).to_parquet(tmp_path / "h")
    out = tmp_path / "empty.html"
    assert main(["report", str(tmp_path / "h"), "--out", str(out)]) == 0
    assert f"empty.html: {out.stat().st_size / 1024:.0f} KiB; open" in capsys.readouterr().out


def of_two_accounts(sessions: int = 40) -> dict[str, pa.Table]:
    """A history whose sessions are of accounts 1 and 2 in turn."""
    made = random_tables(sessions, days=3)
    accounts = pa.array([1 + each % 2 for each in range(sessions)])
    at_column = made["sessions"].column_names.index("account_id")
    return {**made, "sessions": made["sessions"].set_column(at_column, "account_id", accounts)}


def test_prices_in_two_currencies_are_never_one_sum(tmp_path: Path) -> None:
    CallHistory(of_two_accounts(), october()).to_parquet(tmp_path / "h")
    out = tmp_path / "page.html"
    given = ["report", str(tmp_path / "h"), "--out", str(out), "--quiet"]
    assert main([*given, "--currency", "1=EUR", "--currency", "2=USD"]) == 0
    text = " ".join(Reader(out.read_text(encoding="utf-8")).words)
    assert "currency by account" in text
    assert {"EUR", "USD"} <= set(re.findall(r"Cost per [^,]*, (\w+)", text))
    assert "added up as if" not in text
    assert main([*given, "--currency", "1=EUR", "--currency", "USD"]) == 2
    assert main(given) == 0
    text = " ".join(Reader(out.read_text(encoding="utf-8")).words)
    assert "prices of 2 accounts, added up as if they were in one currency" in text
    assert "account's currency (several accounts)" in text

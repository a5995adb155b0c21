"""Figures of attention against outcome: attention share against revenue share, and the rates of what is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from core.attention import Outcome, Verdict
from core.figures.template import AMBER, BLUE, GREEN, GREY, escaped, figure, hover, percent, shortened

VERDICT_COLOURS: Mapping[Verdict, str] = {
    "over-watched": AMBER,
    "under-watched": GREEN,
    "as expected": BLUE,
    "not judged": GREY,
}
_SYMBOLS: Mapping[Verdict, str] = {
    "over-watched": "triangle-down",
    "under-watched": "triangle-up",
    "as expected": "circle",
    "not judged": "circle-open",
}
ATTENTION_NAMES = {
    "views": "views",
    "looks": "views, clicks, searches and favourites",
    "dwell": "dwell seconds",
    "orders": "orders",
}
WATCHED = (
    "Over-watched: clearly fewer of those who look buy than is usual. Under-watched: clearly more. On the line a thing"
    " has the same share of the attention as of the net revenue."
)
RATES = (
    "Buyers among viewers: users who looked and bought it then, or later. Points are drawn towards the usual rate the"
    " more the fewer viewers there are; bars are 95 % intervals; the grey line is the usual rate."
)
_ORDER: tuple[Verdict, ...] = ("not judged", "as expected", "under-watched", "over-watched")
MOST_POINTS, MOST_ROWS = 1_500, 12
_MANY_TICKS = 300  # times the smallest value: from there on a tick for each power of ten is enough


def drawn(found: Outcome) -> pd.DataFrame:
    """The rows that `watched_figure` draws: with both shares above 0, the called ones, then by attention."""
    rows = found.table[(found.table["attention_share"] > 0) & (found.table["revenue_share"] > 0)]
    called = rows["verdict"].isin(("over-watched", "under-watched"))
    return pd.concat([rows[called], rows[~called].head(max(0, MOST_POINTS - int(called.sum())))])


def watched_figure(found: Outcome) -> go.Figure:
    """Attention share against revenue share, log axes, coloured by verdict; `customdata` of a point is [key]."""
    what = ATTENTION_NAMES[found.spec.attention or "views"]
    name = found.spec.area.name
    made = figure(
        f"Share of {what if what == 'orders' else 'attention'} against share of revenue, by {name}",
        f"Share of {what} (%, log scale)", "Share of net revenue (%, log scale)", height=460,
    )  # fmt: skip
    rows = drawn(found)
    ends = [rows["attention_share"].min() * 100, rows["attention_share"].max() * 100]
    if len(rows):
        made.add_scatter(
            x=ends, y=ends, mode="lines", line={"color": GREY, "dash": "dot"}, name="Same share of both",
            hoverinfo="skip",
        )  # fmt: skip
    # what is called is drawn last, over the many others
    for verdict in _ORDER:
        some = rows[rows["verdict"] == verdict]
        if some.empty:
            continue
        label = name.capitalize() if verdict == "not judged" and not found.judged else verdict.capitalize()
        # where nothing is judged, nothing is set apart
        look: Verdict = verdict if found.judged else "as expected"
        small = look == "as expected" and len(some) > 40
        made.add_scatter(
            x=some["attention_share"] * 100,
            y=some["revenue_share"] * 100,
            mode="markers",
            name=escaped(label),
            marker={
                "color": VERDICT_COLOURS[look], "symbol": _SYMBOLS[look], "size": 6 if small else 11,
                "opacity": 0.5 if small else 0.9,
            },
            customdata=[
                [r["key"], escaped(str(r["label"])), percent(r["attention_share"]), percent(r["revenue_share"]),
                 _numbers(r, found.judged)]
                for r in some.to_dict("records")
            ],
            hovertemplate=hover(
                f"%{{customdata[2]}} of the {what}, %{{customdata[3]}} of the net revenue%{{customdata[4]}}", WATCHED,
                head="%{customdata[1]}",
            ),
        )  # fmt: skip
    made.update_xaxes(type="log", rangemode="normal", **_log_ticks(rows["attention_share"] * 100))
    made.update_yaxes(type="log", rangemode="normal", **_log_ticks(rows["revenue_share"] * 100))
    return made


def _log_ticks(values: pd.Series) -> dict[str, list[Any]]:
    """Ticks of a log axis that are whole numbers to read: 0.1, 1, 10, and 2 and 5 between them where there are few."""
    low, high = float(values.min()), float(values.max())
    if not 0 < low < high:
        return {}
    each = (1, 2, 5) if high / low < _MANY_TICKS else (1,)
    ticks = [digit * 10.0**power for power in range(-6, 3) for digit in each]
    return {"tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}


def called_rows(found: Outcome, verdict: Verdict) -> pd.DataFrame:
    """The rows of `rates_called_figure`: of one verdict, those with most missed (or most unforeseen) buyers first."""
    rows = found.table[found.table["verdict"] == verdict]
    return rows.reindex(rows["missed"].abs().sort_values(ascending=False, kind="stable").index).head(MOST_ROWS)


def rates_called_figure(found: Outcome, verdict: Verdict) -> go.Figure:
    """The called things' rates with intervals beside the usual rate, most missed buyers on top; `customdata` [key]."""
    rows = called_rows(found, verdict).iloc[::-1]
    made = figure(
        f"{verdict.capitalize()}: buyers among viewers", "Buyers among viewers (%)", "",
        height=90 + 34 * max(len(rows), 3), legend=False,
    )  # fmt: skip
    places = list(range(len(rows)))
    made.add_scatter(
        x=rows["shrunk"] * 100,
        y=places,
        mode="markers",
        marker={"color": VERDICT_COLOURS[verdict], "symbol": _SYMBOLS[verdict], "size": 11},
        error_x={
            "type": "data", "symmetric": False, "array": (rows["high"] - rows["shrunk"]) * 100,
            "arrayminus": (rows["shrunk"] - rows["low"]) * 100, "thickness": 1.5, "width": 4,
        },
        customdata=[
            [r["key"], escaped(str(r["label"])), percent(r["shrunk"]), percent(r["low"]), percent(r["high"]),
             percent(r["usual"]), f"{r['viewers']:,}", f"{r['buyers']:,}", f"{r['expected']:,.0f}"]
            for r in rows.to_dict("records")
        ],
        hovertemplate=hover(
            "%{customdata[2]} (%{customdata[3]} to %{customdata[4]}), usual %{customdata[5]}<br>%{customdata[7]} of"
            " %{customdata[6]} viewers bought, %{customdata[8]} expected", RATES, head="%{customdata[1]}",
        ),
    )  # fmt: skip
    for place, usual in zip(places, rows["usual"] * 100, strict=True):
        made.add_shape(
            type="line", x0=usual, x1=usual, y0=place - 0.35, y1=place + 0.35, line={"color": GREY, "width": 3}
        )
    made.update_yaxes(
        tickvals=places,
        ticktext=[escaped(shortened(str(label))) for label in rows["label"]],
        range=[-0.6, len(rows) - 0.4],
    )
    if len(rows):
        made.update_xaxes(range=[0, 105 * float(rows[["high", "usual"]].max().max())])
    return made


def _numbers(row: Mapping[Any, Any], judged: bool) -> str:
    if not judged or pd.isna(row["rate"]):
        return ""
    rate, usual = float(str(row["rate"])), float(str(row["usual"]))
    return f"<br>{row['buyers']:,} of {row['viewers']:,} viewers bought: {percent(rate)}, usual {percent(usual)}"

"""Writes Grafana's two dashboards (``deploy/fleet/grafana/dashboards``) from the tables beside this.

``python -m scripts.dashboards``; a test says whether they are current. The panels are built with Grafana's
own schema package, so that what it does not know cannot be written.
"""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import common, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import (
    Dashboard,
    DashboardLink,
    FieldColor,
    QueryVariable,
    Row,
    ThresholdsConfig,
)
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.common import BigValueColorMode, LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from scripts.dashboards.fleet import FLEET
from scripts.dashboards.panel import Panel, Query, Rows
from scripts.dashboards.shuttle import SHUTTLE

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "fleet" / "grafana" / "dashboards"
SOURCE = model.DataSourceRef(type_val="prometheus", uid="fleet")
"""As ``provisioning/datasources/fleet.yml`` names it."""


def fleet() -> Dashboard:
    board = _board("Shuttles: the fleet", "shuttle-fleet", "Who is there, and how each one is.")
    return _filled(board, FLEET)


def shuttle() -> Dashboard:
    board = _board("Shuttles: one shuttle", "shuttle-one", "What one shuttle says and measures.")
    chosen = (
        QueryVariable("shuttle")
        .label("Shuttle")
        .datasource(SOURCE)
        .query("label_values(shuttle:last_heard:timestamp_seconds, shuttle)")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )
    return _filled(board.with_variable(chosen), SHUTTLE)


def texts() -> dict[str, str]:
    """File name → its JSON."""
    boards = {"fleet.json": fleet(), "shuttle.json": shuttle()}
    return {
        name: json.dumps(board.build(), cls=JSONEncoder, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        for name, board in boards.items()
    }


def _board(title: str, uid: str, about: str) -> Dashboard:
    other = DashboardLink("Shuttles").type(model.DashboardLinkType.DASHBOARDS).tags(["shuttles"])
    return (
        Dashboard(title)
        .uid(uid)
        .description(about)
        .tags(["shuttles"])
        .readonly()
        .refresh("1m")
        .time("now-6h", "now")
        .link(other.keep_time(True))
    )


def _filled(board: Dashboard, rows: Rows) -> Dashboard:
    numbers = count(1)
    for title, panels in rows.items():
        board.with_row(Row(title).id(next(numbers)))
        for panel in panels:
            board.with_panel(_panel(panel).id(next(numbers)))
    return board


def _panel(panel: Panel) -> Any:
    makers = {
        "stat": stat.Panel,
        "lines": timeseries.Panel,
        "states": statetimeline.Panel,
        "table": table.Panel,
    }
    made = makers[panel.kind]()
    made.title(panel.title).description(panel.description).datasource(SOURCE).unit(panel.unit)
    made.span(panel.width).height({"stat": 4, "table": 10}.get(panel.kind, 8))
    made.thresholds(_thresholds(panel))
    for number, query in enumerate(panel.queries):
        made.with_target(_target(panel.kind, chr(ord("A") + number), query))
    match panel.kind:
        case "stat":
            made.color_mode(BigValueColorMode.VALUE)
            made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        case "lines":
            legend = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
            made.legend(legend.placement(LegendPlacement.BOTTOM).show_legend(True)).fill_opacity(10).min(0)
            made.color_scheme(FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
        case "states":
            made.color_scheme(FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
        case "table":
            _as_one_table(made, panel)
    return made


def _target(kind: str, ref: str, query: Query) -> Dataquery:
    target = Dataquery().ref_id(ref).expr(query.expr).legend_format(query.legend).datasource(SOURCE)
    if kind in ("stat", "table"):
        target.instant()
    else:
        target.range()
    return target.format(PromQueryFormat.TABLE) if kind == "table" else target


def _as_one_table(made: Any, panel: Panel) -> None:
    """The queries beside each other, one line a shuttle, under their own names."""
    columns = {f"Value #{chr(ord('A') + number)}": query.legend for number, query in enumerate(panel.queries)}
    made.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    order = {"shuttle": 0} | {name: number for number, name in enumerate(columns, 1)}
    organised = {
        "excludeByName": {"Time": True},
        "indexByName": order,
        "renameByName": {"shuttle": "Shuttle"} | columns,
    }
    made.with_transformation(model.DataTransformerConfig(id_val="organize", options=organised))
    link = {"title": "its page", "url": "/d/shuttle-one?var-shuttle=${__value.raw}&${__url_time_range}"}
    made.override_by_name("Shuttle", [model.DynamicConfigValue(id_val="links", value=[link])])
    made.decimals(1)


def _thresholds(panel: Panel) -> ThresholdsConfig:
    if panel.bad_from is not None:
        steps = [(None, "green"), (panel.bad_from, "red")]
    elif panel.good_from is not None:
        steps = [(None, "red"), (panel.good_from, "green")]
    else:
        steps = [(None, "blue" if panel.kind == "stat" else "green")]
    made = [model.Threshold(value=value, color=color) for value, color in steps]
    return ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(made)


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in texts().items():
        (FOLDER / name).write_text(text, encoding="utf-8")

"""The dashboard of the fleet: who is there, and how each one is."""

from __future__ import annotations

from scripts.dashboards.panel import Panel, Query, Rows

FIRST_SOUND = 'shuttle_guide_turn_stage_seconds_bucket{stage="first_sample"}[$__rate_interval]'

FLEET: Rows = {
    "Now": (
        Panel(
            "stat",
            "Shuttles there",
            "Heard within the last 10 minutes.",
            (Query("count(time() - shuttle:last_heard:timestamp_seconds <= 600) or vector(0)", "there"),),
            width=4,
        ),
        Panel(
            "stat",
            "Shuttles silent",
            "Heard within a week, and not within 10 minutes: switched off, or in a dead zone.",
            (Query("count(time() - shuttle:last_heard:timestamp_seconds > 600) or vector(0)", "silent"),),
            width=4,
        ),
        Panel(
            "stat",
            "Critical alerts",
            "That fire now.",
            (
                Query(
                    'count(ALERTS{alertstate="firing",severity="critical"}) or vector(0)', "critical alerts"
                ),
            ),
            width=4,
            bad_from=1,
        ),
        Panel(
            "stat",
            "Turns in the last hour",
            "Everything that shuttles have said, or wanted to say.",
            (Query("sum(increase(shuttle_guide_turns_total[1h]))", "turns"),),
            width=4,
        ),
        Panel(
            "stat",
            "First sound, 95th percentile",
            "Of all turns of the last hour, from the event; answers from the end of the question.",
            (
                Query(
                    "histogram_quantile(0.95, sum by (le) (rate(shuttle_guide_turn_stage_seconds_bucket"
                    '{stage="first_sample"}[1h])))',
                    "first sound",
                ),
            ),
            unit="s",
            width=4,
            bad_from=2,
        ),
        Panel(
            "stat",
            "Spent today",
            "All shuttles, of services with prices, in the currency of the prices.",
            (Query("sum(shuttle_guide_money_today) or vector(0)", "money"),),
            width=4,
        ),
    ),
    "Each shuttle": (
        Panel(
            "table",
            "Shuttles",
            "How each one is. The name leads to its own page.",
            (
                Query("time() - shuttle:last_heard:timestamp_seconds", "Silent for (s)"),
                Query("min by (shuttle) (shuttle_guide_ready)", "Ready"),
                Query('count by (shuttle) (ALERTS{alertstate="firing",alertname!~"Fleet.*"})', "Alerts"),
                Query("max by (shuttle) (shuttle_guide_temperature_celsius)", "Hottest (°C)"),
                Query("min by (shuttle) (shuttle_guide_disk_free_bytes) / 2^30", "Disk free (GiB)"),
                Query("sum by (shuttle) (shuttle_guide_outbox_messages)", "Waiting"),
                Query("sum by (shuttle) (increase(shuttle_guide_turns_total[1h]))", "Turns, 1 h"),
                Query(
                    "histogram_quantile(0.95, sum by (shuttle, le) (rate("
                    'shuttle_guide_turn_stage_seconds_bucket{stage="first_sample"}[1h])))',
                    "First sound p95 (s)",
                ),
                Query("sum by (shuttle) (shuttle_guide_money_today)", "Spent today"),
            ),
            width=24,
        ),
    ),
    "What they do": (
        Panel(
            "lines",
            "Turns by outcome",
            "Per hour, all shuttles.",
            (
                Query(
                    "sum by (outcome) (rate(shuttle_guide_turns_total[$__rate_interval])) * 3600",
                    "{{outcome}}",
                ),
            ),
            width=12,
        ),
        Panel(
            "lines",
            "First sound by kind, 95th percentile",
            "From the event; answers from the end of the question.",
            (
                Query(
                    f"histogram_quantile(0.95, sum by (le, kind) (rate({FIRST_SOUND})))",
                    "{{kind}}",
                ),
            ),
            unit="s",
            width=12,
        ),
        Panel(
            "lines",
            "Rungs that are skipped",
            "On how many shuttles the circuit breaker leaves a model, voice or recognizer alone.",
            (Query("count by (stage, rung) (shuttle_guide_rung_usable == 0)", "{{stage}} {{rung}}"),),
        ),
        Panel(
            "lines",
            "What waits for the fleet's broker",
            "Messages in the outboxes, and those that had to go untold within an hour.",
            (
                Query("sum(shuttle_guide_outbox_messages)", "waiting"),
                Query("sum(increase(shuttle_guide_outbox_lost_total[1h]))", "lost, 1 h"),
            ),
        ),
        Panel(
            "lines",
            "Alerts",
            "That fire, by name.",
            (Query('count by (alertname) (ALERTS{alertstate="firing"})', "{{alertname}}"),),
        ),
    ),
}

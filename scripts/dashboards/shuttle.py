"""The dashboard of one shuttle: what it says and measures."""

from __future__ import annotations

from scripts.dashboards.panel import Panel, Query, Rows

OF_ONE = '{shuttle="$shuttle"}'
FIRST_SOUND = (
    'shuttle_guide_turn_stage_seconds_bucket{stage="first_sample",shuttle="$shuttle"}[$__rate_interval]'
)

SHUTTLE: Rows = {
    "Now": (
        Panel(
            "stat",
            "Silent for",
            "Since it was heard last.",
            (Query(f"time() - shuttle:last_heard:timestamp_seconds{OF_ONE}", "silent"),),
            unit="s",
            width=4,
            bad_from=600,
        ),
        Panel(
            "stat",
            "Ready",
            "1: every process can do its work.",
            (Query(f"min(shuttle_guide_ready{OF_ONE})", "ready"),),
            width=4,
            good_from=1,
        ),
        Panel(
            "stat",
            "Audio device",
            "1: it is open.",
            (Query(f"max(shuttle_guide_output_open{OF_ONE})", "open"),),
            width=4,
            good_from=1,
        ),
        Panel(
            "stat",
            "Muted, microphone off",
            "1: it is.",
            (
                Query(f"max(shuttle_guide_muted{OF_ONE})", "muted"),
                Query(f"max(shuttle_guide_microphone_off{OF_ONE})", "microphone off"),
            ),
            width=4,
            bad_from=1,
        ),
        Panel(
            "stat",
            "Clock",
            "1: a time server has set it.",
            (Query(f"max(shuttle_guide_clock_synchronized{OF_ONE})", "set"),),
            width=4,
            good_from=1,
        ),
        Panel(
            "stat",
            "Version",
            "Of the guide.",
            (Query(f"count by (version) (shuttle_guide_build_info{OF_ONE})", "{{version}}"),),
            width=4,
        ),
        Panel(
            "states",
            "Processes",
            "1: it is ready; 0: it is not, or does not answer.",
            (
                Query(f"min by (process) (shuttle_guide_ready{OF_ONE})", "{{process}}"),
                Query(f"max by (broker) (shuttle_guide_broker_connected{OF_ONE})", "broker: {{broker}}"),
            ),
            width=12,
            good_from=1,
        ),
        Panel(
            "states",
            "Alerts and alarms",
            "1: the alert fires, or the shuttle has raised the alarm for the fleet.",
            (
                Query('max by (alertname) (ALERTS{alertstate="firing",shuttle="$shuttle"})', "{{alertname}}"),
                Query(f"max by (alarm) (shuttle_guide_alarm_raised{OF_ONE} == 1)", "alarm {{alarm}}"),
            ),
            width=12,
            bad_from=1,
        ),
    ),
    "What it says": (
        Panel(
            "lines",
            "Turns by kind and outcome",
            "Per hour.",
            (
                Query(
                    "3600 * sum by (kind, outcome)"
                    f" (rate(shuttle_guide_turns_total{OF_ONE}[$__rate_interval]))",
                    "{{kind}} {{outcome}}",
                ),
            ),
        ),
        Panel(
            "lines",
            "First sound",
            "Median and 95th percentile, by the voice that spoke first.",
            tuple(
                Query(
                    f"histogram_quantile({part}, sum by (le, rung) (rate(" + FIRST_SOUND + ")))",
                    f"{{{{rung}}}} {name}",
                )
                for part, name in ((0.5, "median"), (0.95, "p95"))
            ),
            unit="s",
        ),
        Panel(
            "lines",
            "Share of each voice",
            "Of the turns of an hour: how often the cloud spoke, and how often the shuttle by itself.",
            (
                Query(
                    f"sum by (voice) (increase(shuttle_guide_turns_total{OF_ONE}[1h]))"
                    f" / on () group_left () sum(increase(shuttle_guide_turns_total{OF_ONE}[1h]))",
                    "{{voice}}",
                ),
            ),
            unit="percentunit",
        ),
        Panel(
            "states",
            "Rungs",
            "1: it is used; 0: the circuit breaker leaves it alone.",
            (Query(f"min by (stage, rung) (shuttle_guide_rung_usable{OF_ONE})", "{{stage}} {{rung}}"),),
            good_from=1,
        ),
        Panel(
            "lines",
            "Refused messages",
            "Within 10 minutes.",
            (
                Query(
                    f"sum by (process) (increase(shuttle_guide_refused_messages_total{OF_ONE}[10m]))",
                    "{{process}}",
                ),
            ),
        ),
        Panel(
            "lines",
            "Spent today",
            "By service, and the used part of each ceiling.",
            (
                Query(f"sum by (service) (shuttle_guide_money_today{OF_ONE})", "{{service}}"),
                Query(f"max by (of) (shuttle_guide_ceiling_used_ratio{OF_ONE})", "ceiling of {{of}}"),
                Query(f"max(shuttle_guide_ceiling_level{OF_ONE})", "ceiling (1: near, 2: reached)"),
            ),
        ),
    ),
    "The machine": (
        Panel(
            "lines",
            "Temperatures",
            "From 90 °C on the guide does without something, from 99 °C the kernel lowers the clocks.",
            (Query(f"max by (zone) (shuttle_guide_temperature_celsius{OF_ONE})", "{{zone}}"),),
            unit="celsius",
        ),
        Panel(
            "lines",
            "Slower because of heat, voltage or current",
            "Zones that are hot now, what rests (1, 2), and slowdowns by the hardware within 10 minutes.",
            (
                Query(f"max(shuttle_guide_throttled_zones{OF_ONE})", "hot zones"),
                Query(f"max(shuttle_guide_heat_level{OF_ONE})", "what rests because of heat"),
                Query(f"sum by (cause) (increase(shuttle_guide_slowdowns_total{OF_ONE}[10m]))", "{{cause}}"),
            ),
        ),
        Panel(
            "lines",
            "Power",
            "By rail; VDD_IN is the whole module.",
            (Query(f"max by (rail) (shuttle_guide_power_watts{OF_ONE})", "{{rail}}"),),
            unit="watt",
        ),
        Panel(
            "lines",
            "Load",
            "Processes that run or wait, and how busy the GPU is.",
            (
                Query(f"max(shuttle_guide_load1{OF_ONE})", "load"),
                Query(f"max(shuttle_guide_gpu_load_ratio{OF_ONE})", "GPU"),
            ),
        ),
        Panel(
            "lines",
            "Memory",
            "What is free, and what each process of the guide takes.",
            (
                Query(f"max(shuttle_guide_memory_total_bytes{OF_ONE})", "all"),
                Query(f"max(shuttle_guide_memory_available_bytes{OF_ONE})", "free"),
                Query(
                    f"max by (process) (shuttle_guide_process_resident_memory_bytes{OF_ONE})", "{{process}}"
                ),
            ),
            unit="bytes",
        ),
        Panel(
            "lines",
            "Disk",
            "What is free where the guide keeps its state.",
            (Query(f"max(shuttle_guide_disk_free_bytes{OF_ONE})", "free"),),
            unit="bytes",
        ),
    ),
    "What is not told yet": (
        Panel(
            "lines",
            "Outbox",
            "Messages that wait for the fleet's broker, and those that had to go untold within an hour.",
            (
                Query(f"max(shuttle_guide_outbox_messages{OF_ONE})", "waiting"),
                Query(
                    f"sum by (kind) (increase(shuttle_guide_outbox_lost_total{OF_ONE}[1h]))", "lost: {{kind}}"
                ),
            ),
            width=12,
        ),
        Panel(
            "lines",
            "Metrics on their way",
            "How far the agent on the shuttle is behind, as it says itself.",
            (
                Query(
                    f"max(prometheus_remote_storage_highest_timestamp_in_seconds{OF_ONE})"
                    f" - max(prometheus_remote_storage_queue_highest_sent_timestamp_seconds{OF_ONE})",
                    "behind",
                ),
            ),
            unit="s",
            width=12,
        ),
    ),
}

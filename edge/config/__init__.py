"""Settings: one typed tree with defaults that work without any file.

Sources, later ones win: the defaults (tree.py), ``/etc/shuttle-guide/guide.toml`` (or the file named by
``SHUTTLE_GUIDE_CONFIG``), a ``.env`` file in a person's working directory, the environment
(``SHUTTLE_GUIDE_MQTT__PORT=1884`` sets ``mqtt.port``), systemd credentials for the secrets (root's
own commands read them in ``/etc/shuttle-guide/credentials``), and where there is a fleet what it desires
(desired.py).
"""

from edge.config.console import ConsoleSettings
from edge.config.convert import ConfigError
from edge.config.cost import CostSettings
from edge.config.desk import DeskSettings
from edge.config.fleet import FleetSettings
from edge.config.hearing import ListenerSettings, Voiceprint
from edge.config.kinds import Budget, GateClass
from edge.config.load import ENV_PREFIX, as_dict, environment, gone_settings, load
from edge.config.secret import Secret
from edge.config.services import BUILT_IN, Espeak, Piper, Prices, RHVoice, Service
from edge.config.state_dir import state_dir_of
from edge.config.tree import (
    SECRETS,
    Ahead,
    AnswerSettings,
    CommentatorSettings,
    MetricsSettings,
    MqttSettings,
    Settings,
    ShuttleSettings,
    SpeakerSettings,
    TelemetrySettings,
)

__all__ = [
    "BUILT_IN",
    "ENV_PREFIX",
    "SECRETS",
    "Ahead",
    "AnswerSettings",
    "Budget",
    "CommentatorSettings",
    "ConfigError",
    "ConsoleSettings",
    "CostSettings",
    "DeskSettings",
    "Espeak",
    "FleetSettings",
    "GateClass",
    "ListenerSettings",
    "MetricsSettings",
    "MqttSettings",
    "Piper",
    "Prices",
    "RHVoice",
    "Secret",
    "Service",
    "Settings",
    "ShuttleSettings",
    "SpeakerSettings",
    "TelemetrySettings",
    "Voiceprint",
    "as_dict",
    "environment",
    "gone_settings",
    "load",
    "state_dir_of",
]

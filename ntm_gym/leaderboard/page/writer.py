"""The page: one HTML file that needs nothing but a browser."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ntm_gym.files import write_atomically

_WEB = importlib.resources.files(__package__) / "web"
_STYLES = ("vendor/uPlot.min.css", "style.css")
_SCRIPTS = (
    "vendor/uPlot.iife.min.js",
    "basics.js",
    "tables.js",
    "charts.js",
    "drawing.js",
    "player.js",
    "main.js",
)


def write_page(path: Path, data: Mapping[str, Any]) -> None:
    """Write the page.

    Entries are written by strangers: no text of theirs can end the data's script element, and
    the content security policy runs the scripts of this package only and loads nothing.

    Args:
        path: Of the HTML file.
        data: What it shows; see `ntm_gym.leaderboard.page.data`.

    Raises:
        ValueError: If a number is not finite.
    """
    style, script = _join(_STYLES), _join(_SCRIPTS)
    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; "
        f"script-src 'sha256-{_digest(script)}'; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
    html = (_WEB / "page.html").read_text(encoding="utf-8")
    parts = {"policy": policy, "style": style, "data": embed_json(data), "script": script}
    html = re.sub(r"{{ (\w+) }}", lambda place: parts[place[1]], html)
    write_atomically(path, html.encode())


def embed_json(data: Mapping[str, Any]) -> str:
    r"""Return JSON that is nothing but data wherever it stands in HTML.

    Args:
        data: What to write.

    Raises:
        ValueError: If a number is not finite.

    Example:
        >>> embed_json({"name": "</script>"})
        '{"name":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _join(names: tuple[str, ...]) -> str:
    return "\n".join((_WEB / name).read_text(encoding="utf-8") for name in names)


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()

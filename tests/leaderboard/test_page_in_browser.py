"""The page in headless Chromium, as people use it: by mouse, by keyboard, by ear, by phone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from ntm_agents.checkpoints import save_checkpoint
from ntm_agents.networks import build_network
from ntm_gym.cli import main
from ntm_gym.evaluation import suites
from ntm_gym.evaluation.suites import Point, Suite

pytestmark = pytest.mark.slow

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HOSTILE = "</script><img src=x onerror='window.hacked=1'>"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


def find_browser(environment: Mapping[str, str]) -> str:
    """Return the path of a browser; without one skip, and fail in CI, which installs it."""
    found = (shutil.which(name, path=environment.get("PATH")) for name in BROWSERS)
    path = next(filter(None, found), None)
    if path is not None:
        return path
    reason = f"the page's tests need one of {', '.join(BROWSERS)}: run `make browser`"
    if environment.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.mark.parametrize(
    ("environment", "outcome"),
    [
        ({"PATH": ""}, pytest.skip.Exception),
        ({"PATH": "", "CI": "true"}, pytest.fail.Exception),
    ],
)
def test_without_a_browser_the_pages_tests_skip_and_in_ci_fail(
    environment: dict[str, str], outcome: type[BaseException]
) -> None:
    with pytest.raises(outcome, match="run `make browser`"):
        find_browser(environment)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = find_browser(os.environ)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


def make_checkpoint(folder: Path, seed: int, network: str, task: str) -> str:
    options = {"input_size": 3 + (task == "repeat_copy"), "output_size": 2}
    options["output_size"] += task == "repeat_copy"
    sizes = {
        "ntm_agents:NTM": {"memory_size": 8, "word_size": 4, "controller_size": 5},
        "ntm_baselines:LSTM": {"hidden_size": 4, "num_layers": 1},
    }[network]
    built = build_network(network, options | sizes)
    path = folder / f"{network.partition(':')[2]}-{task}-{seed}" / "model.safetensors"
    about = {
        "network": network,
        "options": options | sizes,
        "task": {"name": task, "parameters": {}},
        "train_seed": seed,
        "parameters": sum(parameter.numel() for parameter in built.parameters()),
        "sequences": 100,
        "updates": 100,
        "wall_time_s": 0.5,
        "command": "ntm-train",
        "machine": "abacus",
        "versions": {"python": "3"},
    }
    path.parent.mkdir(parents=True)
    save_checkpoint(path, built, about)
    line = '{"sequences": %d, "validation_bits_per_sequence": %f}\n'
    (path.parent / "log.jsonl").write_text(
        line % (50, 9.0) + line % (100, 3.0), encoding="utf-8"
    )
    return str(path)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a page with three entries, one of them written by an attacker."""
    folder = tmp_path_factory.mktemp("board")
    short = {"num_bits": 2, "max_length": 3}
    copying = Suite(
        "copy",
        1,
        (Point("1-3", "copy", short), Point("9", "copy", short | {"max_length": 9})),
        20,
    )
    repeating = Suite("repeat", 1, (Point("1-2", "repeat_copy", short),), 20)
    with pytest.MonkeyPatch.context() as patch:
        both = {"copy": copying, "repeat": repeating}
        patch.setattr(suites, "SUITES", both)
        entries = [
            ("NTM", "supervised", "copy", "copy", "ntm_agents:NTM", "https://example.org"),
            (HOSTILE, "supervised", "copy", "copy", "ntm_baselines:LSTM", "javascript:alert()"),
            ("Gambler", "reward-only", "repeat", "repeat_copy", "ntm_baselines:LSTM", ""),
        ]
        for number, (name, track, suite, task, network, link) in enumerate(entries):
            models = [make_checkpoint(folder, seed, network, task) for seed in (1, 2)]
            about = ["--name", name, "--folder", str(number), "--authors", HOSTILE]
            where = ["--track", track, "--suite", suite, "--board", str(folder), "--link", link]
            assert main(["leaderboard", "submit", *models, *about, *where]) == 0
        assert main(["leaderboard", "reference", "--board", str(folder)]) == 0
        page = folder / "page.html"
        options = ["--output", str(page), "--episodes", "5", "--baseline", "NTM"]
        assert main(["leaderboard", "page", "--board", str(folder), *options]) == 0
        yield page.as_uri()


@pytest.fixture
def complaints() -> list[str]:
    """Return what went wrong in the browser; whoever uses `page` fails if it is not empty."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, complaints: list[str]) -> Iterator[Page]:
    """Open the page; nothing may complain or leave the machine, whatever a test does."""
    page = browser.new_page(viewport=DESKTOP)  # type: ignore[arg-type]
    watch(page, complaints)
    page.goto(address)
    yield page
    page.close()
    assert complaints == []


def watch(page: Page, complaints: list[str]) -> None:
    page.on("console", lambda message: complaints.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on(
        "request",
        lambda request: complaints.extend(
            [request.url] * (not request.url.startswith(("file:", "data:")))
        ),
    )


def rows(page: Page, table: str = "#results-table") -> list[str]:
    return [name.strip() for name in page.locator(f"{table} tbody th").all_text_contents()]


def means(page: Page, column: int) -> list[float]:
    cells = page.locator(f"#results-table tbody tr > :nth-child({column})").locator("b")
    return [float(text) for text in cells.all_text_contents()]


def test_a_click_on_the_head_sorts_and_another_turns_the_order(page: Page) -> None:
    head = page.locator("#results-table thead th").nth(5)

    head.get_by_role("button").click()
    rising = means(page, 6)
    assert head.get_attribute("aria-sort") == "ascending"
    head.get_by_role("button").click()

    assert rising == sorted(rising)
    assert len(set(rising)) > 1
    assert means(page, 6) == sorted(rising, reverse=True)
    assert head.get_attribute("aria-sort") == "descending"


def test_sorting_works_by_keyboard_and_keeps_the_focus(page: Page) -> None:
    page.locator("#standings-table thead button").first.focus()

    page.keyboard.press("Enter")

    assert page.evaluate("document.activeElement.textContent") == "Agent"
    names = rows(page, "#standings-table")
    assert names == sorted(names, key=str.lower)


def test_the_task_filter_changes_table_charts_and_player(page: Page) -> None:
    assert set(rows(page)) == {"NTM", HOSTILE, "oracle", "memoryless", "coin", "silent"}

    page.select_option("#task", "repeat")

    assert set(rows(page)) == {"Gambler", "oracle", "memoryless", "coin", "silent"}
    assert "Gambler" in str(page.get_attribute("#learning canvas", "aria-label"))
    assert page.locator("#player-agent option").first.text_content() == "Gambler"


def test_the_track_filter_leaves_that_track_and_the_references(page: Page) -> None:
    page.select_option("#track", "reward-only")

    assert set(rows(page, "#standings-table")) == {
        "Gambler",
        "oracle",
        "memoryless",
        "coin",
        "silent",
    }
    page.uncheck("#references")
    assert rows(page, "#standings-table") == ["Gambler"]
    assert rows(page) == []


def test_the_measure_can_be_chosen_and_who_has_none_comes_last(page: Page) -> None:
    page.select_option("#metric", "bits_per_sequence")
    page.locator("#results-table thead button").nth(5).click()

    assert rows(page)[-1] == "silent"
    cell = page.locator("#results-table tbody tr").last.locator("td").last
    assert cell.text_content() == "\N{EN DASH}"


def test_an_episode_is_played_from_the_first_step_to_the_last(page: Page) -> None:
    page.select_option("#player-speed", "25")
    last = page.get_attribute("#step", "max")
    assert page.input_value("#step") == last

    page.click("#play")
    expect(page.locator("#play")).to_have_text("Pause")
    expect(page.locator("#play")).to_have_text("Play")

    assert page.input_value("#step") == last


def test_an_episode_can_be_stepped_through_by_keyboard(page: Page) -> None:
    page.focus("#step")
    page.keyboard.press("Home")
    first = page.text_content("#status")
    label = page.get_attribute("#memory", "aria-label")
    page.keyboard.press("ArrowRight")

    assert str(first).startswith("Step 1 of")
    assert str(page.text_content("#status")).startswith("Step 2 of")
    assert page.get_attribute("#memory", "aria-label") != label
    page.focus("#back")
    page.keyboard.press("Enter")
    assert page.text_content("#status") == first


def test_the_player_shows_real_answers(page: Page) -> None:
    page.select_option("#player-agent", label="oracle")
    assert "wrong bits so far: 0" in str(page.text_content("#status"))
    assert page.locator("#no-memory").is_visible()
    assert not page.locator("#memory").is_visible()

    page.select_option("#player-agent", label="silent")
    ones = page.evaluate(
        "player.scored.flatMap((_, t) => [0, 1].filter((bit) => player.target(t, bit))).length"
    )
    assert ones > 0
    assert f"wrong bits so far: {ones}" in str(page.text_content("#status"))


def test_a_memory_is_drawn_and_changes_from_step_to_step(page: Page) -> None:
    picture = "document.getElementById('memory').toDataURL()"
    page.focus("#step")
    page.keyboard.press("Home")
    before = page.evaluate(picture)
    page.keyboard.press("End")

    assert page.evaluate(picture) != before


def test_a_hostile_entry_is_shown_as_text_and_runs_nothing(page: Page) -> None:
    assert HOSTILE in rows(page)
    page.locator("#entries summary").nth(1).click()

    assert page.evaluate("window.hacked") is None
    assert page.locator("main img").count() == 0
    links = page.evaluate("[...document.querySelectorAll('a')].map((a) => a.protocol)")
    assert set(links) == {"file:", "https:"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_serious(
    browser: Browser,
    address: str,
    complaints: list[str],
    viewport: dict[str, int],
    scheme: str,
) -> None:
    page = browser.new_page(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
    watch(page, complaints)
    page.goto(address)
    page.locator("#entries summary").first.click()

    # It reads a file in the locale's encoding when it is imported.
    from axe_playwright_python.sync_playwright import Axe

    findings = Axe().run(page).response["violations"]

    serious = [each for each in findings if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []
    assert complaints == []
    page.close()


def test_a_phone_need_not_scroll_sideways(
    browser: Browser, address: str, complaints: list[str]
) -> None:
    page = browser.new_page(viewport=PHONE)  # type: ignore[arg-type]
    watch(page, complaints)
    page.goto(address)

    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert complaints == []
    page.close()


def test_the_first_tab_leads_past_the_head(page: Page) -> None:
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"


def test_the_theme_can_be_changed(page: Page) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(background)

    page.click("#theme")

    assert page.get_attribute("#theme", "aria-pressed") == "true"
    assert page.evaluate(background) != before

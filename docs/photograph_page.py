"""Photograph the leaderboard's page for the README."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
HARDER_EPISODE = "1"


def main() -> None:
    """Write two PNGs: the results in light, an episode in dark."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)))
    address = (ROOT / "build/leaderboard.html").as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        light = browser.new_page(viewport={"width": 1180, "height": 1000})
        light.goto(address)
        _photograph(light, "results", "page-results.png")
        dark = browser.new_page(viewport={"width": 1180, "height": 900}, color_scheme="dark")
        dark.goto(address)
        dark.select_option("#player-episode", HARDER_EPISODE)
        dark.fill("#step", str(3 * int(dark.get_attribute("#step", "max") or 0) // 4))
        _photograph(dark, "watch", "page-watch.png")
        browser.close()


def _photograph(page: Page, section: str, name: str) -> None:
    page.evaluate("document.documentElement.style.scrollBehavior = 'auto'")
    page.evaluate("document.getElementById('filters').style.position = 'static'")
    page.locator(f"#{section}").scroll_into_view_if_needed()
    page.locator(f"#{section}").evaluate("element => element.scrollIntoView()")
    path = ROOT / "docs/assets" / name
    page.screenshot(path=path)
    print(path)


if __name__ == "__main__":
    main()

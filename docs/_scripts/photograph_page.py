"""Photograph the leaderboard's page for the documentation."""

from __future__ import annotations

import shutil
from pathlib import Path

from playwright.sync_api import ViewportSize, sync_playwright

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ASSETS = ROOT / "docs/assets"
SIZE: ViewportSize = {"width": 1400, "height": 1000}


def main() -> None:
    """Write two PNGs: results and curves in light, an episode in dark."""
    browser_path = next(filter(None, map(shutil.which, BROWSERS)))
    address = (ROOT / "build/leaderboard.html").as_uri()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"]
        )
        light = browser.new_page(viewport=SIZE)
        light.goto(address)
        for selector in ("#filters", "#standings", "#watch ~ section", "#watch"):
            light.locator(selector).evaluate_all("all => all.forEach((each) => each.remove())")
        light.locator("main").screenshot(path=ASSETS / "page-results.png")
        dark = browser.new_page(viewport=SIZE, color_scheme="dark")
        dark.goto(address)
        dark.evaluate("document.getElementById('filters').remove()")
        late = (int(dark.get_attribute("#step", "max") or 0) * 3 + 2) // 4
        dark.fill("#step", str(late))
        dark.evaluate("document.activeElement.blur()")
        dark.locator("#watch").screenshot(path=ASSETS / "page-watch.png")
        browser.close()


if __name__ == "__main__":
    main()

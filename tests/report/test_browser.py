"""The page works in a browser, and asks nothing of the network."""

import json

import pytest

from chromium import PROGRAM, Browser
from study_files import report


@pytest.fixture
def browser(tmp_path):
    browser = Browser(PROGRAM, tmp_path / "profile")
    yield browser
    browser.close()


# A mark, not a call of pytest.skip: that would come after the study was trained for nothing.
@pytest.mark.skipif(not PROGRAM, reason="no chromium here to open the page in")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_works_in_a_browser_and_asks_nothing_of_the_network(
    browser, study, tmp_path, scheme
):
    report(study, out=tmp_path / "out")
    browser.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    browser.open((tmp_path / "out" / "report.html").as_uri())
    assert (
        browser.value("getComputedStyle(document.body).backgroundColor")
        == {
            "light": "rgb(255, 255, 255)",
            "dark": "rgb(0, 0, 0)",
        }[scheme]
    )
    broken = "[...document.images].filter(i => i.complete && !i.naturalWidth).length"
    assert browser.value(broken) == 0
    state = "JSON.stringify([...document.querySelectorAll('#panels img')].map(i => i.dataset.step))"
    assert json.loads(browser.value(state)) == ["40", "40"]
    assert browser.value("shown.textContent") == "step 40"
    source = browser.value("document.querySelector('#panels img').src")
    browser.value(
        "s = document.getElementById('step'); s.value = 0; s.dispatchEvent(new Event('input'))"
    )
    assert json.loads(browser.value(state)) == ["0", "0"]
    assert browser.value("document.querySelector('#panels img').src") != source
    browser.value("document.getElementById('play').click()")
    assert browser.value("document.getElementById('play').textContent") == "Pause"
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert browser.value(wide)
    events = {event.get("method", "") for event in browser.events}
    assert "Network.requestWillBeSent" in events  # the page itself: or nothing was watched
    assert "Runtime.exceptionThrown" not in events
    wrong = [event["params"]["entry"]["text"] for event in browser.events
             if event.get("method") == "Log.entryAdded"]  # fmt: skip
    assert not wrong
    asked = [event["params"]["request"]["url"] for event in browser.events
             if event.get("method") == "Network.requestWillBeSent"]  # fmt: skip
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []

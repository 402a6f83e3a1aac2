"""Pages that the daemon makes itself: while the gallery is built, and where there is nothing."""

from __future__ import annotations

import base64
import hashlib
import re

from helpers import wait_for

from imagelib.daemon.notices import building, notice

HTML = {"Accept": "text/html,*/*"}


def test_while_the_gallery_is_built_a_page_waits_and_other_programs_are_told(daemon):
    assert wait_for(lambda: daemon.get("/").status == 200)
    (daemon.root / "site" / "index.html").unlink()

    page = daemon.ask("GET", "/", headers=HTML)
    assert (page.status, page.headers["Refresh"]) == (200, "2"), "no error in a console"
    assert b"<progress" in page.body
    told = daemon.get("/")
    assert (told.status, told.headers["Retry-After"]) == (503, "2")
    assert told.json["title"] == "The gallery is being built"


def test_the_page_says_how_far_it_is_and_how_long_it_will_take():
    for progress, said in (
        (None, "It opens here by itself."),
        ({"stage": "thumbnails", "done": 120, "total": 1379, "seconds_left": 42},
         "Thumbnails: 120 of 1,379, about 42 s left. It opens here by itself."),
        ({"stage": "pages", "done": 1, "total": 9, "seconds_left": None}, "Pages: 1 of 9."),
        ({"stage": "pages", "done": 20, "total": 90_000, "seconds_left": 700}, "about 12 min"),
    ):
        body, _ = building(progress)
        assert said in body.decode()
        assert ('value="' in body.decode()) == bool(progress)


def test_its_style_is_the_only_thing_that_may_be_in_it():
    body, headers = notice("Not <here>", "Nothing & no one")
    style = re.search(r"<style>(.*?)</style>", body.decode(), re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in headers["Content-Security-Policy"]
    assert "Not &lt;here&gt;" in body.decode()
    assert "Nothing &amp; no one" in body.decode()


def test_who_asks_for_a_page_that_is_not_there_is_led_to_the_gallery(daemon):
    page = daemon.ask("GET", "/no/such.html", headers=HTML)
    assert page.status == 404
    assert b'<a href="/">To the gallery</a>' in page.body

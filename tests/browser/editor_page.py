"""A page of the editor over a real daemon, and what its tests do with it."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

from helpers import Daemon, a1111, draw, wait_for

from imagelib.library.library import Library

DROP = """([files, selector]) => {
  const transfer = new DataTransfer();
  for (const { name, content, type } of files) {
    const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type }));
  }
  const target = document.querySelector(selector);
  for (const kind of ["dragenter", "dragover", "drop"]) {
    target.dispatchEvent(new DragEvent(kind, {
      dataTransfer: transfer, bubbles: true, cancelable: true,
    }));
  }
}"""


class EditorPage:
    """One tab. What the browser complains of is kept in `complaints`."""

    def __init__(self, page: Any, daemon: Daemon) -> None:
        self.page = page
        self.daemon = daemon
        self.complaints: list[str] = []
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        # The browser itself reports every refused request; those are asked for here.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.complaints.append(text)

    def open(self, path: str = "/") -> EditorPage:
        """Go there and wait until the whole index is loaded."""
        self.page.goto(self.daemon.url + path)
        self.wait_ready()
        return self

    def wait_ready(self) -> None:
        """Wait for the index. Playwright's own waiting would need eval, which the page forbids."""
        assert wait_for(lambda: self.page.evaluate(
            "typeof ImagelibIndex === 'object' && ImagelibIndex.isReady"
            " && ImagelibIndex.searched === 1"), 30)

    def drop(self, *paths: Path, kind: str = "image/png") -> None:
        """Drop files onto the page as a file manager does."""
        files = [{"name": path.name, "type": kind,
                  "content": base64.b64encode(path.read_bytes()).decode()} for path in paths]
        self.page.evaluate(DROP, [files, "main"])

    @property
    def cards(self) -> Any:
        """The links of the grid."""
        return self.page.get_by_role("list", name="Images").get_by_role("link")

    def card(self, name: str) -> Any:
        """The link of one image."""
        return self.page.get_by_role("list", name="Images").get_by_role(
            "link", name=name, exact=True)

    def box(self, name: str) -> Any:
        """The box that selects one image."""
        return self.item(name).get_by_role("checkbox")

    def item(self, name: str) -> Any:
        """The list item of one image: its link, picture and box."""
        return self.page.locator(".card").filter(
            has=self.page.get_by_role("link", name=name, exact=True))

    def button(self, name: str) -> Any:
        """A button by its whole name."""
        return self.page.get_by_role("button", name=name, exact=True)

    def field(self, name: str) -> Any:
        """A field of the topmost dialog by its whole label."""
        return self.page.locator("dialog[open]").last.get_by_label(name, exact=True)

    def fill(self, values: dict[str, str]) -> None:
        """Write into fields of the topmost dialog; *values* are by their labels."""
        for label, text in values.items():
            self.field(label).fill(text)

    def dialog(self, name: str) -> Any:
        """A dialog by its name."""
        return self.page.get_by_role("dialog", name=name)

    def says(self, text: str | re.Pattern[str]) -> Any:
        """The message or notice that holds *text*."""
        return self.page.locator(".toast").filter(has_text=text)

    def edit(self, name: str) -> None:
        """Open an image and its form."""
        self.card(name).click()
        self.button("Edit").click()
        self.field("Prompt").wait_for()

    def menu(self, entry: str) -> None:
        """Choose from the menu of the library."""
        self.button("Library").click()
        self.button(entry).click()

    def records(self, query: str = "") -> list[dict[str, Any]]:
        """What the daemon has."""
        answer = self.daemon.get("/api/images", q=query, page_size=500)
        found: list[dict[str, Any]] = answer.json["items"]
        return found

    def record(self, query: str) -> dict[str, Any]:
        """The one image that *query* finds."""
        [found] = self.records(query)
        return found


class Slow:
    """Holds what is sent to an address until it is let go, or refuses it."""

    def __init__(self, page: Any, pattern: str, methods: tuple[str, ...] = ("POST", "PUT")) -> None:
        self._held: list[Any] = []
        self._page, self._is_open, self._methods = page, False, methods
        page.route(pattern, self._take)

    def _take(self, route: Any) -> None:
        if self._is_open or route.request.method not in self._methods:
            route.continue_()
        else:
            self._held.append(route)

    def wait(self) -> None:
        """Until something is held."""
        for _ in range(500):
            if self._held:
                return
            self._page.wait_for_timeout(20)
        raise AssertionError("nothing was sent")

    def let_go(self) -> None:
        """What is held and what comes later goes on."""
        self._is_open = True
        for route in self._held:
            route.continue_()

    def refuse(self) -> None:
        """What is held is refused, what comes later goes on."""
        self._is_open = True
        for route in self._held:
            route.fulfill(status=422, json={"detail": "No."})


def filled(root: Path, count: int = 6) -> Path:
    """A library whose images are named `picture 0`, `picture 1`, ..., the last one newest."""
    with Library.create(root) as library:
        for n in range(count):
            path = draw(root.parent / "source" / f"p{n}.png", (160, 120 + n % 3 * 40), seed=f"e{n}")
            library.add(path, prompt_text=f"picture {n}", ai_model="flux1-dev", rating=0,
                        tags=["animal/fox"] if n % 2 else ["night", "wip"],
                        captured_at=f"2026-03-{n + 1:02d}T10:00:00")
    return root


def pictures(folder: Path, count: int, first: int = 0) -> list[Path]:
    """New pictures with a prompt inside: `whale 0`, `whale 1`, ..."""
    return [draw(folder / f"whale{n}.png", (120, 90), texts={"parameters": a1111(f"whale {n}")})
            for n in range(first, first + count)]

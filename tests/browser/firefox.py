"""Drive a Firefox by WebDriver BiDi over a WebSocket: as much of both as the tests need.

Playwright brings its own Firefox and cannot drive one of a distribution.
"""

from __future__ import annotations

import base64
import json
import os
import re
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

#: Those that are recommended for tests let pages at file:// do what they may not elsewhere. What
#: Firefox does besides is off: no test may wait for a network that is not there.
_SETTINGS = {
    "remote.prefs.recommended": False,
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.newtabpage.enabled": False,
    "browser.region.network.url": "",
    "browser.safebrowsing.downloads.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.push.connection.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "extensions.systemAddon.update.enabled": False,
    "extensions.update.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.http.speculative-parallel-limit": 0,
    "network.proxy.type": 0,
    "privacy.trackingprotection.enabled": False,
    "security.remote_settings.crlite_filters.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.server": "data:,",
}
PREFERENCES = "".join(f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
                      for name, value in _SETTINGS.items())
#: Keys as WebDriver names them.
ESCAPE, ENTER = "\ue00c", "\ue007"
_SECONDS = 60


class Firefox:
    """One window of a Firefox with a fresh profile in *folder*."""

    def __init__(self, program: str, folder: Path) -> None:
        folder.mkdir()
        (folder / "user.js").write_text(PREFERENCES)
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [program, "--headless", "--no-remote", "--profile", str(folder),
                 "--remote-debugging-port", "0"], stdout=log, stderr=log)
        self.events: list[dict[str, Any]] = []
        self._number = 0
        self._socket: _WebSocket | None = None
        try:
            self._socket = _WebSocket(*self._address())
            self.ask("session.new", capabilities={})
            self.ask("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
            tree = self.ask("browsingContext.getTree")
            self._context = tree["contexts"][0]["context"]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it."""
        if self._socket:
            self._socket.close()
        self._process.terminate()
        self._process.wait(20)

    def ask(self, method: str, **parameters: Any) -> Any:
        """One command of WebDriver BiDi and its result; events that come meanwhile are kept."""
        assert self._socket
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method,
                                      "params": parameters}))
        while True:
            message = json.loads(self._socket.receive())
            if message.get("type") == "event":
                self.events.append(message)
            elif message.get("id") == self._number:
                assert message["type"] == "success", message
                return message["result"]

    def open(self, url: str) -> None:
        """Load a page; its pictures may still be coming."""
        self.ask("browsingContext.navigate", context=self._context, url=url, wait="interactive")

    def back(self) -> None:
        """Go back in the history."""
        self.ask("browsingContext.traverseHistory", context=self._context, delta=-1)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression that has a JSON value."""
        found = self.ask(
            "script.evaluate", target={"context": self._context}, awaitPromise=True,
            expression=f"Promise.resolve({expression}).then((value) => JSON.stringify(value))")
        assert found["type"] == "success", found
        value = found["result"].get("value")
        return None if value is None else json.loads(value)

    def wait(self, expression: str) -> Any:
        """The first true value of *expression*."""
        deadline = time.monotonic() + _SECONDS
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < deadline, expression
            time.sleep(0.05)
        return value

    def press(self, keys: str) -> None:
        """Press and release each of *keys*."""
        self.ask("input.performActions", context=self._context, actions=[{
            "type": "key", "id": "keyboard", "actions": [
                {"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]}])

    def click(self, selector: str) -> None:
        """Click into the middle of an element, once it rests there and nothing lies over it.

        A page that is still being laid out would move it away from under the mouse.
        """
        x, y = self.wait(f"""new Promise((resolve) => {{
          const element = document.querySelector({json.dumps(selector)});
          if (document.readyState !== "complete" || !element) return resolve(null);
          element.scrollIntoView({{ block: "center" }});
          const middle = () => {{
            const box = element.getBoundingClientRect();
            return [Math.round(box.x + box.width / 2), Math.round(box.y + box.height / 2)];
          }};
          const before = middle();
          requestAnimationFrame(() => requestAnimationFrame(() => {{
            const [x, y] = middle();
            const isStill = x === before[0] && y === before[1];
            resolve(isStill && element.contains(document.elementFromPoint(x, y)) ? [x, y] : null);
          }}));
        }})""")
        self.ask("input.performActions", context=self._context, actions=[{
            "type": "pointer", "id": "mouse", "actions": [
                {"type": "pointerMove", "x": x, "y": y}, {"type": "pointerDown", "button": 0},
                {"type": "pointerUp", "button": 0}]}])

    def errors(self) -> list[str]:
        """What was said in the console as an error, uncaught exceptions included."""
        return [event["params"].get("text") or "" for event in self.events
                if event["method"] == "log.entryAdded" and event["params"]["level"] == "error"]

    def requests(self) -> list[str]:
        """Every address that was asked for."""
        return [event["params"]["request"]["url"] for event in self.events
                if event["method"] == "network.beforeRequestSent"]

    def _address(self) -> tuple[str, int]:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            said = re.search(r"BiDi listening on ws://([\d.]+):(\d+)", self._log.read_text())
            if said:
                return said[1], int(said[2])
            time.sleep(0.1)
        raise RuntimeError(f"Firefox does not listen: {self._log.read_text()}")


class _WebSocket:
    """RFC 6455 without fragments from our side, extensions or pings."""

    def __init__(self, host: str, port: int) -> None:
        self._stream = socket.create_connection((host, port), timeout=_SECONDS)
        self._file = self._stream.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self._stream.sendall((f"GET /session HTTP/1.1\r\nHost: {host}:{port}\r\n"
                              "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                              f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
                              ).encode())
        status = self._file.readline()
        assert b" 101 " in status, status
        while self._file.readline().strip():
            pass

    def close(self) -> None:
        """Close it without a word."""
        self._file.close()
        self._stream.close()

    def send(self, text: str) -> None:
        """Send one text."""
        data, mask = text.encode(), os.urandom(4)
        size = (struct.pack(">B", 0x80 | len(data)) if len(data) < 126
                else struct.pack(">BH", 0xFE, len(data)) if len(data) < 2**16
                else struct.pack(">BQ", 0xFF, len(data)))
        masked = bytes(octet ^ mask[n % 4] for n, octet in enumerate(data))
        self._stream.sendall(b"\x81" + size + mask + masked)

    def receive(self) -> str:
        """The next text."""
        parts, last = [], False
        while not last:
            first, size = self._file.read(2)
            last = bool(first & 0x80)
            if size == 126:
                [size] = struct.unpack(">H", self._file.read(2))
            elif size == 127:
                [size] = struct.unpack(">Q", self._file.read(8))
            parts.append(self._file.read(size))
        return b"".join(parts).decode()

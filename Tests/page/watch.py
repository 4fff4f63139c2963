"""Notes what a browser complains about."""


class Watch:
    """Collects console errors and uncaught exceptions of a page. Policy violations are console errors too."""

    def __init__(self, page):
        self.complaints = []
        self.expected = []
        page.on("console", self._on_console)
        page.on("pageerror", lambda error: self.complaints.append(f"uncaught: {error}"))

    def expect(self, *parts):
        """Until the next check, console lines that contain one of `parts` are what the test provokes."""
        self.expected.extend(parts)

    def check(self):
        found = [line for line in self.complaints if not any(part in line for part in self.expected)]
        self.complaints.clear()
        self.expected.clear()
        assert not found, "the browser complained:\n" + "\n".join(found)

    def _on_console(self, message):
        # The page asks “who am I?” before anyone has signed in; the browser writes the 401 down by itself.
        if message.type in ("error", "warning") and "401" not in message.text:
            self.complaints.append(f"{message.type}: {message.text}")

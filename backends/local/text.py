"""From token bytes to text that may be shown: whole characters, never a part of a stop string. Pure."""

import codecs


class TextStream:
    """Feed the bytes of one token after another; each call returns the text that became final.

    A character split over tokens waits for its last byte. The longest tail that could still grow into a
    stop string is held back; once one is complete, `stopped` is true and neither it nor what follows is
    ever returned.
    """

    def __init__(self, stop: list[str]) -> None:
        self._stop = [text for text in stop if text]
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._held = ""
        self.stopped = False

    def feed(self, data: bytes) -> str:
        if self.stopped:
            return ""
        return self._release(self._held + self._decoder.decode(data))

    def close(self) -> str:
        """What was held back and turned out to be no stop string; an unfinished character becomes U+FFFD."""
        if self.stopped:
            return ""
        text = self._release(self._held + self._decoder.decode(b"", final=True))
        if self.stopped:
            return text
        text, self._held = text + self._held, ""
        return text

    def _release(self, text: str) -> str:
        found = [at for at in (text.find(stop) for stop in self._stop) if at >= 0]
        if found:
            self.stopped, self._held = True, ""
            return text[: min(found)]
        keep = max((_overlap(text, stop) for stop in self._stop), default=0)
        self._held = text[len(text) - keep :]
        return text[: len(text) - keep]


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop` without being all of it."""
    for length in range(min(len(text), len(stop) - 1), 0, -1):
        if stop.startswith(text[-length:]):
            return length
    return 0

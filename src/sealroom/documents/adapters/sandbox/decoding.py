# SPDX-License-Identifier: Apache-2.0
"""Which characters the bytes of a text file mean."""

from __future__ import annotations

import re

_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe\x00\x00", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SAMPLE = 256 * 1024
_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]")
_HAN = re.compile("[\u4e00-\u9fa5]")
_JAPANESE = re.compile("[\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fa5\u3001-\u300f]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_CYRILLIC = re.compile("[\u0410-\u044f]")
_WRITTEN = re.compile(r"[^\x00-\x7f]")
_PAIRS = re.compile(rb"[\xa1-\xfe][\xa1-\xfe]")
_SHIFT_JIS_PAIRS = re.compile(rb"[\x81-\x83\x88-\x9f][\x40-\x7e\x80-\xfc]")
_MOSTLY = 0.7


def decode(data: bytes) -> str:
    """The text: by its mark, as UTF-8, by a good likeness of an East Asian or Cyrillic encoding, else as cp1252. Never fails."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    sample = data[:_SAMPLE]
    return data.decode(_likely(sample), "replace")


def _likely(sample: bytes) -> str:
    high = len(re.findall(rb"[\x80-\xff]", sample))
    in_pairs = 2 * len(_PAIRS.findall(sample)) / max(1, high)
    if in_pairs > 0.9:
        for encoding, letters, share in (("euc_jp", _KANA, 0.25), ("cp949", _HANGUL, _MOSTLY), ("gb18030", _HAN, _MOSTLY)):
            if _share(sample, encoding, letters) >= share:
                return encoding
    japanese = sum(len(pair) > 1 for pair in _SHIFT_JIS_PAIRS.findall(sample))
    if 2 * japanese > _MOSTLY * high and _share(sample, "cp932", _JAPANESE) >= _MOSTLY:
        return "cp932"
    latin = len(re.findall(rb"[A-Za-z]", sample))
    if high > latin and _share(sample, "cp1251", _CYRILLIC) > 0.8:
        return "cp1251"
    return "cp1252" if not re.search(rb"[\x81\x8d\x8f\x90\x9d]", sample) else "latin-1"


def _share(sample: bytes, encoding: str, letters: re.Pattern[str]) -> float:
    """Of the characters beyond ASCII, how many are letters of this writing; 0 when the bytes are not of the encoding."""
    for cut in range(4):  # the sample may end within a character
        try:
            text = sample[: len(sample) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
        return len(letters.findall(text)) / max(1, len(_WRITTEN.findall(text)))
    return 0.0

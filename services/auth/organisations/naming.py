"""The key by which Chinese names sort: pinyin, syllable by syllable."""

import re
from functools import lru_cache

_CHINESE = "〇\u3400-\u9fff"
_RUNS = re.compile(rf"([{_CHINESE}]+)|([^{_CHINESE}\s]+)")


def sort_key(name: str) -> str:
    """Pinyin without tones, a space between syllables, so that Xi'an comes before Xian."""
    # loaded at the first name: its dictionaries take a third of a second, and most starts name nothing new
    from pypinyin.contrib.mmseg import seg

    parts: list[str] = []
    for chinese, other in _RUNS.findall(name):
        parts.extend(syllable for word in seg.cut(chinese) for syllable in _syllables(word))
        parts.extend([other.lower()] if other else [])
    return " ".join(parts)


@lru_cache(maxsize=50_000)
def _syllables(word: str) -> tuple[str, ...]:
    """The pinyin of one word; the names of institutions are made of a few thousand words."""
    from pypinyin import Style, lazy_pinyin

    return tuple(lazy_pinyin(word, style=Style.NORMAL))

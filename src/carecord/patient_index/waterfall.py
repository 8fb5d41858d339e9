"""The weights of a pair as a picture: what each comparison added, against strangers and against relatives."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor

from carecord.patient_index.explaining import PairExplained

# Colours of the NHS identity guidelines; each meets 4.5:1 on white.
_BLUE, _GREEN, _RED = "#003087", "#007f3b", "#d5281b"
_INK, _QUIET, _RULE, _BAND = "#212b32", "#4c6272", "#d8dde0", "#f0f4f5"

_MARGIN, _LABELS, _PANEL, _BETWEEN = 24, 316, 330, 36
_TOP, _ROW, _BAR, _FOOT = 132, 34, 18, 68
_WIDTH = _MARGIN + _LABELS + _PANEL + _BETWEEN + _PANEL + _MARGIN
_NUMBER = 46
"""Room at the ends of a panel for the figure beside a bar."""

_LEGEND = (
    "Bits: each doubles the odds. The lighter end of a bar is what the rarity of the value adds. "
    "A pair links when both sums reach their line and no guard speaks against it."
)

OUTCOMES = {
    "link": "By weights and guards alone: linked",
    "review": "By weights and guards alone: a question to a steward",
    "apart": "By weights and guards alone: kept apart",
}


@dataclass(frozen=True, slots=True)
class _Step:
    label: str
    weight: float
    rarity: float = 0.0


@dataclass(frozen=True, slots=True)
class _Panel:
    """One of the two weights: where it stands, its steps, and the bars that it must reach."""

    left: float
    title: str
    steps: Sequence[_Step]
    total: float
    join: float
    review: float


@dataclass(frozen=True, slots=True)
class _Scale:
    """Bits to places of a panel."""

    low: float
    bit: float

    def x(self, panel: _Panel, bits: float) -> float:
        return round(panel.left + _NUMBER + (bits - self.low) * self.bit, 1)


def waterfall(explained: PairExplained, *, title: str = "Two records compared") -> str:
    """The picture as SVG that needs nothing beside it. It holds no values of the patients'."""
    panels = _panels(explained)
    scale = _scale(panels)
    rows = len(panels[0].steps) + 1
    height = _TOP + rows * _ROW + _FOOT + 22 * len(explained.guards)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="waterfall-title waterfall-desc" '
        'font-family="Frutiger, Arial, Helvetica, sans-serif" font-size="14">',
        f'<title id="waterfall-title">{escape(title)}</title>',
        f'<desc id="waterfall-desc">{escape(_in_words(explained))}</desc>',
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(_MARGIN, 38, title, size=20, weight="bold"),
        _text(_MARGIN, 62, f"{OUTCOMES[explained.outcome]}. Model {explained.model}.", fill=_QUIET),
        *_rows(panels[0].steps),
    ]
    for panel in panels:
        parts += _panel(panel, scale, rows)
    below = _TOP + rows * _ROW + 50
    parts.append(_text(_MARGIN, below, _LEGEND, size=12, fill=_QUIET))
    for place, guard in enumerate(explained.guards, start=1):
        parts.append(_text(_MARGIN, below + 22 * place, f"Guard: {guard.words}", fill=_RED, weight="bold"))
    return "".join([*parts, "</svg>"])


def _panels(explained: PairExplained) -> tuple[_Panel, _Panel]:
    bars = explained.thresholds
    strangers = [_Step("before anything is compared", explained.prior)]
    strangers += [_Step(one.found, one.weight, one.rarity) for one in explained.contributions]
    relatives = [_Step("", 0.0), *(_Step(one.found, one.relative_weight) for one in explained.contributions)]
    left = _MARGIN + _LABELS
    return (
        _Panel(left, "Against two strangers", strangers, explained.weight, bars.join, bars.review),
        _Panel(
            left + _PANEL + _BETWEEN,
            "Against two of one family",
            relatives,
            explained.relative_weight,
            bars.relative_join,
            bars.relative_review,
        ),
    )


def _scale(panels: Sequence[_Panel]) -> _Scale:
    """One scale for both, so that their bars may be compared."""
    ends = [0.0]
    for panel in panels:
        ends += [*_ends(panel), panel.join, panel.review]
    low, high = floor(min(ends) / 5) * 5, ceil(max(ends) / 5) * 5
    return _Scale(low, (_PANEL - 2 * _NUMBER) / (high - low))


def _ends(panel: _Panel) -> list[float]:
    """The sum after each step."""
    ends = [0.0]
    for step in panel.steps:
        ends.append(ends[-1] + step.weight)
    return ends


def _rows(steps: Sequence[_Step]) -> list[str]:
    """The names of the rows, every other one on a band that leads the eye."""
    parts = []
    for place, label in enumerate([*(step.label for step in steps), "in all"]):
        y = _TOP + place * _ROW
        total = place == len(steps)
        if place % 2 == 0:
            parts.append(
                f'<rect x="{_MARGIN}" y="{y}" width="{_WIDTH - 2 * _MARGIN}" height="{_ROW}" fill="{_BAND}"/>'
            )
        parts.append(_text(_MARGIN + 8, y + 22, label, weight="bold" if total else "normal"))
    return parts


def _panel(panel: _Panel, scale: _Scale, rows: int) -> list[str]:
    bottom = _TOP + rows * _ROW
    parts = [_text(panel.left + _NUMBER, 94, panel.title, weight="bold")]
    parts += _ticks(panel, scale, bottom)
    parts += _threshold(panel, scale, panel.review, bottom, words="asked from", dashes="2 4", anchor="end")
    parts += _threshold(panel, scale, panel.join, bottom, words="linked from", dashes="7 4", anchor="start")
    ends = _ends(panel)
    parts += _joints(panel, scale, ends)
    for place, step in enumerate(panel.steps):
        if step.label:
            parts += _bar(panel, scale, place, start=ends[place], end=ends[place + 1], rarity=step.rarity)
    parts += _bar(panel, scale, len(panel.steps), start=0.0, end=panel.total, total=True)
    return parts


def _ticks(panel: _Panel, scale: _Scale, bottom: float) -> list[str]:
    high = scale.low + (_PANEL - 2 * _NUMBER) / scale.bit
    step = next(one for one in (5, 10, 20, 50, 100) if (high - scale.low) / one <= 7)
    first = ceil(scale.low / step) * step
    parts = []
    for bits in range(first, round(high) + 1, step):
        x = scale.x(panel, bits)
        colour = _QUIET if bits == 0 else _RULE
        parts.append(f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{bottom}" stroke="{colour}"/>')
        parts.append(
            _text(x, _TOP - 8, f"{bits:+d}" if bits else "0 bits", size=12, fill=_QUIET, anchor="middle")
        )
    return parts


def _bar(
    panel: _Panel,
    scale: _Scale,
    place: int,
    *,
    start: float,
    end: float,
    rarity: float = 0.0,
    total: bool = False,
) -> list[str]:
    y = _TOP + place * _ROW + (_ROW - _BAR) / 2
    left, right = scale.x(panel, min(start, end)), scale.x(panel, max(start, end))
    rises = end >= start
    colour = _BLUE if total else _GREEN if rises else _RED
    parts = [
        f'<rect x="{left}" y="{y}" width="{max(right - left, 1.5):.1f}" height="{_BAR}" fill="{colour}"/>'
    ]
    if rises and rarity > 0:
        x = scale.x(panel, max(start, end - rarity))
        parts.append(
            f'<rect x="{x}" y="{y}" width="{right - x:.1f}" height="{_BAR}" fill="#fff" fill-opacity="0.4"/>'
        )
    beside, anchor = (right + 6, "start") if rises else (left - 6, "end")
    weight = "bold" if total else "normal"
    parts.append(
        _text(beside, y + 14, _figure(end - start), anchor=anchor, size=13, weight=weight, halo=True)
    )
    return parts


def _figure(bits: float) -> str:
    text = f"{bits:+.1f}".replace("-", "−")
    return "0.0" if text.endswith("0.0") and len(text) == 4 else text


def _joints(panel: _Panel, scale: _Scale, ends: Sequence[float]) -> list[str]:
    """Thin lines from the end of each bar to the beginning of the next."""
    parts = []
    for place, end in enumerate(ends[1:-1], start=1):
        x, y = scale.x(panel, end), _TOP + place * _ROW - (_ROW - _BAR) / 2
        parts.append(f'<line x1="{x}" y1="{y}" x2="{x}" y2="{y + _ROW - _BAR}" stroke="{_QUIET}"/>')
    return parts


def _threshold(
    panel: _Panel, scale: _Scale, bits: float, bottom: float, *, words: str, dashes: str, anchor: str
) -> list[str]:
    x, y = scale.x(panel, bits), bottom + 20
    return [
        f'<line x1="{x}" y1="{_TOP}" x2="{x}" y2="{y}" stroke="{_INK}" stroke-width="1.5" '
        f'stroke-dasharray="{dashes}"/>',
        _text(x + (5 if anchor == "start" else -5), y, f"{words} {bits:+g}", anchor=anchor, size=12),
    ]


def _text(
    x: float,
    y: float,
    words: str,
    *,
    anchor: str = "start",
    size: int = 14,
    fill: str = _INK,
    weight: str = "normal",
    halo: bool = False,
) -> str:
    around = ' stroke="#ffffff" stroke-width="4" stroke-linejoin="round" paint-order="stroke"' if halo else ""
    return (
        f'<text x="{x}" y="{y}" text-anchor="{anchor}" font-size="{size}" fill="{fill}" '
        f'font-weight="{weight}"{around}>{escape(words)}</text>'
    )


def _in_words(explained: PairExplained) -> str:
    """The whole picture for whoever cannot see it."""
    bars = explained.thresholds
    steps = "; ".join(
        f"{one.found} {one.weight:+.1f}, against relatives {one.relative_weight:+.1f}"
        for one in explained.contributions
    )
    guards = "".join(f" Guard: {guard.words}." for guard in explained.guards)
    return (
        f"A waterfall of weights in bits. Before anything is compared {explained.prior:+.1f}; {steps}. "
        f"In all {explained.weight:+.1f}, linked from {bars.join:+g}; against relatives "
        f"{explained.relative_weight:+.1f}, linked from {bars.relative_join:+g}. "
        f"{OUTCOMES[explained.outcome]}.{guards}"
    )

"""Numbers as people read them."""

NONE = "–"


def count(value: int | None) -> str:
    """13,204."""
    return NONE if value is None else f"{value:,}"


def short(value: float | None) -> str:
    """41.2M: three digits and a magnitude."""
    if value is None:
        return NONE
    for size, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.9995:
            return f"{value / size:.3g}{letter}"
    return f"{value:.3g}"


def percent(part: float, whole: float) -> str:
    """24.3 %; what is neither none nor all is never shown as 0 or 100."""
    if not whole:
        return NONE
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "< 0.1 %"
    if 99.9 < share < 100:
        return "> 99.9 %"
    return f"{share:.1f} %" if 0 < share < 100 else f"{share:.0f} %"


def seconds(value: float) -> str:
    """2.1 s, or 3 min 20 s."""
    if value < 0.05:
        return "< 0.1 s" if value else "0 s"
    if value < 100:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"


def number(value: float | None) -> str:
    """A score or a threshold: four digits, and thousands apart."""
    if value is None:
        return NONE
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}"
    return f"{value:,.4g}" if 1e-4 <= abs(value) < 1e4 else f"{value:.4g}"

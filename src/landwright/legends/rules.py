"""What crosswalks and priors have in common: a rule for each source class, and targets that exist."""

from __future__ import annotations

from collections.abc import Iterable

from landwright.legends.legend import Legend


def check_rules(given: Iterable[int], targets: Iterable[int], source: Legend, target: Legend) -> None:
    """Refuse rules that leave a source class out, or that name codes which a legend does not have.

    Args:
        given: Source codes with a rule.
        targets: Target codes that the rules lead to.
        source: The legend of the codes that come in.
        target: The legend of the codes that go out.

    Raises:
        ValueError: With the codes concerned.
    """
    with_rule = set(given)
    if missing := sorted(set(source.codes) - with_rule):
        raise ValueError(f"no rule for codes {missing} of {source.name}")
    if strange := sorted(with_rule - set(source.codes)):
        raise ValueError(f"rules for codes {strange} that {source.name} does not have")
    if strange := sorted(set(targets) - set(target.codes)):
        raise ValueError(f"rules lead to codes {strange} that {target.name} does not have")


def is_code(value: object) -> bool:
    """Whether a value can be the code of a class: a whole number 0..255."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 255

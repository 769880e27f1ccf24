"""A benchmark of our own: four problems with a docstring, as HumanEval writes them."""

from textbook.benchmarks import References

CLOSEST = '''def closest_pair(numbers):
    """Of a list of numbers, return the two that are closest to each other, the smaller one first.

    >>> closest_pair([9, 1, 5, 6])
    (5, 6)
    """
'''
CLOSEST_SOLUTION = """    best = None
    numbers = sorted(numbers)
    for pair in zip(numbers, numbers[1:]):
        if best is None or pair[1] - pair[0] < best[1] - best[0]:
            best = pair
    return best
"""

SEATS = '''def free_seats(rows: int, taken: list[str]) -> list[str]:
    """ A cinema has numbered rows of six seats, A to F. Given the seats that are taken, such as "3B", list those
    that are still free, from the first row on.
    >>> free_seats(1, ["1A", "1C"])
    ['1B', '1D', '1E', '1F']
    """
'''
SEATS_SOLUTION = """    free = []
    for row in range(1, rows + 1):
        for letter in "ABCDEF":
            seat = str(row) + letter
            if seat not in taken:
                free.append(seat)
    return free
"""

TIDES = '''def high_tides(levels: list[float]) -> list[int]:
    """ Return the hours at which the water stood higher than in the hour before and in the hour after.
    >>> high_tides([1.0, 2.5, 2.0, 0.5, 3.0, 1.0])
    [1, 4]
    """
'''
TIDES_SOLUTION = """    hours = []
    for hour in range(1, len(levels) - 1):
        if levels[hour - 1] < levels[hour] > levels[hour + 1]:
            hours.append(hour)
    return hours
"""

PLUS = '''def plus(x, y):
    """Add x and y."""
'''
PLUS_SOLUTION = "    return x + y\n"

ROWS = [
    {"id": f"Own/{number}", "prompt": prompt, "solution": solution, "entry_point": name}
    for number, (name, prompt, solution) in enumerate(
        [
            ("closest_pair", CLOSEST, CLOSEST_SOLUTION),
            ("free_seats", SEATS, SEATS_SOLUTION),
            ("high_tides", TIDES, TIDES_SOLUTION),
            ("plus", PLUS, PLUS_SOLUTION),
        ]
    )
]
OWN = References.of(ROWS, name="own")

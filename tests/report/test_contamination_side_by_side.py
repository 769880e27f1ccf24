"""Two texts side by side: lines of one shape stand beside one another, and shared words are marked."""

from textbook.report.side_by_side import Line, Marked, Piece, marked, side_by_side

LEFT = '''def closest(numbers):
    """The two numbers nearest to each other."""
    best = None
    return best
'''
RIGHT = """def alpha(beta):
    gamma = None
    return gamma
"""


def test_renamed_code_stands_beside_its_original():
    sides = [(line.left and "".join(p.text for p in line.left), line.right) for line in marked(LEFT, RIGHT)]
    assert [left for left, _ in sides] == LEFT.rstrip("\n").split("\n")
    assert sides[1][1] is None
    assert [right and right[0].text for _, right in sides] == [
        "def alpha(beta):",
        None,
        "    gamma = None",
        "    return gamma",
    ]


def test_words_that_both_texts_have_are_marked_where_lines_differ():
    (line,) = marked("numbers[0] for closestPair\n", "the closest of Numbers, for x")
    assert line == Marked(
        [Piece("numbers", True), Piece("[0] for ", False), Piece("closest", True), Piece("Pair", False)],
        [Piece("the ", False), Piece("closest", True), Piece(" of ", False), Piece("Numbers", True)]
        + [Piece(", for x", False)],
        True,
    )
    assert marked("numbers", "numbers") == [Marked([Piece("numbers", False)], [Piece("numbers", False)], False)]


def test_no_text_on_the_left_and_equal_lines_far_from_a_difference():
    assert side_by_side(None, "a\nb\n") == [Line(None, "a", True), Line(None, "b", True)]
    many = [f"line {i}" for i in range(20)]
    lines = side_by_side("\n".join(many), "\n".join([*many[:10], "other", *many[11:]]))
    assert lines[:1] == lines[-1:] == [Line(None, None, False)]
    assert [line.left for line in lines[1:-1]] == many[7:14]


def test_long_texts_and_lines_are_cut():
    lines = marked("x" * 10_000_000 + "\n" + "y\n" * 1_000_000, "")
    assert len(lines) <= 400 and all(len(piece.text) <= 201 for line in lines for piece in line.left)

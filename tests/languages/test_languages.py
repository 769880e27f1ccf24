import pytest

from textbook.languages import language_of


@pytest.mark.parametrize(
    "path, language",
    [
        ("package/module.py", "python"),
        ("C:\\code\\MAIN.CPP", "cpp"),
        ("deep/er/CMakeLists.txt", "cmake"),
        ("Makefile", "makefile"),
        ("analysis.R", "r"),
        ("notes.txt", None),
        ("LICENSE", None),
        ("folder.py/data", None),
        ("py", None),
        ("", None),
    ],
)
def test_language_of_a_file_name(path, language):
    assert language_of(path) == language

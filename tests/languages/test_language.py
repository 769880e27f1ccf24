import pytest

from textbook.languages import JAVASCRIPT, LANGUAGES, PYTHON, language, language_of


def test_a_language_is_found_by_its_name():
    assert language("javascript") is JAVASCRIPT and language("python") is PYTHON
    assert all(language(name).name == name for name in LANGUAGES)


@pytest.mark.parametrize("name", ["js", "Python", ""])
def test_an_unknown_name_is_an_error_that_names_the_others(name):
    with pytest.raises(ValueError, match=f"got the language {name!r}; expected one of .*javascript, .*python"):
        language(name)


def test_no_file_name_belongs_to_two_languages():
    files = [name for each in LANGUAGES.values() for name in each.files]
    assert len(files) == len(set(files)) > 80
    for each in LANGUAGES.values():
        assert each.files and {language_of(f"a/{name}") for name in each.files} == {each.name}


def test_two_languages_have_a_runner():
    assert [each.name for each in LANGUAGES.values() if each.runner] == ["python", "javascript"]


def test_a_language_cannot_be_changed():
    with pytest.raises(AttributeError):
        PYTHON.name = "snake"

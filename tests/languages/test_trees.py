import resource
import threading
import time

import pytest

from tests.contract import ODD_TEXTS, UNSTORABLE_TEXTS
from textbook.languages.trees import LANGUAGES, MAX_CHARS, MAX_NODES, TreeError, functions, read

pytest.importorskip("tree_sitter", reason="needs the extra `languages`")

SUMS = {
    "javascript": """\
// not this

/** The sum of the even ones. */
export const sumEven = (xs) => {
  let total = 0;
  for (const x of xs) {
    if (x % 2 === 0) { total += x; }
  }
  return total;
};
""",
    "java": """\
class A {
    // not this

    /** The sum of the even ones. */
    @Deprecated
    public static int sumEven(List<Integer> xs) throws Exception {
        int total = 0;
        for (int x : xs) {
            if (x % 2 == 0) { total += x; }
        }
        return total;
    }
}
""",
    "cpp": """\
#include <vector>
// The sum of the even ones.
template <class T>
T sumEven(const std::vector<T>& xs) {
    T total = 0;
    for (auto x : xs) {
        if (x % 2 == 0) { total += x; }
    }
    return total;
}
""",
    "c": """\
/* The sum of the even ones. */
static int sumEven(const int *xs, int n) {
    int total = 0;
    for (int i = 0; i < n; i++) {
        if (xs[i] % 2 == 0) { total += xs[i]; }
    }
    return total;
}
""",
    "go": """\
package main

// The sum of the
// even ones.
func sumEven(xs []int) int {
	total := 0
	for _, x := range xs {
		if x%2 == 0 { total += x }
	}
	return total
}
""",
    "rust": """\
/// The sum of the
/// even ones.
#[inline]
pub fn sum_even(xs: &Vec<i32>) -> i32 {
    let mut total = 0;
    for x in xs.iter() {
        if x % 2 == 0 { total += *x; }
    }
    total
}
""",
}


def only(text, language):
    (function,) = functions(text, language)
    return function


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_a_function_stands_with_the_comment_above_it(language):
    text = SUMS[language]
    function = only(text, language)
    shown = text[function.start : function.end]
    assert "even ones" in shown and "not this" not in shown
    assert shown.rstrip(";").endswith("}") and "#include" not in shown
    assert function.start == 0 or text[function.start - 1] == "\n"


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_names_values_and_comments_do_not_change_the_labels(language):
    text = SUMS[language]
    other = text.replace("total", "acc").replace("sum", "add").replace("xs", "numbers").replace("even", "odd")
    other = other.replace("= 0;", "= 5;").replace(":= 0", ":= 5")
    assert only(other, language).labels == only(text, language).labels


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_an_operator_changes_one_label(language):
    text = SUMS[language]
    before, after = only(text, language).labels, only(text.replace("%", "*", 1), language).labels
    assert len(before) == len(after)
    assert [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]] == [("%", "*")]


@pytest.mark.parametrize(
    ("language", "typed", "other"),
    [
        ("java", "static int f(int x) { return x; }", "@A(1) final List<String> f(Map<K, V> x) { return x; }"),
        ("cpp", "int f(int x) { return (int)x; }", "static auto f(std::map<K, V> x) -> long { return (long)x; }"),
        ("go", "func f(x int) int { return x }", "func f(x map[string][]int) (int, error) { return x }"),
        ("rust", "fn f(x: i32) -> i32 { x }", "pub(crate) fn f<'a, T: A>(mut x: &'a V<T>) -> O<T> where T: B { x }"),
    ],
)  # fmt: skip
def test_types_and_modifiers_do_not_change_the_labels(language, typed, other):
    assert only(typed, language).labels == only(other, language).labels


def test_rich_labels_keep_what_is_called_and_small_numbers():
    code = "function last(xs) { return parse(xs.slice(-1, 100), 'a', true) }"
    rich = only(code, "javascript").rich
    assert {"slice", "parse", "1", "true", "number", "string"} <= set(rich)
    assert not {"last", "xs", "100", "'a'"} & set(rich)
    assert only(SUMS["javascript"], "javascript").rich == ()


@pytest.mark.parametrize(
    ("language", "code", "names"),
    [
        ("javascript", "function f() { g(function () { return () => 1 }) }", ["f"]),
        ("javascript", "const f = () => 1, g = function () {};\nx.h = () => 2\nvar o = { k() {}, m: () => 3 }",
         ["f", "g", "h", "k", "m"]),
        ("javascript", "class A { static async *f() {} get g() { return 1 } h = () => 2 }", ["f", "g", "h"]),
        ("java", "class A { A() {} void f() { class B { int g() { return 1; } } } int h(); }", ["A", "f", "g"]),
        ("cpp", "int f();\nstruct A { int g() { return 1; } ~A() {} };\nint A::h() { return 2; }", ["g", "~A", "h"]),
        ("go", "func f() { g := func() {}; g() }\nfunc (a *A) h() {}", ["f", "h"]),
        ("rust", "impl A { fn f(&self) { fn g() {} } }\ntrait B { fn h(); fn k() {} }", ["f", "g", "k"]),
    ],
)  # fmt: skip
def test_every_function_that_has_a_name_and_a_body(language, code, names):
    found = functions(code, language)
    assert len(found) == len(names)
    for function, name in zip(found, names, strict=True):
        assert name in code[function.start : function.end]


def test_the_parts_of_a_text_in_its_order():
    text = "let s = 'héllo'; // wörld\nlet n = 1.5 /* 漢字 */ + n₂\n"
    source = read(text, "javascript")
    assert [text[a:b] for a, b in source.comments] == ["// wörld", "/* 漢字 */"]
    assert [text[a:b] for a, b in source.literals] == ["'héllo'", "1.5"]
    assert [text[a:b] for a, b in source.names] == ["s", "n", "n₂"]


def test_of_an_answer_with_prose_only_the_code_is_read():
    code = SUMS["javascript"]
    answer = f"What you (or I) {{ asked for:\n\n```javascript\n{code}```\nIt's `so`:\n```\nlet y = 2\n```\nBye!\n"
    source = read(answer, "javascript")
    (function,) = source.functions
    assert answer[function.start : function.end] in code
    assert "y" in [answer[a:b] for a, b in source.names]
    assert "asked" not in [answer[a:b] for a, b in source.names]
    assert function.labels == only(code, "javascript").labels


def test_the_functions_before_and_after_broken_code():
    code = f"{SUMS['javascript']}\nfunction broken( {{ ] \n\n{SUMS['javascript'].replace('sumEven', 'again')}"
    assert only(SUMS["javascript"], "javascript").labels in [each.labels for each in functions(code, "javascript")]


@pytest.mark.parametrize("language", sorted(LANGUAGES))
@pytest.mark.parametrize("name", [*ODD_TEXTS, *UNSTORABLE_TEXTS])
def test_any_text_is_read_or_refused(language, name):
    text = (ODD_TEXTS | UNSTORABLE_TEXTS)[name]
    if len(text) > MAX_CHARS:
        with pytest.raises(TreeError, match="larger than 200,000 characters"):
            read(text, language)
    else:
        source = read(text, language)
        assert all(0 <= a < b <= len(text) for part in source[1:] for a, b in part)


HOSTILE = {
    "raw strings": ("rust", 'r#"'),
    "ifs": ("rust", "if(a)"),
    "generics": ("cpp", "a<"),
    "casts": ("cpp", "(a)(b)"),
    "declarations": ("javascript", "a&b*c "),
    "blocks": ("java", "class A{void f(){"),
    "closures": ("go", "func(){"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_cost_little_time_and_memory(name):
    language, text = HOSTILE[name]
    text *= MAX_CHARS // len(text)
    memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    try:
        read(text, language)
    except TreeError as error:
        assert str(error) == "takes longer than 1 s to parse"
    assert time.thread_time() - started < 4
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 1_000_000


def test_functions_within_functions_take_no_quadratic_memory():
    text = "a=()=>{" * 5_000 + "1" + "}" * 5_000
    found = functions(text, "javascript")
    assert 1 <= len(found) <= 10
    assert all(len(each.labels) <= MAX_NODES for each in found)


def test_threads_read_at_once():
    results = []
    threads = [threading.Thread(target=lambda: results.append(functions(SUMS["go"] * 50, "go"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8 and all(each == results[0] for each in results) and len(results[0]) == 50


def test_a_language_that_is_not_read():
    with pytest.raises(ValueError, match="got the language 'cobol'; expected one of c, cpp, go, java,"):
        read("", "cobol")

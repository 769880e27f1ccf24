"""Words that say the same of a programming task have one concept: by their first letters, and by a small thesaurus.

English, and programmers' English at that. Who rewords a task swaps such words; which of them stand near one another he
seldom changes.
"""

from typing import Final

STEM: Final = 5
"""So many letters of a word are looked at; as good as any stemmer that was tried."""

_SAME: Final = """
list array vector slice vec lst arr arrays tuple sequence collection
string str text txt sentence phrase
int integer number num numeric nums
float decimal double real
char character letter alphabet
dict map dictionary hashmap mapping
max maximum largest biggest greatest highest longest
min minimum smallest least lowest shortest
sum total add addition plus summation
average mean avg
product multiply multiplication multiplied times
count counter number amount quantity occurrence frequency
length len size
index position idx
sort order arrange ascending sorted
reverse backward inverted reversed
remove delete eliminate exclude drop discard
create make construct write build generate produce implement develop
return yield output give result
given receive accept take input provide
check determine verify test whether if
function method procedure program
true bool boolean false
none null nil
equal same identical match
different distinct unique
first initial start begin
last final end concluding
upper uppercase capital
lower lowercase
between range interval within
digit figure
word term token
divisible divisor divide factor divided division
convert transform change translate turn
find search locate discover identify detect
example instance illustration sample demonstration
contain include consist comprise
element item entry member
consecutive successive adjacent neighbor
square squared
cube cubic cubed
binary base2
round rounded nearest ceil floor
replace substitute swap
space blank whitespace
separate split divide break
join concatenate combine merge
pair couple
triple triplet
bracket parenthesis parentheses
closest nearest
valid correct
rotate rotation shift
"""

_NUMBERS: Final = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "eight": "8", "nine": "9", "ten": "10", "twelve": "12",
}  # fmt: skip


def _concepts() -> dict[str, str]:
    concepts: dict[str, str] = {}
    for line in _SAME.split("\n"):
        for word in line.split():
            concepts.setdefault(word[:STEM], line.split()[0][:STEM])
    return concepts | {word[:STEM]: number for word, number in _NUMBERS.items()}


_CONCEPTS: Final = _concepts()


def concept(word: str) -> str:
    """The concept of a word in lower case; that of a number is the number itself."""
    if word[0].isdigit():
        return word
    return _CONCEPTS.get(word[:STEM], word[:STEM])

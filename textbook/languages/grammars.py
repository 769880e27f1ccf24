"""What `trees` knows of the grammars of tree-sitter: which nodes are functions, names, literals, or left out.

Kinds of nodes of all languages stand together, since no two languages use one for different things.
"""

from dataclasses import dataclass
from typing import Final


def _kinds(text: str) -> frozenset[str]:
    return frozenset(text.split())


NAMES: Final = _kinds("""
    blank_identifier destructor_name field_identifier identifier label_name metavariable namespace_identifier
    operator_name package_identifier private_property_identifier property_identifier shorthand_field_identifier
    shorthand_property_identifier shorthand_property_identifier_pattern statement_identifier
""")
_LITERALS = {
    "number": """number number_literal int_literal float_literal imaginary_literal integer_literal
    decimal_integer_literal hex_integer_literal octal_integer_literal binary_integer_literal
    decimal_floating_point_literal hex_floating_point_literal""",
    "string": """string string_literal raw_string_literal interpreted_string_literal system_lib_string regex
    char_literal character_literal rune_literal""",
    "constant": "true false null nil null_literal undefined boolean_literal",
}
LITERAL: Final = {kind: label for label, kinds in _LITERALS.items() for kind in kinds.split()}
"""Kind of a literal -> its label."""

LEFT_OUT: Final = _kinds("""
    abstract_pointer_declarator annotation attribute_declaration attribute_specifier dimensions function_modifiers
    lifetime marker_annotation modifiers mutable_specifier placeholder_type_specifier storage_class_specifier
    template_argument_list template_parameter_list throws trailing_return_type type_arguments type_descriptor
    type_identifier type_parameter_list type_parameters type_qualifier virtual_specifier visibility_modifier
    where_clause
""")
"""What does not change what a function does: types, decorators, modifiers."""

TYPE_FIELDS: Final = ("type", "return_type", "result")
TRANSPARENT: Final = ("parenthesized_expression", "expression_statement", "statement_list")
"""Nodes that have no label, while what is in them has."""

AROUND: Final = _kinds("""
    assignment_expression export_statement expression_statement field_definition lexical_declaration pair
    template_declaration variable_declaration variable_declarator
""")
"""Nodes around a function that name or export it: it starts where they do."""

PROPERTIES: Final = ("field_identifier", "private_property_identifier", "property_identifier")
CALLED: Final = {
    ("call_expression", "function"), ("macro_invocation", "macro"), ("method_invocation", "name"),
    ("field_access", "field"), ("qualified_identifier", "name"), ("scoped_identifier", "name"),
}  # fmt: skip
"""Kind of a node, and the field of it, where a name says what is called or read."""


@dataclass(frozen=True)
class Grammar:
    """A language's wheel, and the nodes that are its functions."""

    module: str
    functions: frozenset[str]
    if_named: frozenset[str] = frozenset()
    """Nodes that are functions where they are given a name; else they are an argument or a value."""


_CPP = Grammar("tree_sitter_cpp", frozenset({"function_definition"}))
GRAMMARS: Final = {
    "c": _CPP,
    "cpp": _CPP,
    "go": Grammar("tree_sitter_go", frozenset({"function_declaration", "method_declaration"})),
    "java": Grammar(
        "tree_sitter_java",
        frozenset({"method_declaration", "constructor_declaration", "compact_constructor_declaration"}),
    ),
    "javascript": Grammar(
        "tree_sitter_javascript",
        frozenset({"function_declaration", "generator_function_declaration", "method_definition"}),
        frozenset({"arrow_function", "function_expression", "generator_function"}),
    ),
    "rust": Grammar("tree_sitter_rust", frozenset({"function_item"})),
}
"""Languages, as `textbook.languages` names them."""

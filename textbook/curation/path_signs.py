"""What the path of a file says about it: tests, configuration, generated and vendored code.

Patterns for paths with forward slashes, in lower case but for `MIXED_CASE_TEST`; a colon stands before the path in a
`package==version:path`. Does not look into files: see `textbook.curation.code_kind`.
"""

import re

TEST = re.compile(r"(?:^|[/:])tests?/|(?:^|[/:])(?:test_[^/]*|[^/]*_tests?|conftest|tests)\.\w+$")
CONFIG = re.compile(
    r"(?:^|[/:])(?:migrations|settings)/|(?:^|[/:])(?:setup|settings|config|conf|configuration|noxfile|_?version"
    r"|__about__)\.\w+$"
)
GENERATED = re.compile(r"_pb2(?:_grpc)?\.pyi?$|(?:^|[/:])_?generated/|[._]generated\.\w+$")

OTHER_TEST = re.compile(
    r"(?:^|[/:])(?:__tests__|testdata)/|(?:^|[/:])specs?/(?=.*\.(?:rb|[cm]?[jt]sx?)$)|[._](?:test|spec|e2e)\.[cm]?[jt]sx?$"
    r"|_spec\.rb$|_unittest\.(?:cc|cpp|mm|h|py)$"
)
"""The customs of JavaScript, Ruby, Go and Google. In other languages, `spec/` is about a specification."""
MIXED_CASE_TEST = re.compile(r"[a-z0-9]Tests?(?:Case|Suite)?\.(?:java|kt|kts|scala|cs|swift|php|groovy)$")
"""`ParserTest.java`: in capitals, as the JVM and .NET have it."""

OTHER_GENERATED = re.compile(
    r"\.pb(?:\.gw|\.validate)?\.(?:go|cc|h|swift|rb)$|_grpc\.pb\.go$|_pb(?:_service)?\.(?:d\.ts|js)$"
    r"|\.g(?:r|freezed)?\.dart$|\.freezed\.dart$|\.designer\.(?:cs|vb)$|\.g\.cs$|(?:^|[/:])zz_generated[^/]*\.go$"
    r"|\.generated\.d\.ts$|(?:^|[/:])(?:package-lock\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml)$"
)
"""The file names that protoc, Dart's and .NET's builders, Kubernetes' generators and package managers write."""

MINIFIED = re.compile(r"\.min\.(?:[cm]?js|css)$")

VENDORED = re.compile(
    r"(?:^|[/:])(_vendor|vendor(?!/[^/]*\.pyi?$)|vendored_packages|node_modules|bower_components|jspm_packages|third[_-]?party"
    r"|3rd[_-]?party|godeps|carthage|pods|\.venv)/|/((?:site|dist)-packages)/"
    r"|(?:^|[/:])(_?vendored|externals)/(?=.*\.pyi?$)"
)
"""Folders that hold other people's code. Right below `vendor/`, a Python module is as often about makers of hardware.

`dist/`, `deps/`, `extern/`, `lib/` and, outside Python, `vendored/` and `externals/` are left out: their owners' own
code lies there as often.
"""
COPIED = re.compile(
    r"(?:^|[/:])(?P<library>jquery|bootstrap|lodash|underscore|angular|d3|react|react-dom|vue|moment|mathjax|require"
    r"|modernizr)(?P<release>(?:[-.](?:v?\d\w*|(?:alpha|beta|rc)\w*|min|slim|bundle|esm|umd))+)?\.(?:js|css)$"
)
"""Libraries that are copied into a repository. Without a `release`, such a name is also that of one's own file."""

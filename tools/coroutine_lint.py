#!/usr/bin/env python3
"""Finds what is wrong with C++ coroutines and no compiler says: gwctl-coroutine-lint FILE...

In a full expression that contains co_await, g++ 12 destroys some temporaries twice, without a warning: braced
aggregates, closures that capture an object by value, the operands of ?: of class type, and the object of a throw
whose operand is awaited. A spelling says little about a type, so this errs on the side of a finding: naming the thing
in a statement of its own is always a remedy. Where the type makes it safe and a name would hurt,
`// coroutine-reviewed: why` on the line of the co_await, or on the one above it, accepts the expression.

A coroutine that has a result, such as a task<action>, and can reach its end without co_return ends the program there;
g++ 12 does not warn. Its review stands on the line of its return type, or on the one above.

Each finding is one line, `FILE:LINE: what is wrong; what to do`. The exit code is 1 when there is one, 2 when a file
cannot be read, else 0. Needs Python 3.8 and nothing else.
"""
import argparse
import re
import sys

REVIEWED = re.compile(r"//.*\bcoroutine-reviewed: \S+")

# Not aggregates, so destroyed as they should be.
SAFE_TYPES = re.compile(r"\b(std::chrono::\w+|std::string|std::string_view)\s*$")

OPEN, CLOSE = "([{", ")]}"
PAIR = dict(zip(CLOSE, OPEN))
BLOCK_WORDS = {"else", "do", "try", "mutable", "noexcept", "const", "override", "final"}
LITERAL = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<!\w)'(?:\\.|[^'\\\n])+'""", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)


class Source:
    """Code without comments, literals and directives, every offset as in the text, and its brackets matched."""

    def __init__(self, text):
        def blank(match):
            return re.sub(r"[^\n]", " ", match[0])

        code = LITERAL.sub(lambda m: ('""' + blank(m)[2:]) if m[0][0] in 'R"' else blank(m), text)
        self.code = DIRECTIVE.sub(lambda m: ";" + blank(m)[1:], code)
        self.pair = {}
        stack = []
        for i, c in enumerate(self.code):
            if c in OPEN:
                stack.append(i)
            elif c in CLOSE and stack and self.code[stack[-1]] == PAIR[c]:
                self.pair[i] = stack[-1]
                self.pair[stack.pop()] = i
        # The opening brace of each lambda's body -> its captures.
        self.lambdas = {}
        for i in list(self.pair):
            if self.code[i] == "[" and (body := self._lambda_body(i)) is not None:
                self.lambdas[body] = self.code[i + 1 : self.pair[i]]

    def line(self, offset):
        return self.code.count("\n", 0, offset) + 1

    def _lambda_body(self, bracket):
        before = self.code[:bracket].rstrip()[-20:]
        if self.code[bracket + 1] == "[" or before.endswith("["):
            return None  # an attribute
        if re.search(r"[\w\])]$", before) and not re.search(r"\b(return|co_return|co_await|co_yield|throw)$", before):
            return None  # a subscript or a structured binding
        i = self.pair[bracket] + 1
        while i < len(self.code):
            c = self.code[i]
            if c == "{":
                return i
            if c in ";)]},":
                return None
            i = self.pair[i] + 1 if c in "([" and i in self.pair else i + 1
        return None

    def opens_block(self, brace):
        """Whether a brace opens statements or members; otherwise it opens an initializer or a lambda's body."""
        if brace in self.lambdas:
            return False
        before = self.code[:brace].rstrip()
        if not before or before[-1] in ";{}:)":
            return True
        statement = re.split(r"[;{}]", before)[-1]
        word = re.search(r"\w+$", before)
        if word and word[0] in BLOCK_WORDS:
            return True
        return bool(re.search(r"\)[^()]*->[^()=]*$", statement)
                    or re.search(r"^\s*(template\s*<.*>\s*)?(struct|class|union|enum|namespace|extern|concept)\b",
                                 statement, re.S))

    def expression_around(self, at):
        """The bounds of the statement, or the head of if, for, while and switch, that holds offset `at`."""
        begin = at
        while begin > 0:
            i = begin - 1
            c = self.code[i]
            if c in CLOSE and i in self.pair:
                if c == "}" and self.opens_block(self.pair[i]):
                    break
                begin = self.pair[i]
            elif c == ";" or (c == "{" and (i in self.lambdas or self.opens_block(i))):
                break
            else:
                begin = i
        end = begin
        while end < len(self.code):
            c = self.code[end]
            if c in OPEN and end in self.pair:
                if c == "{" and self.opens_block(end):
                    break
                end = self.pair[end] + 1
            elif c == ";" or c in CLOSE:
                break
            else:
                end += 1
        return begin, end

    def hazards(self, begin, end):
        """(offset, what) of each hazard in the expression; the bodies of lambdas are no part of it."""
        if re.match(r"\s*throw\b", self.code[begin:end]):
            yield begin, "an exception made from an awaited value"
        i = begin
        while i < end:
            c = self.code[i]
            if i in self.lambdas:
                if (copies := by_value(self.lambdas[i])):
                    yield i, f"a closure that captures {', '.join(copies)} by value"
                i = self.pair[i]
            elif c == "{" and not SAFE_TYPES.search(self.code[max(begin, i - 60) : i]):
                yield i, "a braced initializer"
            elif c == "?":
                yield i, "the operator ?:"
            i += 1


def by_value(captures):
    names = [c.strip() for c in captures.split(",")]
    return [n for n in names if n and n != "this" and not n.startswith("&")]


def result_type(source, bracket):
    """(what a task<...> holds, where the type ends), for the offset of its `<`."""
    depth, i = 0, bracket
    while i < len(source.code):
        c = source.code[i]
        depth += (c == "<") - (c == ">")
        if depth == 0:
            return source.code[bracket + 1 : i].strip(), i + 1
        if c in ";{}":
            break
        i += 1
    return None, bracket


def coroutine_bodies(source):
    """(offset of the return type, opening brace) of each function and lambda that returns a task with a result."""
    for match in re.finditer(r"\b(?:task|awaitable)\s*<", source.code):
        held, i = result_type(source, match.end() - 1)
        if not held or re.match(r"void\b", held):
            continue
        if not re.search(r"->\s*(?:[\w:]*::)?$", source.code[: match.start()]):
            named = re.compile(r"\s*[\w:~]+(?:<[^;{}()]*>)?(?:::\w+)*\s*(?=\()").match(source.code, i)
            if not named or named.end() not in source.pair:
                continue
            i = source.pair[named.end()] + 1
        head = re.compile(r"(?:\s|const\b|noexcept\b|override\b|final\b|mutable\b|&)*(?=\{)").match(source.code, i)
        if head and head.end() in source.pair:
            yield match.start(), head.end()


class Flow:
    """Reads statements; says of each where it ends, whether nothing follows it, and whether it breaks out of a loop."""

    NEVER_RETURNS = re.compile(r"(co_return|return|throw|goto)\b|(std::)?(rethrow_exception|terminate|abort|exit|"
                               r"unreachable|_Exit|quick_exit|__builtin_unreachable)\s*\(")
    LABEL = re.compile(r"(?:case\b(?:[^:;{}]|::)*|default\s*|[A-Za-z_]\w*\s*):(?!:)")

    def __init__(self, source):
        self.code, self.pair = source.code, source.pair

    def skip(self, i):
        """Past blanks, labels and attributes."""
        while True:
            i = re.compile(r"\s*").match(self.code, i).end()
            if self.code.startswith("[[", i):
                i = self.pair.get(i, i) + 1
            elif (label := self.LABEL.match(self.code, i)):
                i = label.end()
            else:
                return i

    def block(self, brace):
        """(after it, nothing follows, breaks, the last statement has no successor)."""
        i, stops, breaks, last = brace + 1, False, False, False
        end = self.pair[brace]
        while (i := self.skip(i)) < end:
            i, last, broke = self.statement(i)
            stops, breaks = stops or last, breaks or broke
        return end + 1, stops, breaks, last

    def head(self, i):
        """The round brackets at or after `i`: (inside them, after them)."""
        opening = self.code.index("(", i)
        closing = self.pair[opening]
        return self.code[opening + 1 : closing].strip(), closing + 1

    def statement(self, i):
        i = self.skip(i)
        word = re.compile(r"\w*").match(self.code, i)[0]
        if self.code[i] == "{":
            return self.block(i)[:3]
        if word == "if":
            i, stops, breaks = self.statement(self.head(i)[1])
            other = re.compile(r"\s*else\b").match(self.code, i)
            if not other:
                return i, False, breaks
            i, stops_too, breaks_too = self.statement(other.end())
            return i, stops and stops_too, breaks or breaks_too
        if word in ("while", "for"):
            condition, i = self.head(i)
            i, _, breaks = self.statement(i)
            for_ever = condition in ("true", "1") if word == "while" else re.match(r"[^;]*;\s*(true\s*)?;", condition)
            return i, bool(for_ever) and not breaks, False
        if word == "do":
            i, stops, breaks = self.statement(i + len(word))
            condition, i = self.head(i)
            return self.after(i), not breaks and (stops or condition in ("true", "1")), False
        if word == "switch":
            brace = self.code.index("{", self.head(i)[1])
            i, _, breaks, last = self.block(brace)
            return i, bool(re.search(r"\bdefault\s*:", self.code[brace:i])) and last and not breaks, False
        if word == "try":
            i, stops, breaks, _ = self.block(self.code.index("{", i))
            while (handler := re.compile(r"\s*catch\s*(?=\()").match(self.code, i)):
                i, stops_too, breaks_too, _ = self.block(self.code.index("{", self.pair[handler.end()]))
                stops, breaks = stops and stops_too, breaks or breaks_too
            return i, stops, breaks
        return self.after(i), bool(self.NEVER_RETURNS.match(self.code, i)), word == "break"

    def after(self, i):
        """Past the semicolon that ends a plain statement."""
        while i < len(self.code) and self.code[i] != ";":
            if self.code[i] in CLOSE:
                return i
            i = self.pair[i] + 1 if self.code[i] in OPEN and i in self.pair else i + 1
        return i + 1


def own_words(source, brace):
    """The text of a body without that of the lambdas and local classes in it."""
    text, i, end = [], brace + 1, source.pair[brace]
    while i < end:
        is_class = source.code[i] == "{" and source.opens_block(i) and re.search(
            r"\b(struct|class|union)\b[^;{}()]*$", source.code[brace:i])
        if i in source.pair and (i in source.lambdas or is_class):
            i = source.pair[i]
        text.append(source.code[i])
        i += 1
    return "".join(text)


def missing_returns_in(source):
    """(offset, finding) for each coroutine with a result that may reach its end."""
    for at, brace in coroutine_bodies(source):
        words = own_words(source, brace)
        if not re.search(r"\bco_(await|return|yield)\b", words) and re.search(r"\b(return|throw)\b", words):
            continue  # no coroutine
        if not Flow(source).block(brace)[1]:
            yield at, (f"this coroutine can reach its end, on line {source.line(source.pair[brace])}, without co_return, "
                       "which ends the program; end every path with co_return or throw")


def hazards_in(text):
    """(line, finding, accepted) for each expression of the text that awaits and has a hazard, and for each coroutine
    that may end without its result."""
    if not re.search(r"\b(co_await|task|awaitable)\b", text):
        return
    source, lines, seen = Source(text), text.splitlines(), set()

    def reviewed(line):
        return bool(REVIEWED.search("\n".join(lines[max(line - 2, 0) : line])))

    for match in re.finditer(r"\bwhile\s*\(\s*!?\s*co_await\b", source.code):
        yield (source.line(match.start()), "a while that awaits in its head, whose frame g++ 12 lays out wrongly; "
               "await into a variable inside the loop", False)
    for match in re.finditer(r"\bco_await\b", source.code):
        begin, end = source.expression_around(match.start())
        found = None if begin in seen else next(source.hazards(begin, end), None)
        seen.add(begin)
        if found:
            awaits = source.line(match.start())
            yield (source.line(found[0]),
                   f"{found[1]} in one expression with the co_await of line {awaits}, which g++ 12 may destroy twice; "
                   "give it a name in a statement of its own", reviewed(awaits))
    for at, finding in missing_returns_in(source):
        yield source.line(at), finding, reviewed(source.line(at))


def main(arguments):
    parser = argparse.ArgumentParser(prog="gwctl-coroutine-lint", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", metavar="FILE", nargs="+", help="C++ source or header")
    found = unreadable = 0
    for path in parser.parse_args(arguments).files:
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                text = f.read()
        except OSError as e:
            print(f"gwctl-coroutine-lint: {path}: {e.strerror}", file=sys.stderr)
            unreadable += 1
            continue
        for line, finding, accepted in sorted(hazards_in(text)):
            if not accepted:
                print(f"{path}:{line}: {finding}")
                found += 1
    return 2 if unreadable else 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Finds by its spelling the code that g++ 12 miscompiles around co_await.

In a full expression that contains co_await, g++ 12 destroys some temporaries twice, without a warning: braced
aggregates, closures that capture an object by value, the operands of ?: of class type, and the object of a throw
whose operand is awaited. A spelling says little about a type, so this errs on the side of a finding: naming the thing
in a statement of its own is always a remedy. Where the type makes it safe and a name would hurt,
`// coroutine-reviewed: why` on the line of the co_await, or on the one above it, accepts the expression.
"""
import re

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


def hazards_in(text):
    """(line, finding, accepted) for each expression of the text that awaits and has a hazard."""
    if not re.search(r"\bco_await\b", text):
        return
    source, lines, seen = Source(text), text.splitlines(), set()
    for match in re.finditer(r"\bwhile\s*\(\s*!?\s*co_await\b", source.code):
        yield (source.line(match.start()), "a while that awaits in its head, whose frame g++ 12 lays out wrongly; "
               "await into a variable inside the loop", False)
    for match in re.finditer(r"\bco_await\b", source.code):
        begin, end = source.expression_around(match.start())
        found = None if begin in seen else next(source.hazards(begin, end), None)
        seen.add(begin)
        if found:
            awaits = source.line(match.start())
            accepted = bool(REVIEWED.search("\n".join(lines[max(awaits - 2, 0) : awaits])))
            yield (source.line(found[0]),
                   f"{found[1]} in one expression with the co_await of line {awaits}, which g++ 12 may destroy twice; "
                   "give it a name in a statement of its own", accepted)

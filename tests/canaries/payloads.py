"""Texts that some reader would take for more than text, each with a mark of its own by which it is found again."""

MARKUP = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</style><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<math><mi xlink:href=data:x,alert(1)>",
    "<!--",
    "--><script>alert(1)</script>",
    "<![CDATA[x]]>",
    "]]><x>",
    "<?xml version='1.0'?>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:etc/passwd'>]>",
    "&lol;",
    "&#60;script&#62;",
    "&amp;lt;script&amp;gt;",
    "<template><p onclick=alert(1)>",
    "<base href=//evil.example>",
    "<meta http-equiv=refresh content=0>",
    "<link rel=stylesheet href=//evil.example>",
    "<style>*{display:none}</style>",
    "<object data=x>",
    "<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>",
]
BREAKS = ["", '"', "'", '">', "'>", "\\", "\\'", '\\"', "`"]
SCRIPT = [
    "';alert(1);//",
    '";alert(1);//',
    "${alert(1)}",
    "{{7*7}}",
    "{% raw %}",
    "#{7*7}",
    "</ScRiPt >",
    "\u2028alert(1)//",
    "\u2029alert(1)//",
    "javascript:alert(1)",
    "\\u003cscript\\u003e",
    "\\x3cscript\\x3e",
    "%3Cscript%3E",
    '{"__proto__":{"x":1}}',
]
FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "=HYPERLINK(0)",
    "|calc",
]
FORMULAS += ['",=1+1', '"\n=1+1', ";=1+1", "'=1+1"]
TERMINAL = [
    "\x1b[2J",
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x1b]8;;http://evil.example\x1b\\",
    "\x1b]52;c;eA==\x07",
    "\x1bP+q\x1b\\",
    "\x1b[6n",
    "\x1b(0",
    "\x9b31m",
    "\x9d0;title\x9c",
    "\x90q\x9c",
    "\x07",
    "\b\b\b\b",
    "\x7f",
    "\r\x1b[K",
    "\x0e",
    "\x85",
    "\x0b",
    "\x0c",
    "\x1a",
]
CONTROLS = [chr(code) for code in (*range(1, 32), *range(127, 160))]
BIDI = [chr(code) for code in (0x200E, 0x200F, 0x061C, *range(0x202A, 0x202F), *range(0x2066, 0x206A))]
UNICODE = [
    *BIDI,
    "\u200b",
    "\ufeff",
    "\ufffe",
    "\uffff",
    "\U000e0041",
    "\U0001fffe",
    "\u00ad",
    "\u2060",
    "e\u0301" * 20,
]
COMMANDS = [
    "::error::x",
    "::error file=x::x",
    "::warning::x",
    "::set-output name=x::y",
    "::add-mask::e",
    "::stop-commands::x",
    "::group::x",
    "\n::error::x",
    "\r\n::error::x",
    " ::error::x",
    "%0A::error::x",
    "##[error]x",
    "##[command]x",
    "##[set-env name=PATH]x",
    "##[add-path]x",
    "##vso[task.setvariable variable=x]y",
    "##VSO[task.complete]",
    "###[error]x",
    "##teamcity[buildProblem]",
    "\n##[error]x",
]
MATHTEXT = ["$$", "$\\frac$", "$x_$1", "$x^{2}$", "$\\alpha$", "\\$", "_x", "$\\mathdefault{x}$", "$" * 60]
PATHS = [
    "..",
    "../../../x",
    "..\\..\\x",
    "/etc/passwd",
    "~",
    "C:\\x",
    "file:x",
    "CON",
    "x:y",
    "*",
    "?",
    "-rf",
    "--out",
    "$(id)",
]
PATHS += ["`id`", "; id", "| id", "%s%n", "%00", "x" * 190, ".hidden", "[red]x[/red]", "[ab]", "{0}", "{self}"]
MARKDOWN = ["[x](javascript:alert(1))", "![x](//evil.example/x.png)", "|x|y|", "`x`", "**x**"]
MARKDOWN += ["# x", "@octocat", "#1"]
MARKDOWN += [
    "https://evil.example/",
    "www.evil.example",
    "<https://evil.example>",
    "~~x~~",
    "- [ ] x",
    "\n\n# x",
    "\\|",
    "$x$",
]

_KINDS = (MARKUP, SCRIPT, FORMULAS, TERMINAL, CONTROLS, UNICODE, COMMANDS, MATHTEXT, PATHS, MARKDOWN)
_TEXTS = [*(text for kind in _KINDS for text in kind), *(b + m for b in BREAKS[1:] for m in MARKUP[:4])]

PAYLOADS = [f"{text}k{number:03d}q" for number, text in enumerate(dict.fromkeys(_TEXTS))]
"""The mark follows, as many of them do their work at the beginning."""


def marks_in(text: str) -> set[str]:
    """Give the marks of the payloads that a text shows in whatever form."""
    return {payload[-5:] for payload in PAYLOADS if payload[-5:] in text}

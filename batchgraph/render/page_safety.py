"""What keeps a page harmless whatever it shows: data that no parser takes for markup, and a policy by hash."""

from __future__ import annotations

import base64
import hashlib
import json

_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def data_block(data: object) -> str:
    r"""Write data as JSON for a ``<script type="application/json">`` element.

    What could end the element, begin a comment in it or end a line of script (HTML, "Restrictions for contents of
    script elements"; ECMA-262, 12.3) is written as ``\uNNNN``, which is the same JSON.
    """
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # A lone surrogate, as file names have where they are no UTF-8, cannot be written to a file.
    return text.translate(_ESCAPES).encode("utf-8", "backslashreplace").decode("utf-8")


def source_hash(text: str) -> str:
    """Give the source expression by which a policy allows one script or style (CSP level 3, 2.3.1)."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def content_policy(*, style: str, script: str) -> str:
    """Write the Content-Security-Policy of a page that runs one script, uses one style sheet and fetches nothing.

    Parameters
    ----------
    style, script
        Contents of the elements, to the octet.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            f"style-src {source_hash(style)}",
            f"script-src {source_hash(script)}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def fits_element(text: str) -> bool:
    """Tell whether a text can stand in a ``<script>`` or ``<style>`` element and reach its parser unchanged."""
    lower = text.lower()
    return not any(mark in lower for mark in ("</script", "</style", "<!--", "\r", "\0"))

"""How settings are written: values with commas between, ``name(option=value, list=(1,2), text="a, b")``, quotes.

A comma within brackets or quotes separates nothing. Quotes, single or double, stand around a whole value and give the
text as it is; the same quote within is written twice.
"""

QUOTES = "\"'"


def split_values(text: str) -> list[str]:
    """The values between the commas outside brackets and quotes, without quotes: ``a(x=1,y=2),"b, c"`` gives two.

    Raises:
      ValueError: a quote or a bracket without its partner.
    """
    return [unquote(part) for part in split_parts(text)]


def split_parts(text: str) -> list[str]:
    """As ``split_values``, with the quotes that stand around a value."""
    parts, depth, quote, before = [""], 0, "", ","  # before: the last character that is no space
    for character in text:
        if quote:
            quote, before = ("", "closed" + quote) if character == quote else (quote, before)
        elif character in QUOTES and before in (",", "(", "=", "closed" + character):
            quote = character  # after one that closed: the same quote twice stands for itself
        else:
            depth += (character == "(") - (character == ")")
            if depth < 0:
                raise ValueError(f"{text!r} has a ')' without a '('")
            before = before if character == " " else character
        if character == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    if quote or depth:
        raise ValueError(f"{text!r} has a {quote or '('} that is not closed")
    return [part.strip() for part in parts if part.strip()]


def unquote(text: str) -> str:
    """The text within quotes that stand around all of it; other text as it is."""
    text = text.strip()
    quote = text[:1]
    if len(text) < 2 or quote not in QUOTES or not text.endswith(quote):
        return text
    inner = text[1:-1]
    return text if quote in inner.replace(2 * quote, "") else inner.replace(2 * quote, quote)


def quoted(text: str) -> str:
    """Text as a value is written: in quotes where it would be read as something else without."""
    try:
        plain = split_values(text) == [text] and not text.startswith("(")
    except ValueError:
        plain = False
    return text if plain else '"' + text.replace('"', '""') + '"'


def within_brackets(text: str) -> str:
    """What one pair of brackets around the whole text holds; other text as it is."""
    inner = text.strip()
    if not (inner.startswith("(") and inner.endswith(")")):
        return inner
    try:
        split_parts(inner[1:-1])
    except ValueError:  # two pairs beside each other
        return inner
    return inner[1:-1]


def written(value: object) -> str:
    """A value of an option as text: a tuple in brackets, text in quotes where it needs them."""
    if isinstance(value, tuple):
        return f"({','.join(map(written, value))})"
    return quoted(value) if isinstance(value, str) else str(value)

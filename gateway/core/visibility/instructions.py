"""Whether a text speaks to a language model and not to people: what a page smuggles where no reader looks."""

import re

# One of these is in every text that the pattern below finds, in lower case: a search for them costs next to nothing.
_SIGNS = (
    *(
        "instruction",
        "prompt",
        "guideline",
        "language model",
        "llm",
        "chatbot",
        "assistant",
        " ai",
        "im_start",
    ),
    *(
        "[inst]",
        "anweisung",
        "sprachmodell",
        "consignes",
        "instrucci",
        "istruzion",
        "instruções",
        "инструкци",
    ),
    *("指令", "指示", "提示"),
)
# of a text, at most, that are searched: the pattern is slow where a text has many of its beginnings
MAX_CHARACTERS = 2000
_GAP = r"[^.!?\n]{0,60}?"
_ADDRESSES = re.compile(
    # ignore all previous instructions
    rf"\b(?:ignore|disregard|forget|override|bypass)\b{_GAP}\b(?:instructions?|prompts?|guidelines)\b"
    rf"|\b(?:ignoriere|vergiss|missachte)\w{{0,9}}{_GAP}\banweisungen\b"
    rf"|\b(?:ignore[zr]?|oublie[zr]?)\b{_GAP}\b(?:instructions|consignes)\b"
    rf"|\b(?:ignor|olvid|desatiend)\w{{0,9}}{_GAP}\binstrucciones\b"
    rf"|\b(?:ignora|dimentica)\w{{0,9}}{_GAP}\bistruzioni\b"
    rf"|\b(?:ignor|esque)\w{{0,9}}{_GAP}\binstruções\b"
    rf"|\b(?:игнориру|забудь|не обращай)\w{{0,9}}{_GAP}\bинструкци"
    r"|(?:忽略|无视|無視)[^。！？\n]{0,20}(?:指令|指示|提示)|(?:指示|指令)[^。！？\n]{0,10}(?:無視|忘れ)"
    # you are an assistant
    r"|\b(?:you are|you're|act as|respond as|if you are) an? (?:\w+ ){0,3}(?:language model|llm|chatbot|assistant)\b"
    r"|\bals (?:ki-)?sprachmodell\b"
    # the marks and names of a conversation's parts
    r"|\b(?:system|developer) (?:prompt|instructions?)\s*:"
    r"|\b(?:note|instructions?|message) (?:to|for) (?:the |any |all )?"
    r"(?:ai|llms?|language models?|chatbots?|assistants?)\b"
    r"|<\|im_start\||\[inst\]",
    re.I,
)


def addresses_model(text: str) -> bool:
    """Whether it has a phrase that is meant for a language model: in nine languages, by no means every such phrase."""
    lower = text[:MAX_CHARACTERS].lower()
    return any(sign in lower for sign in _SIGNS) and _ADDRESSES.search(lower) is not None

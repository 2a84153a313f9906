"""Whether a text speaks to a language model and not to people: what a page smuggles where no reader looks."""

import re
from functools import cache

import re2
from selectolax.lexbor import LexborNode

from gateway.core.dom.extension import Extension
from gateway.core.dom.native import find_walk

# of a text, at most, that are searched: a pattern is slow where a text has many of its beginnings
MAX_CHARACTERS = 2000
_GAP = r"[^.!?\n]{0,60}?"
_NEAR = r"[^.!?\n]{0,25}?"
# Words, one of which is in every text that the pattern beside them finds, in lower case: a search for words costs
# next to nothing. First to forget what was said before, by languages.
_PATTERNS = (
    (
        ("instruction", "prompt", "guideline"),
        rf"\b(?:ignore|disregard|forget|override|bypass)\b{_GAP}\b(?:instructions?|prompts?|guidelines)\b",
    ),
    (
        ("everything", " all ", "anything"),
        r"\b(?:forget|ignore|disregard) (?:everything|all|anything) (?:that was )?"
        r"(?:above|before|you (?:know|were told|have been told|have read))\b",
    ),
    (("anweisung",), rf"\b(?:ignoriere|vergiss|vergessen|missachte)\w{{0,9}}{_GAP}\banweisungen\b"),
    (("instructions", "consignes"), rf"\b(?:ignore[zr]?|oublie[zr]?)\b{_GAP}\b(?:instructions|consignes)\b"),
    (("instrucciones",), rf"\b(?:ignor|olvid|desatiend)\w{{0,9}}{_GAP}\binstrucciones\b"),
    (("istruzioni",), rf"\b(?:ignora|dimentica)\w{{0,9}}{_GAP}\bistruzioni\b"),
    (("instruções",), rf"\b(?:ignor|esque)\w{{0,9}}{_GAP}\binstruções\b"),
    (("инструкци",), rf"\b(?:игнориру|забудь|не обращай)\w{{0,9}}{_GAP}\bинструкци"),
    (("інструкці",), rf"\b(?:ігнору|забудь)\w{{0,9}}{_GAP}\bінструкці"),
    (("instructies", "aanwijzingen"), rf"\b(?:negeer|vergeet)\b{_GAP}\b(?:instructies|aanwijzingen)\b"),
    (
        ("instrukc", "polece"),
        rf"\b(?:zi?gnoruj|ignoruj|zapomnij|pomiń)\w{{0,4}}{_GAP}\b(?:instrukcj|polece[nń])",
    ),
    (
        ("instruktion", "instruks", "anvisning"),
        rf"\b(?:ignorera?|glöm|glem|bortse|se bort)\b{_GAP}\b(?:instruktion|instruks|anvisning)",
    ),
    (("instrukc", "pokyn"), rf"\b(?:ignoruj|zapomeň)\w{{0,4}}{_GAP}\b(?:instrukc|pokyn)"),
    (("instrucțiuni",), rf"\b(?:ignoră|ignorați|uită|uitați)\b{_GAP}\binstrucțiuni"),
    (
        ("instruksi", "perintah", "petunjuk"),
        rf"\b(?:abaikan|lupakan)\b{_GAP}\b(?:instruksi|perintah|petunjuk)\b",
    ),
    (("hướng dẫn", "chỉ dẫn"), rf"\b(?:bỏ qua|phớt lờ|hãy quên)\b{_GAP}\b(?:hướng dẫn|chỉ dẫn)\b"),
    (("οδηγίες", "εντολές"), rf"\b(?:αγνόησε|αγνοήστε|ξέχνα|ξεχάστε)\b{_GAP}\b(?:οδηγίες|εντολές)\b"),
    (("הוראות", "הנחיות"), rf"\bהתעלמ?[םיו]?{_GAP}(?:הוראות|הנחיות)"),
    (("تعليمات", "الأوامر"), rf"(?:تجاهل|انسَ?){_GAP}(?:تعليمات|التعليمات|الأوامر)"),
    # here the verb comes last
    (("talimat",), rf"\btalimat\w{{0,9}}{_NEAR}\b(?:yok say|unut(?!ma)|görmezden gel|dikkate alma)"),
    (("دستور",), rf"دستور{_NEAR}(?:نادیده|فراموش)"),
    (("निर्देश",), rf"निर्देश{_NEAR}(?:अनदेखा|अनदेखी|नज़रअंदाज़|भूल)"),
    (("지시", "지침", "명령"), rf"(?:지시|지침|명령){_NEAR}(?:무시|잊)"),
    (
        ("指令", "指示", "提示"),
        r"(?:忽略|无视|無視|忘记|忘記)[^。！？\n]{0,20}(?:指令|指示|提示)|(?:指示|指令)[^。！？\n]{0,10}(?:無視|忘れ)",
    ),
    # you are an assistant
    (
        ("language model", "llm", "chatbot", "assistant"),
        r"\b(?:you are|you're|act as|respond as|if you are) an? (?:\w+ ){0,3}"
        r"(?:language model|llm|chatbot|assistant)\b",
    ),
    (
        ("sprachmodell", "ki-", "chatbot"),
        r"\bals (?:ki-)?sprachmodell\b"
        rf"|\b(?:du bist|wenn du|falls du|falls sie|(?:hinweis|nachricht) (?:an|für)){_NEAR}\b"
        r"(?:sprachmodell|ki-assisten|ki-modell|chatbot)",
    ),
    (
        ("de langage", " ia", "l'ia", "chatbot"),
        rf"\b(?:tu es|vous êtes|en tant que|(?:note|message|instructions?) (?:à|aux?|pour)){_NEAR}\b"
        r"(?:modèles? de langage|assistante? ia|ia|chatbots?)\b",
    ),
    (
        ("de lenguaje", " ia", "chatbot"),
        rf"\b(?:eres|usted es|(?:nota|mensaje|instrucciones) para){_NEAR}\b(?:modelos? de lenguaje|ia|chatbots?)\b",
    ),
    (
        ("linguistic", " ia", "l'ia", "chatbot"),
        rf"\b(?:se sei|tu sei|(?:nota|messaggio|istruzioni) per){_NEAR}\b(?:modell[oi] linguistic[oi]|ia|chatbot)\b",
    ),
    (
        ("de linguagem", " ia", "chatbot"),
        rf"\b(?:você é|se você for|(?:nota|mensagem|instruções) para){_NEAR}\b"
        r"(?:modelos? de linguagem|ia|chatbots?)\b",
    ),
    (
        ("языков", " ии", "чат"),
        rf"\b(?:ты|если вы|(?:сообщение|инструкции) для)\b{_NEAR}\b(?:языков\w{{1,3}} модел|ии\b|чат-?бот)",
    ),
    (
        ("taalmodel", "ai-assistent", "chatbot"),
        rf"\b(?:je bent|u bent|als je){_NEAR}\b(?:taalmodel|ai-assistent|chatbot)\b",
    ),
    (
        ("językow", "chatbot"),
        rf"\b(?:jesteś|instrukcj[ae] dla){_NEAR}\b(?:modelem językowym|model\w{{0,3}} językow\w{{1,3}}|chatbot)",
    ),
    (("språkmodell", "ai-assistent", "chatbot"), rf"\bdu är{_NEAR}\b(?:språkmodell|ai-assistent|chatbot)"),
    (("dil modeli",), rf"\bsen bir{_NEAR}\bdil modeli"),
    (
        ("你是", "您是", "作为"),
        r"(?:你是|您是|如果你是|作为)[^。！？\n]{0,12}(?:语言模型|語言模型|人工智能|ai ?助手|ai ?模型)",
    ),
    (("言語モデル", "アシスタント"), r"あなた[はが][^。！？\n]{0,15}(?:言語モデル|ai ?アシスタント)"),
    (("언어 모델", "인공지능", "ai "), rf"(?:당신[은이]|너는){_NEAR}(?:언어 모델|인공지능|ai )"),
    # the marks and names of a conversation's parts
    (("prompt", "instruction"), r"\b(?:system|developer) (?:prompt|instructions?)\s*:"),
    (
        (" ai", "llm", "language model", "chatbot", "assistant"),
        r"\b(?:(?:note|instructions?|message) (?:to|for) (?:the |any |all )?|attention (?:to |for )?(?:any |all ))"
        r"(?:ai|llms?|language models?|chatbots?|assistants?)\b",
    ),
    (("im_start", "[inst]"), r"<\|im_start\||\[inst\]"),
)
_ADDRESSES = {number: re.compile(pattern) for number, (_, pattern) in enumerate(_PATTERNS)}
_SIGNS = tuple(dict.fromkeys(sign for signs, _ in _PATTERNS for sign in signs))
# of texts that have characters of others the extension says so
_LATIN_SIGNS = tuple(sign for sign in _SIGNS if max(sign) <= "\xff")
# most texts have none, and to look for one after the other takes three times as long
_ANY_SIGN = re2.compile("|".join(map(re2.escape, _SIGNS)))
# before a phrase that is told of, not told
_QUOTES = "\"'“”„‘’‚«»‹›「『《`"
# before a phrase that tells what not to do, or of what someone does
_TELLING = frozenset(
    "not never don't don’t no non não nunca не nie ikke ne to of you we they who can could cannot may might".split()
)
# in a phrase that asks for something else: "if you forget it, follow the instructions", "vergessen Sie nicht"
_OTHERWISE = re.compile(r"[,;]|\b(?:pas|nicht|niet|inte|ikke|to (?:follow|read|check))\b")
_WORD_CHARACTERS = 30


def speaks_to_model(node: LexborNode, *, quoted: bool = True) -> bool:
    """`addresses_model` of an element's text, which most need not be read for."""
    extension = find_walk().extension
    said = (
        extension.find_said(node, _pack_signs(extension), MAX_CHARACTERS) if extension is not None else None
    )
    if said is None:
        return addresses_model(node.text_lexbor(), quoted=quoted)
    if not said:
        return False
    lower = node.text_lexbor()[:MAX_CHARACTERS].lower()
    return _has_phrase(lower, {_LATIN_SIGNS[number] for number in said}, quoted=quoted)


@cache
def _pack_signs(extension: Extension) -> bytes:
    return extension.pack_words(tuple(sign.encode() for sign in _LATIN_SIGNS))


def addresses_model(text: str, *, quoted: bool = True) -> bool:
    """Whether it has a phrase that is meant for a language model: in some twenty languages, by no means every phrase.

    Args:
        quoted: False where only a phrase counts that tells a reader what to do: not one right behind a quotation
            mark, nor one that tells of what others do, or of instructions that are not to be forgotten.
    """
    lower = text[:MAX_CHARACTERS].lower()
    if _ANY_SIGN.search(lower) is None:
        return False
    return _has_phrase(lower, set(filter(lower.__contains__, _SIGNS)), quoted=quoted)


def _has_phrase(lower: str, there: set[str], *, quoted: bool) -> bool:
    return any(
        quoted or _is_told(lower, found)
        for number, (signs, _) in enumerate(_PATTERNS)
        if not there.isdisjoint(signs)
        for found in _ADDRESSES[number].finditer(lower)
    )


def _is_told(text: str, phrase: re.Match[str]) -> bool:
    start = phrase.start()
    before = text[max(0, start - _WORD_CHARACTERS) : start]
    if (before and before[-1] in _QUOTES) or _OTHERWISE.search(phrase[0]):
        return False
    words = before.split()
    # "I want you to ignore them"
    return not words or words[-1] not in _TELLING or words[-2:] == ["you", "to"]

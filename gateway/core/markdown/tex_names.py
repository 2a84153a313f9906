"""What TeX calls the characters, functions, accents and alphabets of MathML.

Source: the TeX names of the package unicode-math; MathML Core for what is an operator, a fence, a large operator.
"""

_GREEK = (
    "alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau "
    "upsilon varphi chi psi omega"
).split()
_CAPITALS = {"Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma",
             "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega"}  # fmt: skip
LETTERS = (
    {chr(0x3B1 + index): name for index, name in enumerate(_GREEK)}
    | _CAPITALS
    | {"ϵ": "epsilon", "ϑ": "vartheta", "ϕ": "phi", "ϖ": "varpi", "ϱ": "varrho", "∂": "partial", "∇": "nabla",
       "∞": "infty", "ℏ": "hbar", "ℓ": "ell", "℘": "wp", "ℵ": "aleph", "∅": "emptyset", "⌀": "varnothing",
       "∀": "forall", "∃": "exists", "∄": "nexists", "…": "dots", "⋯": "cdots", "⋮": "vdots", "⋱": "ddots",
       "ı": "imath", "ȷ": "jmath", "⊤": "top", "⊥": "bot", "°": "degree", "′": "prime", "ħ": "hbar",
       "∠": "angle", "△": "triangle", "□": "square", "♯": "sharp", "♭": "flat", "¬": "neg", "†": "dagger"}
)  # fmt: skip
# TeX has no name for omicron
del LETTERS["ο"]
INFIX = {
    "−": "-", "±": "pm", "∓": "mp", "×": "times", "÷": "div", "·": "cdot", "⋅": "cdot", "∗": "ast", "⋆": "star",
    "∘": "circ", "∙": "bullet", "•": "bullet", "≤": "leq", "⩽": "leqslant", "≥": "geq", "⩾": "geqslant",
    "≠": "neq", "≈": "approx", "≃": "simeq", "≅": "cong", "≡": "equiv", "∼": "sim", "~": "sim", "∝": "propto",
    "≪": "ll", "≫": "gg", "≺": "prec", "≻": "succ", "⪯": "preceq", "⪰": "succeq", "≲": "lesssim", "≳": "gtrsim",
    "<": "lt", ">": "gt", "∈": "in", "∉": "notin", "∋": "ni", "⊂": "subset", "⊃": "supset", "⊆": "subseteq",
    "⊇": "supseteq", "⊄": "not\\subset", "∪": "cup", "∩": "cap", "⊎": "uplus", "∖": "setminus", "∧": "wedge",
    "∨": "vee", "⊕": "oplus", "⊗": "otimes", "⊖": "ominus", "⊙": "odot", "⊢": "vdash", "⊨": "models", "⊣": "dashv",
    "→": "to", "←": "leftarrow", "↔": "leftrightarrow", "⇒": "Rightarrow", "⇐": "Leftarrow",
    "⇔": "Leftrightarrow", "⟶": "longrightarrow", "⟵": "longleftarrow", "⟹": "Longrightarrow", "⟺": "iff",
    "↦": "mapsto", "⟼": "longmapsto", "↪": "hookrightarrow", "↑": "uparrow", "↓": "downarrow", "↗": "nearrow",
    "↘": "searrow", "⇌": "rightleftharpoons", "∥": "parallel", "∣": "mid", "∤": "nmid", "≔": "coloneqq",
    "≜": "triangleq", "≐": "doteq", "≍": "asymp", "⊲": "lhd", "⊳": "rhd", "⋊": "rtimes", "⋉": "ltimes",
    "∴": "therefore", "∵": "because", "⌢": "frown", "⋄": "diamond", "⇝": "rightsquigarrow", "⊔": "sqcup",
    "⊓": "sqcap", "⊑": "sqsubseteq", "⊒": "sqsupseteq", "↛": "nrightarrow", "≮": "nless", "≯": "ngtr",
}  # fmt: skip
LARGE = {
    "∑": "sum", "∏": "prod", "∐": "coprod", "∫": "int", "∬": "iint", "∭": "iiint", "∮": "oint", "⋃": "bigcup",
    "⋂": "bigcap", "⨁": "bigoplus", "⨂": "bigotimes", "⋀": "bigwedge", "⋁": "bigvee", "⨆": "bigsqcup",
}  # fmt: skip
OPENING = {"(": "(", "[": "[", "{": "\\{", "⟨": "\\langle", "〈": "\\langle", "⌊": "\\lfloor", "⌈": "\\lceil",
            "|": "|", "‖": "\\|", "": "."}  # fmt: skip
CLOSING = {")": ")", "]": "]", "}": "\\}", "⟩": "\\rangle", "〉": "\\rangle", "⌋": "\\rfloor", "⌉": "\\rceil",
            "|": "|", "‖": "\\|", "": "."}  # fmt: skip
MATRICES = {("(", ")"): "pmatrix", ("[", "]"): "bmatrix", ("{", "}"): "Bmatrix", ("|", "|"): "vmatrix",
             ("‖", "‖"): "Vmatrix", ("{", ""): "cases"}  # fmt: skip
FUNCTIONS = frozenset(
    "arccos arcsin arctan arg cos cosh cot coth csc deg det dim exp gcd hom inf ker lg lim liminf limsup ln log max "
    "min Pr sec sin sinh sup tan tanh".split()
)
LIMITS = frozenset((*LARGE.values(), *"lim liminf limsup max min sup inf gcd Pr det".split()))
# over a base of one character, over a longer one
OVER = {
    "^": ("hat", "widehat"), "ˆ": ("hat", "widehat"), "̂": ("hat", "widehat"), "~": ("tilde", "widetilde"),
    "˜": ("tilde", "widetilde"), "∼": ("tilde", "widetilde"), "¯": ("bar", "overline"), "‾": ("bar", "overline"),
    "_": ("bar", "overline"), "―": ("bar", "overline"), "─": ("bar", "overline"), "̅": ("bar", "overline"),
    "→": ("vec", "overrightarrow"), "⃗": ("vec", "overrightarrow"), "⇀": ("vec", "overrightarrow"),
    "←": ("overleftarrow", "overleftarrow"), "↔": ("overleftrightarrow", "overleftrightarrow"),
    "˙": ("dot", "dot"), "." : ("dot", "dot"), "¨": ("ddot", "ddot"), "⃛": ("dddot", "dddot"), "ˇ": ("check", "check"),
    "˘": ("breve", "breve"), "´": ("acute", "acute"), "`": ("grave", "grave"), "˚": ("mathring", "mathring"),
    "⏞": ("overbrace", "overbrace"), "︷": ("overbrace", "overbrace"), "-": ("bar", "overline"),
    "−": ("bar", "overline"),
}  # fmt: skip
UNDER = {"_": "underline", "¯": "underline", "‾": "underline", "̲": "underline", "―": "underline", "─": "underline",
          "⏟": "underbrace", "︸": "underbrace"}  # fmt: skip
ARROWS = {
    "to": "xrightarrow",
    "longrightarrow": "xrightarrow",
    "leftarrow": "xleftarrow",
}
VARIANTS = {
    "bold": "mathbf", "double-struck": "mathbb", "script": "mathcal", "fraktur": "mathfrak", "monospace": "mathtt",
    "sans-serif": "mathsf", "bold-italic": "boldsymbol", "bold-script": "mathcal", "normal": "mathrm",
    "bold-fraktur": "mathfrak", "bold-sans-serif": "mathsf",
}  # fmt: skip
# how Unicode names its styled letters -> TeX
STYLES = (
    ("DOUBLE-STRUCK", "mathbb"), ("FRAKTUR", "mathfrak"), ("BLACK-LETTER", "mathfrak"), ("SCRIPT", "mathcal"),
    ("MONOSPACE", "mathtt"), ("SANS-SERIF", "mathsf"), ("BOLD ITALIC", "boldsymbol"), ("BOLD", "mathbf"),
    ("ITALIC", ""),
)  # fmt: skip

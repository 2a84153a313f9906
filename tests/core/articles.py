"""Articles in ten languages in three layouts, with class names that a machine made: nothing to read but structure."""

from dataclasses import dataclass
from hashlib import sha256
from itertools import islice, permutations


@dataclass(frozen=True)
class Texts:
    """Of one language: sentences of an article, and what stands around articles."""

    sentences: tuple[str, ...]
    more: str  # above a box of related stories
    stories: tuple[str, ...]
    newsletter: str
    menu: tuple[str, ...]


LANGUAGES = {
    "de": Texts(
        (
            "Das alte Hafenbecken wird bis zum Ende des Monats gesperrt, weil die Mauer an zwei Stellen nachgibt.",
            "Die Fischer sollen ihre Boote in dieser Zeit am neuen Kai festmachen, sagt die Verwaltung.",
            "Niemand hatte den Wärter des Leuchtturms gefragt, ob ihm der Bau im Weg steht.",
            "Nach dem letzten Sturm war Wasser in den Keller des Lagerhauses gelaufen und hatte viel zerstört.",
        ),
        "Lesen Sie auch",
        (
            "Zehn stille Buchten für die Nacht",
            "So liest man ein Barometer",
            "Der letzte Segelmacher hört auf",
        ),
        "Melden Sie sich für unseren Brief an, damit Sie keine Nachricht aus dem Hafen verpassen.",
        ("Boote", "Gezeiten", "Knoten", "Über uns"),
    ),
    "fr": Texts(
        (
            "Le vieux bassin sera fermé jusqu'à la fin du mois, car le mur cède à deux endroits.",
            "Pendant ce temps, les pêcheurs devront amarrer leurs bateaux au nouveau quai, selon la mairie.",
            "Personne n'avait demandé au gardien du phare si le chantier le gênait dans son travail.",
            "Après la dernière tempête, l'eau était entrée dans la cave de l'entrepôt et avait beaucoup détruit.",
        ),
        "À lire aussi",
        ("Dix baies tranquilles pour la nuit", "Comment lire un baromètre", "Le dernier voilier s'arrête"),
        "Inscrivez-vous à notre lettre pour ne manquer aucune nouvelle du port.",
        ("Bateaux", "Marées", "Nœuds", "À propos"),
    ),
    "es": Texts(
        (
            "La vieja dársena permanecerá cerrada hasta fin de mes porque el muro cede en dos lugares.",
            "Los pescadores tendrán que amarrar sus barcos en el muelle nuevo durante las obras, dice el puerto.",
            "Nadie le había preguntado al guarda del faro si la obra le molestaba en su trabajo.",
            "Tras la última tormenta, el agua entró en el sótano del almacén y destruyó muchas cosas.",
        ),
        "Lea también",
        ("Diez calas tranquilas para la noche", "Cómo leer un barómetro", "El último velero se retira"),
        "Suscríbase a nuestra carta para no perderse ninguna noticia del puerto.",
        ("Barcos", "Mareas", "Nudos", "Nosotros"),
    ),
    "it": Texts(
        (
            "Il vecchio bacino resterà chiuso fino alla fine del mese, perché il muro cede in due punti.",
            "I pescatori dovranno ormeggiare le barche al nuovo molo durante i lavori, dice il comune.",
            "Nessuno aveva chiesto al guardiano del faro se il cantiere gli fosse d'intralcio.",
            "Dopo l'ultima tempesta l'acqua era entrata nella cantina del magazzino e aveva distrutto molto.",
        ),
        "Leggi anche",
        ("Dieci baie tranquille per la notte", "Come si legge un barometro", "L'ultimo velaio si ferma"),
        "Iscriviti alla nostra lettera per non perdere nessuna notizia dal porto.",
        ("Barche", "Maree", "Nodi", "Chi siamo"),
    ),
    "pl": Texts(
        (
            "Stary basen portowy będzie zamknięty do końca miesiąca, bo mur ustępuje w dwóch miejscach.",
            "Rybacy mają w tym czasie cumować swoje łodzie przy nowym nabrzeżu, mówi zarząd portu.",
            "Nikt nie zapytał latarnika, czy budowa nie będzie mu przeszkadzać w pracy.",
            "Po ostatniej burzy woda wlała się do piwnicy magazynu i wiele rzeczy zniszczyła.",
        ),
        "Czytaj także",
        ("Dziesięć cichych zatok na noc", "Jak czytać barometr", "Ostatni żaglomistrz kończy pracę"),
        "Zapisz się na nasz list, aby nie przegapić żadnej wiadomości z portu.",
        ("Łodzie", "Pływy", "Węzły", "O nas"),
    ),
    "ru": Texts(
        (
            "Старую гавань закроют до конца месяца, потому что стена осела в двух местах.",
            "Рыбаки должны на это время поставить лодки у нового причала, сообщили в управлении порта.",
            "Никто не спросил смотрителя маяка, не помешает ли ему стройка.",
            "После последнего шторма вода попала в подвал склада и многое там испортила.",
        ),
        "Читайте также",
        ("Десять тихих бухт для ночлега", "Как читать барометр", "Последний парусный мастер уходит"),
        "Подпишитесь на наше письмо, чтобы не пропустить новости из порта.",
        ("Лодки", "Приливы", "Узлы", "О нас"),
    ),
    "el": Texts(
        (
            "Η παλιά λεκάνη του λιμανιού θα μείνει κλειστή ως το τέλος του μήνα, γιατί ο τοίχος υποχωρεί.",
            "Οι ψαράδες πρέπει να δένουν τις βάρκες τους στη νέα προβλήτα, λέει η διοίκηση του λιμανιού.",
            "Κανείς δεν είχε ρωτήσει τον φύλακα του φάρου αν τον ενοχλούν τα έργα.",
            "Μετά την τελευταία καταιγίδα το νερό μπήκε στο υπόγειο της αποθήκης και κατέστρεψε πολλά.",
        ),
        "Διαβάστε επίσης",
        (
            "Δέκα ήσυχοι όρμοι για τη νύχτα",
            "Πώς διαβάζεται ένα βαρόμετρο",
            "Ο τελευταίος ιστιοράφτης σταματά",
        ),
        "Γραφτείτε στο γράμμα μας για να μη χάνετε κανένα νέο από το λιμάνι.",
        ("Βάρκες", "Παλίρροιες", "Κόμποι", "Ποιοι είμαστε"),
    ),
    "ja": Texts(
        (
            "古い港の内側の岸壁は二か所で沈んでいるため、今月の終わりまで閉鎖されることになった。",
            "漁師たちはその間、新しい桟橋に船をつないでほしいと港の役所は話している。",
            "工事が仕事の邪魔になるかどうか、灯台守にたずねた人はだれもいなかった。",
            "この前の嵐のあと、倉庫の地下に水が入り、多くのものがだめになってしまった。",
        ),
        "あわせて読みたい",
        ("夜を過ごす静かな入り江十選", "気圧計の読み方を知る", "最後の帆職人が店を閉じる"),
        "港の知らせを見のがさないように、お便りに登録してください。",
        ("船", "潮", "結び方", "私たち"),
    ),
    "vi": Texts(
        (
            "Bến cảng cũ sẽ đóng cửa đến hết tháng này vì bức tường bị lún ở hai chỗ.",
            "Trong thời gian đó ngư dân phải neo thuyền ở cầu cảng mới, ban quản lý cảng cho biết.",
            "Không ai hỏi người gác ngọn hải đăng xem công trình có làm phiền ông hay không.",
            "Sau trận bão vừa rồi, nước tràn vào tầng hầm của nhà kho và làm hỏng rất nhiều thứ.",
        ),
        "Xem thêm bài khác",
        ("Mười vịnh yên tĩnh để nghỉ đêm", "Cách đọc một phong vũ biểu", "Người thợ may buồm cuối cùng nghỉ"),
        "Hãy đăng ký nhận thư của chúng tôi để không bỏ lỡ tin nào từ cảng.",
        ("Thuyền", "Thủy triều", "Nút dây", "Giới thiệu"),
    ),
    "ka": Texts(
        (
            "ძველი ნავსადგური თვის ბოლომდე დაიკეტება, რადგან კედელი ორ ადგილას დაიწია.",
            "მეთევზეებმა ამ დროს ნავები ახალ ნავმისადგომთან უნდა დააბან, ამბობს ნავსადგურის სამსახური.",
            "შუქურის მცველისთვის არავის უკითხავს, ხელს ხომ არ შეუშლის მას ეს მშენებლობა.",
            "ბოლო ქარიშხლის შემდეგ წყალი საწყობის სარდაფში შევიდა და ბევრი რამ გააფუჭა.",
        ),
        "წაიკითხეთ აგრეთვე",
        ("ათი წყნარი ყურე ღამისთვის", "როგორ იკითხება ბარომეტრი", "ბოლო მეაფრე ამთავრებს"),
        "გამოიწერეთ ჩვენი წერილი, რომ ნავსადგურის ამბები არ გამოგრჩეთ.",
        ("ნავები", "მოქცევა", "კვანძები", "ჩვენ შესახებ"),
    ),
}
LAYOUTS = ("list-below", "cards-beside", "box-between")


def paragraphs_of(language: str) -> list[str]:
    """Eight different paragraphs of three sentences."""
    orders = permutations(LANGUAGES[language].sentences, 3)
    return [" ".join(order) for order in islice(orders, 0, None, 3)]


def page_of(language: str, layout: str) -> str:
    """A page whose class names say nothing; its article, a menu, a footer, and a box of other stories."""
    texts = LANGUAGES[language]

    def name(part: str) -> str:
        return "c" + sha256(f"{layout} {part}".encode()).hexdigest()[:7]

    def link(text: str, number: int) -> str:
        return f'<a href="/{number}">{text}</a>'

    body = [f'<p class="{name("p")}">{text}</p>' for text in paragraphs_of(language)]
    headline = f'<h1 class="{name("h1")}">{texts.sentences[1][:40]}</h1>'
    menu = "".join(f"<li>{link(text, number)}</li>" for number, text in enumerate(texts.menu))
    stories = [link(text, number + 10) for number, text in enumerate(texts.stories)]
    heading = f'<h3 class="{name("more")}">{texts.more}</h3>'
    box = f'<div class="{name("box")}">{heading}<ul>{"".join(f"<li>{story}</li>" for story in stories)}</ul></div>'
    field = '<form><input type="email"><button>OK</button></form>'
    form = f'<div class="{name("form")}"><p>{texts.newsletter}</p>{field}</div>'
    cards = "".join(
        f'<div class="{name("card")}"><a href="/{n}"><img src="/{n}.jpg"></a><h4>{story}</h4></div>'
        for n, story in enumerate(stories)
    )
    if layout == "list-below":
        content = f'<div class="{name("column")}">{headline}{"".join(body)}{box}</div>'
    elif layout == "cards-beside":
        content = (
            f'<div class="{name("column")}">{headline}{"".join(body)}</div>'
            f'<div class="{name("side")}">{heading}{cards}</div>'
        )
    else:
        content = (
            f'<div class="{name("column")}">{headline}{"".join([*body[:3], box, *body[3:], form])}</div>'
        )
    return (
        f'<html lang="{language}"><head><meta charset="utf-8"><title>{texts.sentences[1][:40]}</title></head><body>'
        f'<div class="{name("top")}"><ul>{menu}</ul></div><div class="{name("page")}">{content}</div>'
        f'<div class="{name("end")}"><p>© 2026 {" ".join(stories)}</p></div></body></html>'
    )

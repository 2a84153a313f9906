"""Articles in ten languages, each in three layouts, with all that sites put behind an article and between its parts.

Class names are what a machine made of them, and no two layouts share one. The languages are others than those of
`articles`.
"""

from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class Texts:
    """Of one language: an article, and what stands around it."""

    headline: str
    deck: str
    # read as one article, eight sentences
    sentences: tuple[str, ...]
    caption: str
    # above other stories
    more: str
    stories: tuple[str, str, str]
    # what a card says of each
    summaries: tuple[str, str, str]
    author: str
    about_author: str
    # above comments, two of them, and what the form says
    comments: tuple[str, str, str, str]
    newsletter: str
    tags: tuple[str, str, str]


LANGUAGES = {
    "nl": Texts(
        "De oude vuurtoren krijgt een nieuwe lamp",
        "Na zestig jaar wordt het licht boven de haven vervangen, en niet iedereen in het dorp is daar blij mee.",
        (
            "De lamp in de vuurtoren van het eiland wordt in het voorjaar vervangen door een zuiniger exemplaar.",
            "Het oude glas, dat in 1931 in Parijs werd geslepen, gaat naar het museum aan de haven.",
            "Volgens de beheerder is het nieuwe licht verder zichtbaar, maar mist het de warmte van vroeger.",
            "Vissers in het dorp vrezen dat ze de toren niet meer herkennen wanneer er mist hangt.",
            "De gemeente heeft daarom toegezegd dat beide lampen een winter lang naast elkaar branden.",
            "In maart beslist de raad of de oude lens nog een keer wordt schoongemaakt en teruggezet.",
            "Wie wil meepraten kan op woensdagavond terecht in de zaal achter de kerk.",
            "Daar ligt ook het plan voor het hek rond de toren, dat volgend jaar aan de beurt is.",
        ),
        "De toren bij laag water, gezien vanaf de dijk",
        "Meer uit de regio",
        (
            "Veerboot vaart weer op zondag",
            "Zeehond slaapt op de steiger van de club",
            "Bakker sluit na veertig jaar",
        ),
        (
            "Reizigers hoeven niet langer tot maandag te wachten op een overtocht naar de vaste wal.",
            "Het dier ligt er sinds vrijdag en laat zich door niemand van zijn plaats brengen.",
            "Een opvolger is er niet, en de oven gaat naar een museum in de stad.",
        ),
        "Marijke de Wit",
        "schrijft sinds 2009 over de kust en woont zelf op het eiland.",
        (
            "Reacties",
            "Mijn opa heeft dat glas nog gepoetst, jammer.",
            "Eindelijk, die oude lamp vrat stroom.",
            "Plaats",
        ),
        "Elke ochtend het nieuws van de eilanden in uw bus? Geef uw adres op.",
        ("Vuurtorens", "Eilanden", "Erfgoed"),
    ),
    "sv": Texts(
        "Kvarnen vid ån maler igen efter trettio år",
        "Två systrar har lagat hjulet för hand, och på lördag får byn sitt första mjöl.",
        (
            "Vattnet rinner åter genom rännan vid den gamla kvarnen, som har stått stilla sedan 1994.",
            "Systrarna köpte huset för en krona av kommunen mot ett löfte om att rädda taket.",
            "Hjulet byggdes om av ek från skogen bakom kyrkan, bit för bit, under fyra vintrar.",
            "Stenarna är de gamla, men de har huggits om av en man som lärde sig yrket i Skåne.",
            "På lördag mals den första rågen, och den som kommer tidigt får en påse med sig hem.",
            "Länsstyrelsen följer hur mycket vatten som tas, eftersom öringen leker strax nedanför.",
            "Blir sommaren torr stängs luckan helt, och då får gästerna nöja sig med att titta.",
            "Nästa år hoppas systrarna kunna öppna en liten bod med bröd i den gamla ladan.",
        ),
        "Hjulet en morgon i april",
        "Läs mer från bygden",
        (
            "Skolan får behålla sitt bibliotek",
            "Bron över sundet stängs i juni",
            "Storken är tillbaka på skorstenen",
        ),
        (
            "Beslutet kom efter att föräldrarna samlat in åttahundra namn på en enda vecka.",
            "Arbetet tar sex veckor, och bilarna leds under tiden om genom samhället.",
            "Paret kom tre dagar tidigare än i fjol och har redan börjat lappa boet.",
        ),
        "Lovisa Ekström",
        "bevakar landsbygden och odlar själv bönor i en backe.",
        (
            "Kommentarer",
            "Vilket arbete de har lagt ner, all heder.",
            "Hoppas öringen klarar sig bara.",
            "Skicka",
        ),
        "Få våra bästa texter i inkorgen på fredagar genom att skriva upp dig här.",
        ("Kvarnar", "Byggnadsvård", "Bröd"),
    ),
    "pt": Texts(
        "O comboio da serra volta a subir até à vila",
        "A linha esteve fechada desde a enxurrada de 2018, e os moradores já não acreditavam que abrisse.",
        (
            "O primeiro comboio chegou à estação da vila às nove e doze, com sete minutos de atraso.",
            "Na plataforma esperavam a banda, duas escolas e quase todos os que ainda vivem na encosta.",
            "A linha tinha ficado cortada quando a água levou a ponte de pedra junto ao moinho.",
            "Durante seis anos, quem precisava do hospital descia de táxi ou pedia boleia ao padeiro.",
            "A nova ponte é de aço e assenta em estacas que foram cravadas vinte metros abaixo do leito.",
            "Os bilhetes custam o mesmo que antes da cheia, pelo menos até ao fim do próximo inverno.",
            "Faltam ainda os horários da noite, que dependem de um maquinista que a empresa procura.",
            "A câmara promete um autocarro para os dias em que o gelo obrigue a parar a linha.",
        ),
        "A chegada à vila, na manhã de sábado",
        "Outras notícias",
        (
            "Padaria da praça muda de mãos",
            "Castanheiros doentes preocupam a serra",
            "Piscina abre só em agosto",
        ),
        (
            "A nova dona aprendeu o ofício em Lyon e promete não mexer na receita do pão.",
            "Os técnicos encontraram manchas em metade dos soutos visitados desde a primavera.",
            "As obras atrasaram porque a bomba encomendada serve para outro tanque.",
        ),
        "Inês Falcão",
        "escreve sobre o interior e viaja quase sempre de comboio.",
        (
            "Comentários",
            "Chorei quando ouvi o apito outra vez.",
            "Esperemos que dure mais do que a outra.",
            "Enviar",
        ),
        "Receba todas as sextas as histórias da serra no seu correio.",
        ("Comboios", "Serra", "Pontes"),
    ),
    "cs": Texts(
        "Sklárna v údolí zapálila pec na dřevo",
        "Drahý plyn přivedl mistry zpět k tomu, co v hutích hořelo před dvěma sty lety.",
        (
            "V malé sklárně pod hřebenem hoří od pondělí pec, která se topí jen bukovým dřevem.",
            "Majitel ji postavil podle výkresu z roku 1812, který našel v archivu sousedního kláštera.",
            "Než sklo změkne, musí topiči přikládat bez přestávky šestatřicet hodin.",
            "Barva prý vychází teplejší a bublinky, které by jinde vadily, tu kupci výslovně chtějí.",
            "Dřevo dodává obecní les, a protože jde o polomy z loňské vichřice, stojí jen dopravu.",
            "Komín má přesto filtr, na kterém trval úřad v krajském městě i několik chatařů.",
            "Na podzim chce huť pořádat kurzy, při nichž si každý vyfoukne vlastní sklenici.",
            "Zájemců je už teď víc než míst, a tak se budou losovat z klobouku starého mistra.",
        ),
        "Topiči u pece v noci na úterý",
        "Přečtěte si také",
        (
            "Lanovka na hřeben stojí další týden",
            "Včelaři letos nemají co točit",
            "Kostel přišel o půlku střechy",
        ),
        (
            "Náhradní ložisko se vrátilo výrobci, protože nesedělo ani na jednu z obou kladek.",
            "Studené jaro nechalo úly prázdné a mnozí krmí cukrem ještě v červnu.",
            "Vichřice sundala břidlici na severní straně a déšť se dostal až k varhanám.",
        ),
        "Alžběta Horáková",
        "píše o řemeslech a sama kdysi brousila sklo.",
        ("Diskuse", "Konečně někdo, kdo to dělá poctivě.", "A kolik to dřevo vlastně stojí les?", "Odeslat"),
        "Chcete naše nejlepší články každou neděli ráno? Nechte nám svou adresu.",
        ("Sklo", "Řemesla", "Hory"),
    ),
    "tr": Texts(
        "Kasabanın son bakırcısı dükkânını okula çevirdi",
        "Yetmiş yaşındaki usta, çekicini bırakmadan önce mesleği on iki gence öğretmek istiyor.",
        (
            "Çarşının ucundaki dar dükkânda artık her akşam on iki çekiç birden inip kalkıyor.",
            "Usta yıllarca tek başına çalıştıktan sonra tezgâhını ikiye bölüp öğrencilere yer açtı.",
            "Gençlerin çoğu gündüz fabrikada çalışıyor ve akşam yemeğinden sonra dükkâna geliyor.",
            "İlk hafta yalnızca ateşi tanımayı, bakırın hangi renkte yumuşadığını öğreniyorlar.",
            "Belediye kömür parasını ödüyor, karşılığında her öğrenci köprüye bir fener yapacak.",
            "Ustanın kızı yapılan tencereleri internetten satıyor ve kazancı eşit paylaştırıyor.",
            "Şimdiden üç öğrenci kendi dükkânını açmak için boş duran hanı kiralamak istiyor.",
            "Han onarılırsa çarşıda otuz yıl sonra ilk kez iki bakırcı yan yana çalışacak.",
        ),
        "Usta ve öğrencileri akşam dersinde",
        "Bunlar da ilginizi çekebilir",
        (
            "Köprüdeki fenerler yeniden yanıyor",
            "Dut hasadı bu yıl erken başladı",
            "Eski han satışa çıkarıldı",
        ),
        (
            "Yirmi yıldır karanlık kalan yol, öğrencilerin yaptığı ilk fenerlerle aydınlandı.",
            "Sıcak geçen bahar yüzünden ağaçlar geçen yıla göre üç hafta önce meyve verdi.",
            "Mirasçılar anlaşamayınca mahkeme binanın açık artırmayla satılmasına karar verdi.",
        ),
        "Zeynep Arıkan",
        "zanaatları yazıyor ve boş zamanında kilim dokuyor.",
        ("Yorumlar", "Ustanın ellerine sağlık, ne güzel iş.", "Bizim kasabada da olsa keşke.", "Gönder"),
        "Haftanın yazıları her pazar e-postanıza gelsin diye adresinizi bırakın.",
        ("Zanaat", "Bakır", "Çarşı"),
    ),
    "hu": Texts(
        "Visszatértek a bivalyok a tó partjára",
        "Húsz éve nem látott állatok legelnek újra a nádas szélén, és máris megváltozott a táj.",
        (
            "Tizennégy bivaly legel kedd óta a tó keleti partján, ahol utoljára 2003-ban láttak csordát.",
            "Az állatok egy erdélyi faluból érkeztek, és két hétig karámban szokták az új vizet.",
            "A nemzeti park azt várja tőlük, hogy letapossák a nádat, amely már a csónakutat is elzárta.",
            "A madarászok szerint a nyílt iszapon már az első héten megjelentek a gólyatöcsök.",
            "A gazdák eleinte féltek, hogy a csorda átmegy a kukoricáson, de a villanypásztor kitart.",
            "Ősszel a bikákat elválasztják, mert a part túlsó felén lakóházak és egy iskola is áll.",
            "A látogatók egy toronyból nézhetik őket, amelyet a régi halőrház helyére építettek.",
            "A belépő árából a park jövőre még hat tehenet szeretne venni ugyanabból a faluból.",
        ),
        "A csorda az első estén",
        "További híreink",
        ("Leégett a csónakház a strandon", "Idén is lesz halászléfőzés", "Új kilátó épül a hegyen"),
        (
            "A tűz éjfél után keletkezett, és reggelre csak a két kéménye maradt meg.",
            "A verseny a templom elé költözik, mert a rakpartot éppen most burkolják.",
            "A torony harminc méter magas lesz, és tiszta időben a határig el lehet látni.",
        ),
        "Bódi Krisztina",
        "a vízről és a vadról ír, maga is halászcsaládból jön.",
        (
            "Hozzászólások",
            "Gyerekkoromban még én hajtottam őket!",
            "Csak a kerítés bírja ki a telet.",
            "Küldés",
        ),
        "Iratkozzon fel, és péntekenként elküldjük a hét legjobb írásait.",
        ("Bivaly", "Nádas", "Természet"),
    ),
    "fi": Texts(
        "Saaren kauppa pelastui talkoilla",
        "Asukkaat ostivat rakennuksen yhdessä, ja nyt hyllyt täytetään vuorotellen.",
        (
            "Ulkosaariston viimeinen kauppa avasi ovensa maanantaina, vaikka sen piti sulkeutua keväällä.",
            "Sata kolmekymmentä asukasta osti talon, jonka edellinen omistaja oli jo luvannut purkaa.",
            "Jokainen osakas seisoo kassalla kaksi päivää kuussa ja hakee tavarat vuorollaan laiturilta.",
            "Leipä tulee yhteysaluksella tiistaisin, ja silloin jono ulottuu postilaatikoille asti.",
            "Talveksi kylmään varastoon tehdään hylly, jolta voi hakea maitoa silloinkin kun kukaan ei ehdi.",
            "Kunta lupasi maksaa sähkön kolmen vuoden ajan, jos kirjasto saa muuttaa takahuoneeseen.",
            "Kesävieraat ovat jo kysyneet, saavatko hekin ostaa osuuden ja seistä tiskin takana.",
            "Siitä päätetään syksyllä kokouksessa, johon pääsee vain veneellä ja hyvällä säällä.",
        ),
        "Kaupan avajaiset sateessa",
        "Lisää aiheesta",
        (
            "Yhteysalus saa uuden moottorin",
            "Hylkeet veivät verkoista saaliin",
            "Majakan ovi jäi auki koko talveksi",
        ),
        (
            "Alus on poissa liikenteestä kolme viikkoa, ja sitä korvaa pienempi vene.",
            "Kalastajat pyytävät lupaa suojaverkoille, jotka maksavat enemmän kuin koko vuoden tuotto.",
            "Lumi täytti portaikon, ja linnut olivat rakentaneet pesän lampun alle.",
        ),
        "Maija Lehtinen",
        "kirjoittaa saaristosta ja soutaa töihin silloin kun meri sallii.",
        (
            "Keskustelu",
            "Hienoa, näin sitä pitää tehdä yhdessä.",
            "Toivottavasti maito riittää heinäkuussa.",
            "Lähetä",
        ),
        "Tilaa viikon jutut sähköpostiisi, niin et jää mistään paitsi.",
        ("Saaristo", "Kaupat", "Talkoot"),
    ),
    "ar": Texts(
        "عودة سوق الكتب القديمة إلى ضفة النهر",
        "بعد أربع سنوات من الغياب فتح الباعة صناديقهم من جديد، والزبائن يسألون عما نجا من الفيضان.",
        (
            "عاد باعة الكتب القديمة صباح الجمعة إلى أماكنهم على ضفة النهر بعد غياب دام أربع سنوات.",
            "كان الفيضان قد جرف الصناديق الخشبية وأتلف آلاف الكتب التي جمعها أصحابها طوال أعمارهم.",
            "تبرعت مكتبات المدينة بما تكرر عندها من النسخ، وجاءت شاحنة كاملة من مدينة مجاورة.",
            "يقول أقدم الباعة إن بعض زبائنه أعادوا إليه كتباً اشتروها منه قبل ثلاثين عاماً.",
            "رفعت البلدية الرصيف نصف متر وبنت خلفه جداراً من الحجر يحمي السوق عند ارتفاع الماء.",
            "ولا يدفع الباعة إيجاراً في السنة الأولى، على أن يفتحوا صناديقهم خمسة أيام في الأسبوع.",
            "ويأمل الطلاب أن تعود أيضاً طاولات الشطرنج التي كانت تصطف تحت أشجار الكينا.",
            "أما المقهى القديم فما زال مغلقاً لأن سقفه يحتاج إلى ترميم لم يبدأ بعد.",
        ),
        "الصناديق الأولى قبل وصول الزبائن",
        "مقالات أخرى من المدينة",
        (
            "الجسر الحديدي يغلق ليلاً أمام السيارات",
            "مدرسة الحي تزرع سطحها قمحاً",
            "آخر صانع للأعواد يبيع ورشته",
        ),
        (
            "تستمر أعمال الطلاء شهرين ويبقى ممر المشاة مفتوحاً طوال الوقت للجميع.",
            "يحصد التلاميذ ما زرعوه في حزيران ويخبزون منه رغيفاً لكل بيت.",
            "قال الرجل إن يديه لم تعودا تطيعانه وإنه يبحث عمن يكمل عمله.",
        ),
        "ليلى حداد",
        "تكتب عن المدينة وأسواقها منذ عشرين عاماً.",
        ("التعليقات", "اشتريت من هناك أول ديوان في حياتي.", "نتمنى أن يبقى السوق هذه المرة.", "أرسل"),
        "اكتب عنوانك هنا لتصلك رسالتنا كل صباح.",
        ("كتب", "أسواق", "النهر"),
    ),
    "zh": Texts(
        "山村的老邮局变成了图书馆",
        "关门十一年之后,村里唯一的邮局重新亮起了灯,只是柜台后面换成了书架。",
        (
            "每天傍晚五点,退休的邮递员会打开村口那座石头房子的门,把灯一盏一盏点亮。",
            "邮局在十一年前撤走以后,房子一直空着,屋顶漏雨,墙上的信箱也生了锈。",
            "去年春天,几位在城里工作的年轻人回来修好了屋顶,又运来了两千多本旧书。",
            "孩子们放学后先到这里写作业,写完才能从原来的信箱里抽一张借书卡。",
            "老人更喜欢靠窗的位置,因为那里可以看见河,也可以听见广播里的戏。",
            "村里规定借书不用押金,但是弄丢一本要带一本自己喜欢的书来代替。",
            "今年冬天他们打算装一个炉子,这样下雪的时候大家也愿意走这段路。",
            "如果一切顺利,邻村那座同样关了门的邮局明年也会变成一间阅览室。",
        ),
        "傍晚的老邮局门口",
        "相关阅读推荐",
        ("河上的木桥今年不再收过路费了", "最后一位做油纸伞的师傅收徒弟", "梯田里的水比往年晚到了半个月"),
        (
            "村民大会用举手的办法通过了这个决定,修桥的钱改由合作社来出。",
            "三位年轻人从外地赶来,要在这里住满两年才能学会全部的手艺。",
            "上游的水库先给城里供水,插秧的日子只好一推再推等到月底。",
        ),
        "林小满",
        "长期记录乡村生活,喜欢在旧书里找别人写下的字。",
        ("评论", "我小时候在这里寄过第一封信。", "希望炉子能早点装好。", "提交"),
        "留下邮箱地址,我们每周五把新的文章寄给你。",
        ("乡村", "图书馆", "邮局"),
    ),
    "ko": Texts(
        "바닷가 소금밭에 다시 물을 댄다",
        "십오 년 동안 비어 있던 염전을 마을 사람들이 스스로 고쳐 올여름 첫 소금을 거둔다.",
        (
            "서쪽 끝 마을의 염전에 지난 월요일 새벽, 십오 년 만에 바닷물이 다시 들어왔다.",
            "값싼 수입 소금에 밀려 문을 닫은 뒤로 둑은 무너지고 창고에는 갈매기만 살았다.",
            "마을 사람들은 겨울 내내 갯벌의 흙을 퍼 날라 무너진 둑을 한 줄씩 쌓아 올렸다.",
            "바닥에는 옛날처럼 깨진 항아리 조각을 깔았는데 햇볕을 오래 품기 때문이라고 한다.",
            "첫 소금은 칠월 중순에 나올 예정이며 절반은 벌써 도시의 식당들이 사기로 했다.",
            "군청은 물레방아를 고치는 돈을 보태는 대신 학생들이 와서 배우게 해 달라고 했다.",
            "여든이 넘은 염부 두 사람이 물의 때를 읽는 법을 젊은이들에게 가르치고 있다.",
            "장마가 길어지면 올해 농사는 끝나지만 아무도 그 이야기를 먼저 꺼내지 않는다.",
        ),
        "물이 들어온 첫날의 염전",
        "함께 보면 좋은 기사",
        (
            "섬으로 가는 배가 하루 세 번으로 늘었다",
            "마지막 등대지기가 섬을 떠났다",
            "갯벌에 흑두루미가 돌아왔다",
        ),
        (
            "새 배는 전기로 움직이고 휠체어를 탄 사람도 혼자서 오를 수 있다.",
            "삼십 년 동안 불을 지킨 그는 이제 뭍에서 작은 책방을 열 생각이다.",
            "작년보다 백 마리가 많은 무리가 논과 갯벌 사이에서 겨울을 나고 있다.",
        ),
        "한서윤",
        "바다와 섬을 취재하며 주말에는 김을 맨다.",
        ("댓글", "할아버지가 저 둑을 쌓으셨는데 반갑네요.", "올해는 장마가 짧기를 바랍니다.", "등록"),
        "매주 금요일 아침 섬 소식을 메일로 받아 보려면 주소를 남겨 주세요.",
        ("염전", "갯벌", "마을"),
    ),
}
LAYOUTS = ("divs", "sections", "wrapped")


def lines_of_article(language: str) -> list[str]:
    """What has to be kept: the deck and five paragraphs."""
    texts = LANGUAGES[language]
    return [texts.deck, *_paragraphs(texts)]


def lines_of_others(language: str) -> list[str]:
    """What is not the article's: other stories, the author's box, comments, forms, labels."""
    texts = LANGUAGES[language]
    return [
        *(texts.more, *texts.stories, *texts.summaries),
        f"{texts.author} {texts.about_author}",
        *(*texts.comments, texts.newsletter, *texts.tags),
    ]


def _paragraphs(texts: Texts) -> list[str]:
    """Five of three sentences each, which differ."""
    sentences = texts.sentences * 2
    between = "" if sentences[0].endswith("。") else " "
    return [between.join(sentences[start : start + 3]) for start in range(0, 15, 3)]


def page_of(language: str, layout: str) -> str:
    """The whole page."""
    texts = LANGUAGES[language]
    content = {"divs": _divs, "sections": _sections, "wrapped": _wrapped}[layout](texts)
    title = f'<title>{texts.headline}</title><meta name="author" content="{texts.author}">'
    return f'<html lang="{language}"><head><meta charset="utf-8">{title}</head><body>{content}</body></html>'


def _name(part: str) -> str:
    """A class attribute that says nothing."""
    return f'class="_{sha256(part.encode()).hexdigest()[:8]}"'


def _divs(texts: Texts) -> str:
    """All in one column of a page without any telling tag."""

    def div(part: str, inner: str) -> str:
        return f"<div {_name('divs ' + part)}>{inner}</div>"

    paragraphs = [f"<p>{text}</p>" for text in _paragraphs(texts)]
    figure = div("picture", f'<img src="/a.jpg" width="900" height="600">{div("caption", texts.caption)}')
    read_on = f'<p><strong>{texts.more}: <a href="/7">{texts.stories[0]}</a></strong></p>'
    author = div(
        "author",
        '<img src="/face.jpg" width="48" height="48">'
        + div("bio", f'<a href="/who/3">{texts.author}</a> {texts.about_author}'),
    )
    cards = "".join(
        div(
            "card",
            f'<a href="/{n}"><img src="/{n}.jpg"></a>'
            + div("title", f'<a href="/{n}">{story}</a>')
            + div("text", summary),
        )
        for n, (story, summary) in enumerate(zip(texts.stories, texts.summaries, strict=True), 7)
    )
    heading, *comments, button = texts.comments
    said = "".join(
        div("comment", div("who", "Kim") + div("when", "12.04.") + div("said", text)) for text in comments
    )
    form = f"<form><textarea></textarea><button>{button}</button></form>"
    return div(
        "page",
        div("head", f"<h1>{texts.headline}</h1>" + div("deck", texts.deck))
        + div("column", figure + "".join([*paragraphs[:2], read_on, *paragraphs[2:]]) + author)
        + div("tags", "".join(f'<a href="/t/{tag}">{tag}</a> ' for tag in texts.tags))
        + div("letter", f'<div>{texts.newsletter}</div><form><input type="email"><button>OK</button></form>')
        + div("more", div("h", texts.more) + cards)
        + div("comments", div("h2", heading) + said + form),
    )


def _sections(texts: Texts) -> str:
    """An article and what follows it in elements that say what they are, lists in the place of boxes."""
    paragraphs = "".join(f"<p>{text}</p>" for text in _paragraphs(texts))
    stories = "".join(
        f'<li><article><h3><a href="/{n}">{story}</a></h3><p>{summary}</p></article></li>'
        for n, (story, summary) in enumerate(zip(texts.stories, texts.summaries, strict=True), 7)
    )
    heading, *comments, button = texts.comments
    said = "".join(f"<li><b>Kim</b> <time>12.04.</time><p>{text}</p></li>" for text in comments)
    tags = "".join(f'<li><a href="/t/{tag}">{tag}</a></li>' for tag in texts.tags)
    return (
        f"<main><article><header><h1>{texts.headline}</h1><p {_name('s deck')}>{texts.deck}</p></header>"
        f'<figure><img src="/a.jpg"><figcaption>{texts.caption}</figcaption></figure>{paragraphs}'
        f"<ul {_name('s tags')}>{tags}</ul></article>"
        f"<section {_name('s author')}><h2>{texts.author}</h2><p>"
        f'<a href="/who/3">{texts.author}</a> {texts.about_author}</p></section>'
        f"<section {_name('s more')}><h2>{texts.more}</h2><ul>{stories}</ul></section>"
        f'<section {_name("s letter")}><h2>{texts.newsletter}</h2><form><input type="email"></form></section>'
        f"<section {_name('s comments')}><h2>{heading}</h2><ol>{said}</ol>"
        f"<form><textarea></textarea><button>{button}</button></form></section></main>"
    )


def _wrapped(texts: Texts) -> str:
    """What a builder of sites makes: every part in boxes of its own, cards that are one link each, a gallery."""

    def box(part: str, inner: str) -> str:
        return f"<div {_name('w row')}><div {_name('w ' + part)}>{inner}</div></div>"

    paragraphs = [box("text", f"<p>{text}</p>") for text in _paragraphs(texts)]
    gallery = "".join(
        f'<div {_name("w slide")}><img src="/{n}.jpg" width="900" height="600"><span>{n} / 3</span></div>'
        for n in range(1, 4)
    )
    cards = "".join(
        f'<a {_name("w card")} href="/{n}"><div><h4>{story}</h4><p>{summary}</p></div></a>'
        for n, (story, summary) in enumerate(zip(texts.stories, texts.summaries, strict=True), 7)
    )
    heading, *comments, button = texts.comments
    said = "".join(
        f'<div {_name("w comment")}><img src="/{n}.png" width="32" height="32"><span>Kim</span><p>{text}</p></div>'
        for n, text in enumerate(comments)
    )
    return box(
        "all",
        box("title", f"<h1>{texts.headline}</h1>")
        + box("deck", f"<h2>{texts.deck}</h2>")
        + "".join(paragraphs[:3])
        + box("gallery", gallery)
        + "".join(paragraphs[3:])
        + box(
            "author",
            f'<img src="/face.jpg" width="64" height="64"><p><b><a href="/who/3">{texts.author}</a></b>'
            f" {texts.about_author}</p>",
        )
        + box("letter", f'<p>{texts.newsletter}</p><form><input type="email"><button>OK</button></form>')
        + box("more", f"<h3>{texts.more}</h3>{cards}")
        + box(
            "comments", f"<h3>{heading}</h3>{said}<form><textarea></textarea><button>{button}</button></form>"
        )
        + box("tags", " ".join(f'<a href="/t/{tag}">{tag}</a>' for tag in texts.tags)),
    )

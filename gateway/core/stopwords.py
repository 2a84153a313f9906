"""The words every language is held together by: their share tells prose from labels."""

STOP_WORDS = frozenset(
    """
    a about after all also an and any are as at be been but by can could do for from had has have he her his
    how i if in into is it its just like me more most my no not of on one only or other our out over she so
    some than that the their them then there these they this to up us was we were what when which while who
    will with would you your au aux avec ce ces cette dans de des du elle en est et il ils je la le les leur
    lui mais ne nous on ou par pas plus pour qu que qui sa se ses son sont sur un une vous als am auch auf
    aus bei bis das dass dem den der die ein eine einem einen einer er es für hat ich ihr im ist man mit
    nach nicht noch nur oder sein sich sie sind so über um und uns von vor war wenn werden wie wir wird zu
    zum zur como con cuando del el ella entre era esta este esto fue ha hay las lo los mas más muy nos o
    para pero por porque sin sobre su sus también tiene una y ya ao com da das do dos ele em foi isso mais
    mas na nas no nos não os ou pela pelo quando se sem seu sua são também um uma al alla anche che chi ci
    come cui da dal dalla degli dei del della delle di e gli ho ma mi nel nella non per più perché quando
    questo se si sono un uno aan als bij dat de die dit door een en er het hij ik in is je maar met naar
    niet nog of om ook op te tot uit van voor was wat we zij zijn att av den det en ett för från han har hon
    i inte jag kan med men och om på sig som till var vi i jak je jest na nie o od po się to w z za że do
    dla ale a czy а без бы был была было были в во все для до его ее если есть еще же за и из или их к как
    когда ко мы на не но о об он она они от по при с со так также то только у уже что чтобы это я є і й на
    не що та як до від за про у це з або але bir bu da de için ile ve ya çok gibi daha olarak ne var en o
    ada adalah akan atau dan dari dengan di ini itu ke oleh pada tidak untuk yang các của cho có không là
    một này những và với được trong để و في من على إلى عن أن إن هذا هذه التي الذي كان قد لا ما مع كما أو هو
    هي بين كل بعد قبل ذلك تم از این است به با برای بر تا در را که ها و یا של על את הוא היא זה לא עם כל גם או
    כי אל है के की का में और से को पर यह एक भी नहीं कि लिए हैं था इस तो वह जो कर ने हो ही এবং এই একটি ও করে
    জন্য থেকে না যে και το του την τα της με για από που στο να είναι δεν 이 그 및 수 등 것 는 은 를 에 의 가 한 있다 하는
    """.split()
)

# Chinese and Japanese particles, and the commonest of Thai: about as frequent there as stop words elsewhere.
FUNCTION_CHARACTERS = (
    "的了是在不和有也就都而及与與这這我们們你他她它之被把从從到对對于於のはにをがとでもたてれいるなかし"
)

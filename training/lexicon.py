"""Words that speak for a task, in the languages that local models meet most.

The model's file has their hashes only: a word that no training prompt has still counts for its group.
"""

from __future__ import annotations

from zlib import crc32


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORDS: dict[str, frozenset[str]] = {
    "language": _words(
        """
        python javascript typescript java kotlin rust golang php perl ruby bash powershell sql mysql postgres
        postgresql sqlite html css react vue angular django flask fastapi laravel spring pandas numpy pytorch
        tensorflow matplotlib sklearn kubernetes docker dockerfile terraform nginx regex regexp vba matlab verilog
        vhdl cuda opencl unity arduino linux git github npm pip webpack node nodejs nextjs express symfony swift
        swiftui scala haskell clojure elixir lua awk sed cobol fortran dart flutter tailwind bootstrap tkinter
        streamlit gradio selenium puppeteer playwright pytest junit c++ c# wpf excel vb6 solidity cmake makefile
        yaml hive hivesql spark kafka redis mongodb graphql
        """
    ),
    "programming": _words(
        """
        code coding codes function functions program programs script scripts algorithm class method compile compiler
        debug debugger refactor refactoring bug stacktrace traceback exception api endpoint endpoints backend
        frontend database query queries unittest tests mock variable variables array arrays string strings tuple
        tuples list lists dict dictionary hashmap boolean integer integers iterator loop recursion recursive linked
        node pointer struct enum async await thread threads mutex library libraries framework app website webpage
        plugin extension cli repository snippet syntax implement programme código programa programar función
        funzione codice fonction quelltext quellcode programm skript код программу программа функцию функция скрипт
        ошибка
        """
    ),
    "maths": _words(
        """
        equation equations integral derivative derivatives matrix matrices polynomial theorem prove proof
        probability triangle circle radius diameter perimeter angle angles rectangle vertices hypotenuse fraction
        fractions prime primes factorial logarithm sine cosine tangent vector vectors eigenvalue eigenvalues modulo
        remainder divisible divided multiplied percent percentage average mean median variance deviation sum product
        quotient inequality algebra geometry calculus compute calculate evaluate solve simplify integers isomorphic
        topology continuous differentiable convergence converges arithmetic permutations combinations dice expected
        distribution velocity acceleration momentum kelvin volume area ecuación probabilidad calcular calcula
        integrale wahrscheinlichkeit gleichung berechne найти уравнение вычислить вероятность докажите плотность
        вычисли сколько чему равна найдите tính phương trình calcule mesure fuerza cuánto combien quanto wieviel
        """
    ),
    "trade": _words(
        """
        cost costs costing buys bought buy sells sold sell pays paid pay earns earned earn spend spends spent
        dollars cents price prices hours hour minutes minute miles mile pounds pound inches feet times twice half
        double third quarter dozen total each per altogether left more less than week weeks day days
        """
    ),
    "summary": _words(
        """
        summarize summarise summary summaries tldr summarization condense resume zusammenfassung fasse resumen
        résumé résume riassumi riassunto resumo кратко суммируй перескажи
        """
    ),
    "translation": _words(
        """
        translate translation translating übersetze übersetzen traduce traducir traduis traduire traduzir traduza
        traduci переведи переведите перевод
        """
    ),
    "extraction": _words(
        """
        extract extraction entities entity categorize categorise classify classification label labels tabulate csv
        category categories sentiment extrahiere extrae
        """
    ),
    "writing": _words(
        """
        poem poems poetry haiku sonnet limerick story stories tale novel fiction fanfic fanfiction essay lyrics song
        rap verse rhyme rhyming screenplay script dialogue scene scenes character characters protagonist blog
        article email letter speech slogan headline tagline caption paraphrase rewrite rephrase reword proofread
        creative narrative plot fictional compose draft memo biography storytelling poema historia cuento relato
        escribe escreva poème histoire écris gedicht geschichte schreibe aufsatz brief poesia sceneggiatura racconto
        fragmento novela scrivi história стихотворение стих стихи поэма песню срифмуй рифмой диалог сюжет сценария
        мультфильма роман рассказ сказку историю сценарий четверостишие эссе напиши roman romance parody monologue
        sketch joke jokes style tone 写作 paragraph paragraphs thơ truyện viết
        """
    ),
    "roleplay": _words(
        """
        roleplay persona pretend embody imagine suppose act acting role character
        """
    ),
    "logic": _words(
        """
        puzzle riddle logic logical deduce infer reasoning premise premises conclusion conclude therefore statements
        true false uncertain likely sensical hypothesis plausible
        """
    ),
    "explaining": _words(
        """
        explain describe difference differences compare define definition meaning discuss overview example examples
        why advantages disadvantages impact effects influence key concept
        """
    ),
    "demand": _words(
        """
        refactor refactoring migrate migration redesign architecture optimize optimise optimization scalable concurrency
        distributed prove proof derive rigorous rigorously comprehensive detailed detail thorough thoroughly depth
        extensive complete complex efficient constraints requirements specification tradeoffs offs edge cases analysis
        analyze strategy plan design evaluate justify compare critically research report essay chapter curriculum
        entwickle ausführlich detailliert umfassend beweise détaillé complet démontrer detallado exhaustivo demuestra
        подробно докажите детально
        """
    ),
    "asking": _words(
        """
        who whom whose when where which what why how did does is are was were can could wer wann wo warum quién
        cuándo dónde qué cómo quand où pourquoi comment кто когда где почему что как
        """
    ),
    "greeting": _words(
        """
        hi hello hey thanks thank yo bye goodbye hola bonjour salut hallo ciao olá привет спасибо merhaba
        """
    ),
    "tools": _words(
        """
        tool tools
        """
    ),
}
"""Name of a group → its words, lower case. A word may stand in several groups."""

CJK: dict[str, tuple[str, ...]] = {
    "programming": ("代码", "函数", "程序", "编程", "脚本", "コード", "プログラム", "関数", "코드", "함수"),
    "maths": ("数学", "体积", "面积", "概率", "자연수", "계산", "计算", "方程", "证明", "求", "計算", "方程式", "確率"),
    "summary": ("总结", "摘要", "概括", "要約", "요약"),
    "translation": ("翻译", "翻譯", "翻訳", "번역"),
    "writing": ("小说", "故事", "诗", "写一篇", "歌词", "文章", "剧本", "台詞", "物語", "小説", "詩", "이야기", "소설"),
    "demand": ("详细", "证明", "分析", "設計", "详尽", "자세히", "詳細"),
    "asking": ("什么", "为什么", "怎么", "如何", "何ですか", "なぜ", "どう", "무엇", "왜"),
    "greeting": ("你好", "您好", "こんにちは", "안녕"),
}
"""The same for languages that write no spaces: looked for as parts of the text."""

GROUPS: dict[str, frozenset[int]] = {
    group: frozenset(
        [crc32(word.encode()) for word in words] + [crc32(piece[:2].encode()) for piece in CJK.get(group, ())]
    )
    for group, words in WORDS.items()
}
"""Name of a group → the hashes that `ngrams` makes of its words, and of the first two characters of its pieces."""

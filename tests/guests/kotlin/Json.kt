// JSON: a value as a sealed class, a parser that throws, a printer.
private sealed interface Json {
    data object Null : Json
    data class Truth(val value: Boolean) : Json
    data class Number(val value: Double) : Json
    data class Text(val value: String) : Json
    data class Items(val values: List<Json>) : Json
    data class Fields(val values: Map<String, Json>) : Json
}

private class BadJson(val at: Int, message: String) : Exception("$message at $at")

private class Parser(private val text: String) {
    private var at = 0

    fun parse(): Json = value().also { if (skip() < text.length) fail("more text") }

    private fun fail(why: String): Nothing = throw BadJson(at, why)

    private fun skip(): Int {
        while (at < text.length && text[at] <= ' ') at++
        return at
    }

    private fun accept(letter: Char): Boolean = (skip() < text.length && text[at] == letter).also { if (it) at++ }

    private fun expect(letter: Char) {
        if (!accept(letter)) fail("'$letter' expected")
    }

    private fun literal(word: String, value: Json): Json {
        if (!text.startsWith(word, at)) fail("$word expected")
        at += word.length
        return value
    }

    private fun value(): Json = when (if (skip() < text.length) text[at] else fail("value expected")) {
        '{' -> fields()
        '[' -> items()
        '"' -> Json.Text(string())
        't' -> literal("true", Json.Truth(true))
        'f' -> literal("false", Json.Truth(false))
        'n' -> literal("null", Json.Null)
        else -> number()
    }

    private fun fields(): Json {
        val values = LinkedHashMap<String, Json>()
        expect('{')
        if (accept('}')) return Json.Fields(values)
        do {
            skip()
            val name = string()
            expect(':')
            values[name] = value()
        } while (accept(','))
        expect('}')
        return Json.Fields(values)
    }

    private fun items(): Json {
        val values = ArrayList<Json>()
        expect('[')
        if (accept(']')) return Json.Items(values)
        do values += value() while (accept(','))
        expect(']')
        return Json.Items(values)
    }

    private fun string(): String {
        if (at >= text.length || text[at] != '"') fail("'\"' expected")
        at++
        val found = StringBuilder()
        while (true) {
            if (at >= text.length) fail("end of text in a string")
            when (val letter = text[at++]) {
                '"' -> return found.toString()
                '\\' -> found.append(escaped())
                else -> found.append(letter)
            }
        }
    }

    private fun escaped(): Char = when (val letter = text[at++]) {
        'n' -> '\n'
        't' -> '\t'
        'u' -> text.substring(at, at + 4).toInt(16).toChar().also { at += 4 }
        '"', '\\', '/' -> letter
        else -> fail("escape $letter")
    }

    private fun number(): Json {
        val start = at
        while (at < text.length && (text[at].isDigit() || text[at] in "+-.eE")) at++
        return Json.Number(text.substring(start, at).toDoubleOrNull() ?: fail("number expected"))
    }
}

private fun StringBuilder.quote(text: String) {
    append('"')
    for (letter in text) {
        when {
            letter == '"' || letter == '\\' -> append('\\').append(letter)
            letter == '\n' -> append("\\n")
            letter < ' ' || letter > '~' -> append("\\u").append(letter.code.toString(16).padStart(4, '0'))
            else -> append(letter)
        }
    }
    append('"')
}

private fun StringBuilder.print(value: Json, indent: String) {
    val inner = "$indent  "
    when (value) {
        Json.Null -> append("null")
        is Json.Truth -> append(value.value)
        is Json.Number -> if (value.value == value.value.toInt().toDouble()) append(value.value.toInt()) else append(value.value)
        is Json.Text -> quote(value.value)
        is Json.Items -> list('[', ']', value.values, indent) { print(it, inner) }
        is Json.Fields -> list('{', '}', value.values.entries, indent) {
            quote(it.key)
            append(": ")
            print(it.value, inner)
        }
    }
}

private fun <T> StringBuilder.list(open: Char, close: Char, items: Collection<T>, indent: String, one: (T) -> Unit) {
    append(open)
    for ((i, item) in items.withIndex()) {
        append(if (i == 0) "\n  " else ",\n  ").append(indent)
        one(item)
    }
    if (items.isNotEmpty()) append('\n').append(indent)
    append(close)
}

private fun invented(dice: Dice, depth: Int): Json = when (if (depth == 0) dice.next(4) else 4 + dice.next(2)) {
    0 -> Json.Null
    1 -> Json.Truth(dice.next(2) == 0)
    2 -> Json.Number(if (dice.next(2) == 0) dice.next(100000) / 8.0 else dice.next(1000).toDouble())
    3 -> Json.Text("text \"${dice.next(1000)}\" é\n".repeat(1 + dice.next(3)))
    4 -> Json.Items(List(dice.next(6)) { invented(dice, depth - 1) })
    else -> Json.Fields((0..dice.next(5)).associate { "field$it" to invented(dice, depth - 1) })
}

fun json(size: Int) {
    val dice = Dice(size)
    val sum = Sum()
    var letters = 0L
    repeat(size) {
        val value = invented(dice, minOf(5, size + 1))
        val text = buildString { print(value, "") }
        check(Parser(text).parse() == value)
        sum.add(text)
        letters += text.length
    }
    tell("$letters letters, sum $sum")
    tell(buildString { print(invented(Dice(7), minOf(3, size)), "") })
    val broken = listOf("[1, 2", "{\"a\" 1}", "[1] 2", "\"\\q\"", "nul", "[1,,2]", "\"open", "{\"a\": [true, fals]}", "")
    for (text in broken) {
        try {
            tell(Parser(text).parse().toString())
        } catch (bad: BadJson) {
            tell("$text: ${bad.message}")
        }
    }
}

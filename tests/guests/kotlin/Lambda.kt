// A small functional language: parsed, folded, interpreted as a tree of sealed classes, and once more as lambdas.
private sealed class Term {
    class Number(val value: Int) : Term()
    class Name(val name: String) : Term()
    class Lambda(val parameter: String, val body: Term) : Term()
    class Apply(val function: Term, val argument: Term) : Term()
    class If(val condition: Term, val yes: Term, val no: Term) : Term()
    class Let(val name: String, val value: Term, val body: Term) : Term()
    class Op(val sign: Char, val left: Term, val right: Term) : Term()
}

private sealed class Value {
    data class Number(val number: Int) : Value()
    class Closure(val parameter: String, val body: Term, var scope: Scope?) : Value()
    class Function(val call: (Value) -> Value) : Value()
}

private class Scope(val name: String, var value: Value, val outer: Scope?)

private class TermReader(text: String) {
    private val tokens = Regex("""\d+|[a-z]+|=>|[-+*<()=;\\]""").findAll(text).map { it.value }.toList()
    private var at = 0

    private fun peek() = tokens.getOrNull(at)

    private fun eat(token: String) = check(tokens[at++] == token) { "$token expected, not ${tokens[at - 1]}" }

    fun term(): Term = when (peek()) {
        "let" -> {
            eat("let")
            val name = tokens[at++]
            eat("=")
            val value = term()
            eat(";")
            Term.Let(name, value, term())
        }
        "if" -> {
            eat("if")
            val condition = term()
            eat("then")
            val yes = term()
            eat("else")
            Term.If(condition, yes, term())
        }
        "\\" -> {
            eat("\\")
            val name = tokens[at++]
            eat("=>")
            Term.Lambda(name, term())
        }
        else -> binary(0)
    }

    private fun binary(level: Int): Term {
        if (level == 3) return application()
        var left = binary(level + 1)
        while (peek()?.let { it in listOf("<", "+-", "*")[level] } == true) left = Term.Op(tokens[at++][0], left, binary(level + 1))
        return left
    }

    private fun application(): Term {
        var left = atom()
        while (peek()?.let { it == "(" || it[0].isLetterOrDigit() && it !in listOf("then", "else") } == true) left = Term.Apply(left, atom())
        return left
    }

    private fun atom(): Term {
        val token = tokens[at++]
        if (token == "(") return term().also { eat(")") }
        return token.toIntOrNull()?.let { Term.Number(it) } ?: Term.Name(token)
    }
}

private fun calculate(sign: Char, a: Int, b: Int): Int = when (sign) {
    '+' -> a + b
    '-' -> a - b
    '*' -> a * b
    '<' -> if (a < b) 1 else 0
    else -> error("sign $sign")
}

private fun folded(term: Term): Term = when (term) {
    is Term.Number, is Term.Name -> term
    is Term.Lambda -> Term.Lambda(term.parameter, folded(term.body))
    is Term.Apply -> Term.Apply(folded(term.function), folded(term.argument))
    is Term.If -> Term.If(folded(term.condition), folded(term.yes), folded(term.no))
    is Term.Let -> Term.Let(term.name, folded(term.value), folded(term.body))
    is Term.Op -> {
        val left = folded(term.left)
        val right = folded(term.right)
        if (left is Term.Number && right is Term.Number) Term.Number(calculate(term.sign, left.value, right.value))
        else Term.Op(term.sign, left, right)
    }
}

private fun find(name: String, scope: Scope?): Value {
    var at = scope
    while (at != null) {
        if (at.name == name) return at.value
        at = at.outer
    }
    error("no $name")
}

private var steps = 0L

private fun evaluate(term: Term, scope: Scope?): Value {
    steps++
    return when (term) {
        is Term.Number -> Value.Number(term.value)
        is Term.Name -> find(term.name, scope)
        is Term.Lambda -> Value.Closure(term.parameter, term.body, scope)
        is Term.Apply -> {
            val function = evaluate(term.function, scope) as Value.Closure
            evaluate(function.body, Scope(function.parameter, evaluate(term.argument, scope), function.scope))
        }
        is Term.If -> if ((evaluate(term.condition, scope) as Value.Number).number != 0) evaluate(term.yes, scope) else evaluate(term.no, scope)
        is Term.Let -> {
            val value = evaluate(term.value, scope)
            val inner = Scope(term.name, value, scope)
            if (value is Value.Closure) value.scope = inner
            evaluate(term.body, inner)
        }
        is Term.Op -> {
            val left = evaluate(term.left, scope) as Value.Number
            val right = evaluate(term.right, scope) as Value.Number
            Value.Number(calculate(term.sign, left.number, right.number))
        }
    }
}

private typealias Code = (Array<Value?>) -> Value

/** Names are numbered ahead: each lambda gets the values around it and its own behind them. */
private fun prepared(term: Term, names: List<String>): Code {
    val size = names.size
    return when (term) {
        is Term.Number -> constant(Value.Number(term.value))
        is Term.Name -> variable(names.lastIndexOf(term.name))
        is Term.Lambda -> function(size, prepared(term.body, names + term.parameter))
        is Term.Apply -> applied(prepared(term.function, names), prepared(term.argument, names))
        is Term.If -> choice(prepared(term.condition, names), prepared(term.yes, names), prepared(term.no, names))
        is Term.Let -> bound(size, prepared(term.value, names + term.name), prepared(term.body, names + term.name))
        is Term.Op -> operation(term.sign, prepared(term.left, names), prepared(term.right, names))
    }
}

private fun constant(value: Value): Code = { value }

private fun variable(at: Int): Code = { frame -> frame[at]!! }

private fun function(size: Int, body: Code): Code = { frame ->
    Value.Function { argument -> body(frame.copyOf(size + 1).also { it[size] = argument }) }
}

private fun applied(function: Code, argument: Code): Code = { frame -> (function(frame) as Value.Function).call(argument(frame)) }

private fun choice(condition: Code, yes: Code, no: Code): Code = { frame ->
    if ((condition(frame) as Value.Number).number != 0) yes(frame) else no(frame)
}

private fun bound(size: Int, value: Code, body: Code): Code = { frame ->
    val inner = frame.copyOf(size + 1)
    inner[size] = value(inner)
    body(inner)
}

private fun operation(sign: Char, left: Code, right: Code): Code = { frame ->
    Value.Number(calculate(sign, (left(frame) as Value.Number).number, (right(frame) as Value.Number).number))
}

fun lambda(size: Int) {
    val sources = listOf(
        "let fib = \\n => if n < 2 then n else fib (n - 1) + fib (n - 2); fib $size",
        "let twice = \\f => \\x => f (f x); let inc = \\n => n + 2 * 3 - 5; twice (twice twice) inc $size",
        "let sum = \\n => \\a => if n < 1 then a else sum (n - 1) (a + n * n); sum (${size * 20}) 0",
        "let y = \\f => (\\x => f (\\v => x x v)) (\\x => f (\\v => x x v));" +
            "y (\\rec => \\n => if n < 2 then 1 else n * rec (n - 1)) $size",
    )
    steps = 0
    for (source in sources) {
        val term = folded(TermReader(source).term())
        val slow = evaluate(term, null)
        val fast = prepared(term, listOf())(arrayOfNulls(0))
        tell("$slow $fast after $steps steps")
    }
    try {
        evaluate(TermReader("1 + (2 3)").term(), null)
    } catch (wrong: ClassCastException) {
        tell("a number was called")
    }
}

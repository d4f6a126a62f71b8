// Text: words from syllables, counted in hash maps, cut, joined, turned, sorted.
private val syllables = listOf("ka", "lo", "mi", "tu", "re", "sha", "on", "del", "fi", "zug", "é", "nn", "ß", "ar", "qui", "x")

private fun word(dice: Dice): String = buildString { repeat(1 + dice.next(4)) { append(syllables[dice.next(syllables.size)]) } }

private fun isPalindrome(text: String): Boolean = text.isNotEmpty() && text == text.reversed()

private fun rotated(text: String): String = text.map { if (it in 'a'..'z') 'a' + (it - 'a' + 13) % 26 else it }.joinToString("")

fun words(size: Int) {
    val dice = Dice(size)
    val counts = HashMap<String, Int>()
    val places = LinkedHashMap<String, MutableList<Int>>()
    val line = StringBuilder()
    var palindromes = 0
    val sum = Sum()
    for (i in 0 until size) {
        val word = word(dice)
        counts[word] = (counts[word] ?: 0) + 1
        if (word.length < 4) places.getOrPut(word) { mutableListOf() } += i
        if (isPalindrome(word)) palindromes++
        line.append(word).append(if (i % 12 == 11) '\n' else ' ')
        if (line.length > 4000) {
            val lines = line.toString().trim().lines()
            for (text in lines) sum.add(text.split(' ').filter { it.length > 2 }.joinToString("-") { it.uppercase() })
            sum.add(rotated(lines[0].replace("sha", "SHA").substringBefore("SHA")))
            line.clear()
        }
    }
    val often = counts.entries.sortedWith(compareByDescending<Map.Entry<String, Int>> { it.value }.thenBy { it.key })
    tell("${counts.size} words, $palindromes palindromes, ${places.values.sumOf { it.size }} short ones")
    for ((word, count) in often.take(5)) tell("${word.padEnd(8, '.')}${count.toString().padStart(7)}")
    counts.keys.removeAll { it.length > 5 }
    tell("${counts.size} left, ${places.entries.first().key} first, sum $sum")
}

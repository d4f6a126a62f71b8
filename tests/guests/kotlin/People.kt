// Data classes in collections: sorted, grouped, folded, zipped.
private enum class City { Ghent, Oslo, Porto, Turin, Zagreb }

private data class Person(val name: String, val age: Int, val city: City, val salary: Double, val boss: Person?)

private val names = listOf("Ada", "Bo", "Cy", "Dee", "Eve", "Flo", "Gus", "Hal", "Ida", "Jo", "Kim", "Lou")

private fun hire(count: Int): List<Person> {
    val dice = Dice(count)
    val people = ArrayList<Person>(count)
    repeat(count) {
        val name = names[dice.next(names.size)] + " " + names[dice.next(names.size)]
        val boss = if (people.isEmpty()) null else people[dice.next(people.size)]
        people += Person(name, 18 + dice.next(50), City.entries[dice.next(5)], dice.next(100000) / 4.0, boss)
    }
    return people
}

private fun height(person: Person): Int = generateSequence(person) { it.boss }.count()

fun people(size: Int) {
    val people = hire(size)
    val sum = Sum()
    val sorted = people.sortedWith(compareBy<Person> { it.city }.thenByDescending { it.salary }.thenBy { it.name })
    for (person in sorted) sum.add("${person.name}${person.age}")
    for ((city, here) in people.groupBy { it.city }.toSortedMap()) {
        val (young, old) = here.partition { it.age < 40 }
        val best = here.maxBy { it.salary }
        tell("$city: ${young.size} young, ${old.size} old, best ${best.name} with ${best.salary}")
    }
    val pairs = people.groupingBy { it.name to it.age / 10 }.eachCount()
    tell("${pairs.size} pairs, ${pairs.values.max()} at most, ${people.distinctBy { it.copy(boss = null) }.size} alike once")
    val raised = people.map { it.copy(salary = it.salary * 1.5, boss = null) }.toSet()
    tell("${raised.size} after a raise, ${people.first().copy(boss = null) in raised}")
    tell("tallest chain ${people.maxOf { height(it) }}, pay ${people.fold(0.0) { pay, one -> pay + one.salary }}")
    val oldest = people.windowed(7, 3).map { some -> some.maxOf { it.age } }.groupBy { it }.mapValues { it.value.size }
    tell("windows ${oldest.entries.sortedBy { it.key }.joinToString { "${it.key}x${it.value}" }.takeLast(60)}")
    val tree = people.associateBy { it.name + it.age }.values.flatMap { listOf(it.age, it.name.length) }.chunked(5)
    tell("${tree.size} chunks, ${tree.sumOf { it.sum() }}, ${people.last().copy(boss = null)}, sum $sum")
}

private fun <K : Comparable<K>, V> Map<K, V>.toSortedMap(): Map<K, V> =
    entries.sortedBy { it.key }.associate { it.key to it.value }

// Coroutines: sequences, generators that call themselves, and a scheduler of suspended tasks.
import kotlin.coroutines.Continuation
import kotlin.coroutines.CoroutineContext
import kotlin.coroutines.EmptyCoroutineContext
import kotlin.coroutines.resume
import kotlin.coroutines.resumeWithException
import kotlin.coroutines.startCoroutine
import kotlin.coroutines.suspendCoroutine

private fun collatz(start: Int): Sequence<Long> = sequence {
    var n = start.toLong()
    while (n != 1L) {
        yield(n)
        n = if (n % 2 == 0L) n / 2 else 3 * n + 1
    }
    yield(1L)
}

private class Branch(val key: Int, var left: Branch? = null, var right: Branch? = null) {
    fun insert(new: Int) {
        if (new < key) left?.insert(new) ?: run { left = Branch(new) }
        else right?.insert(new) ?: run { right = Branch(new) }
    }

    fun walk(): Sequence<Int> = sequence {
        left?.let { yieldAll(it.walk()) }
        yield(key)
        right?.let { yieldAll(it.walk()) }
    }
}

private class Scheduler {
    private val ready = ArrayDeque<() -> Unit>()

    fun launch(task: suspend Scheduler.() -> Unit) {
        ready.addLast {
            task.startCoroutine(this, object : Continuation<Unit> {
                override val context: CoroutineContext = EmptyCoroutineContext
                override fun resumeWith(result: Result<Unit>) {
                    result.exceptionOrNull()?.let { tell("a task failed: ${it.message}") }
                }
            })
        }
    }

    fun later(what: () -> Unit) = ready.addLast(what)

    suspend fun pause() = suspendCoroutine<Unit> { task -> later { task.resume(Unit) } }

    fun run(): Int {
        var turns = 0
        while (true) {
            val next = ready.removeFirstOrNull() ?: return turns
            next()
            turns++
        }
    }
}

private class Channel<T : Any>(private val scheduler: Scheduler) {
    private val items = ArrayDeque<T>()
    private val waiting = ArrayDeque<Continuation<T>>()
    private var closed = false

    fun send(item: T) {
        val taker = waiting.removeFirstOrNull()
        if (taker == null) items.addLast(item) else scheduler.later { taker.resume(item) }
    }

    fun close() {
        closed = true
        for (taker in waiting) scheduler.later { taker.resumeWithException(IllegalStateException("closed")) }
        waiting.clear()
    }

    suspend fun receive(): T = items.removeFirstOrNull() ?: suspendCoroutine { task ->
        if (closed) task.resumeWithException(IllegalStateException("closed")) else waiting.addLast(task)
    }
}

private fun scheduled(size: Int) {
    val scheduler = Scheduler()
    val numbers = Channel<Int>(scheduler)
    val sums = Channel<Long>(scheduler)
    var total = 0L
    for (worker in 1..4) {
        scheduler.launch {
            var got = 0
            try {
                while (true) {
                    val number = numbers.receive()
                    if (number % 16 == 0) pause()
                    got++
                    sums.send(number.toLong() * worker)
                }
            } catch (end: IllegalStateException) {
                tell("worker $worker got $got")
                if (worker == 3) throw RuntimeException("and $worker gives up")
            }
        }
    }
    scheduler.launch {
        for (i in 0 until size) {
            numbers.send(i)
            if (i % 7 == 0) pause()
        }
        pause()
        numbers.close()
    }
    scheduler.launch { repeat(size) { total += sums.receive() } }
    val turns = scheduler.run()
    tell("$turns turns, total $total")
}

fun flows(size: Int) {
    val longest = (1..size).asSequence().map { it to collatz(it).count() }.maxBy { it.second }
    tell("longest $longest, top ${(1..size).maxOf { collatz(it).max() }}")
    val dice = Dice(size)
    val root = Branch(5000)
    repeat(size / 10) { root.insert(dice.next(10000)) }
    tell("${root.walk().zipWithNext().count { (a, b) -> a == b }} pairs, ${root.walk().drop(3).take(5).toList()}")
    val fibonacci = generateSequence(0L to 1L) { (a, b) -> b to (a + b) % 1000007 }.map { it.first }
    val thirds = fibonacci.filter { it % 3 == 1L }.flatMap { listOf(it, -it) }.drop(size).chunked(3).map { it.sum() }
    tell("${thirds.take(4).toList()}")
    scheduled(size)
}

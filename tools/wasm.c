/* The `wasm` program: finds the verb. `wasm FILE` is `wasm run FILE`. */
#include "tools/run_determinism.h"
#include "tools/tool.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

typedef struct Verb {
  const char *name;
  int (*main)(int argc, char **argv);
  const char *line; /* in the list of verbs */
  const char *help;
} Verb;

static const Verb verbs[] = {
    {"run", run_main, "run a program or call a function",
     "usage: wasm [run] [OPTION]... FILE [ARGUMENT]...\n"
     "Runs a WebAssembly program under WASI: a module (binary or text) under preview 1, a "
     "component\n"
     "under 0.2. It gets the arguments, the standard streams, and what is named here:\n"
     "  --dir HOST[::GUEST][:ro][:special]   a directory, as GUEST (else as HOST); :ro to be "
     "read\n"
     "                             only; :special with its pipes and devices (null, zero, full, "
     "random\n"
     "                             and urandom need no permission)\n"
     "  --mapdir GUEST:HOST[:ro][:special]   the same, the other way round\n"
     "  --mount mem[:SIZE]::GUEST[:ro]   an empty directory in memory, of at most SIZE (256M)\n"
     "  --overlay HOST[::GUEST][:ro]   a directory whose changes stay in memory\n"
     "  --archive FILE::GUEST      what is in a tar or zip, to be read only\n"
     "  --tcplisten ADDRESS        a listener, such as 127.0.0.1:8080, [::1]:0 (a free port, which "
     "is\n"
     "                             told) or unix:/path; the descriptor behind the directories\n"
     "  --listen-fds               the listeners that systemd handed over (LISTEN_FDS)\n"
     "  --net GRANT                a component's network: all, or one of tcp-connect, tcp-bind, "
     "udp-send,\n"
     "                             udp-bind with =ADDRESS[/BITS][:PORT[-PORT]] (* is any), or "
     "lookup=NAME\n"
     "                             (*.NAME, *); nothing is reached unasked\n"
     "  --terminal                 raw mode and the size of the terminal (the imports "
     "\"wasm_terminal\"),\n"
     "                             and TERM, COLORTERM, NO_COLOR as they are here\n"
     "  --env NAME[=VALUE]         an environment variable (without VALUE: as it is here); none "
     "is\n"
     "                             given unasked, TERM, LINES and COLUMNS neither\n"
     "  --env-file FILE            such variables, one a line; # starts a comment line, quotes "
     "around\n"
     "                             a value are taken off\n"
     "  --inherit-env              all variables that are here; of several settings the last "
     "counts\n"
     "  --argv0 NAME               what the program is told as its own name (else FILE)\n"
     "  --policy FILE              what it is given, and limits, from a file (YAML), standard "
     "streams "
     "too;\n"
     "                             'wasm inspect --capabilities' prints one to begin with\n"
     "  --record FILE              write down all that comes from outside\n"
     "  --replay FILE              run it again with what was written down\n"
     "  --audit FILE               a line of JSON for each file, socket and so on that it asks "
     "for\n"
     "  --invoke FUNCTION          call this export with the arguments, print its results; of a "
     "component\n"
     "                             such as 'add(1, 2)' or 'interface.function({a: [\"x\"]})', in "
     "WIT's words\n"
     "  --max-memory SIZE          memories, tables (8 bytes an element) and heap together, such "
     "as "
     "64M\n"
     "  --max-heap SIZE            structs and arrays\n"
     "  --max-table-elements COUNT all tables together\n"
     "  --max-threads COUNT        threads at once, beside the first (wasi-threads); 64 when not "
     "given\n"
     "  --timeout SECONDS          stop it after that time\n"
     "  --fuel COUNT               stop it after so many instructions\n"
     "  --unknown-imports-trap     a component may import what is not there, as long as it does "
     "not\n"
     "                             use it\n"
     "  --precompiled              FILE is from 'wasm compile': it runs as machine code, so trust "
     "it\n"
     "  --cache                    keep compiled code for the next run\n"
     "  --cache-dir DIR            the same, in that folder\n"
     "  --cache-limit SIZE         remove the oldest beyond, 1G when not set\n"
     "  --stats                    say at the end what was compiled\n"
     "  --gc-stats                 and what the garbage collector did: bytes, "
     "pauses\n" ENGINE_OPTIONS_HELP
     "  --resolver WAY             how paths are kept in their directory: auto, openat2, "
     "walker\n" DETERMINISM_OPTIONS_HELP
     "The exit status is the program's; 134 after a trap, 1 when it cannot be loaded, 2 for "
     "usage.\n"},
    {"validate", validate_main, "check modules",
     "usage: wasm validate FILE...\n"
     "Checks modules (binary or text) without running them. Silent when all are valid, else exits "
     "1.\n"},
    {"parse", parse_main, "text format to binary",
     "usage: wasm parse FILE [-o OUTPUT]\n"
     "Translates the text format to the binary format. Without -o, FILE.wat becomes FILE.wasm; '-' "
     "is\n"
     "standard input or output.\n"
     "  -o OUTPUT                  where it goes\n"},
    {"print", print_main, "binary format to text",
     "usage: wasm print [OPTION]... FILE [-o OUTPUT]\n"
     "Prints a module in the text format, which 'wasm parse' takes back. It need not be valid, "
     "only\n"
     "well-formed. Names of its name section become identifiers, and custom sections annotations;\n"
     "those that tell of places in the code, such as .debug_* and reloc.*, are true of FILE, not "
     "of\n"
     "what is made from the text ('wasm strip' removes them).\n"
     "  -o OUTPUT                  a file instead of standard output\n"
     "  --fold                     operands inside their instructions\n"
     "  --no-names                 numbers instead of identifiers\n"
     "  --offsets                  where each instruction is in the file, in comments\n"},
    {"strip", strip_main, "remove custom sections",
     "usage: wasm strip FILE -o OUTPUT [--all | --keep NAME... | NAME...]\n"
     "Removes custom sections, such as names and debugging information; all others stay as they "
     "are,\n"
     "byte by byte.\n"
     "  -o OUTPUT                  where the result goes; '-' is standard output\n"
     "  --all                      all of them, which is what happens without names\n"
     "  --keep NAME                all but this one; may be given several times\n"
     "  NAME...                    just these\n"},
    {"inspect", inspect_main, "tell what is in a module or component",
     "usage: wasm inspect [OPTION]... FILE\n"
     "Tells the imports and exports of a module with their types, its memories, tables, globals "
     "and\n"
     "tags, the proposals that it uses, who made it, how large its sections are, and its largest "
     "functions;\n"
     "of a component imports and exports in WIT's words, its modules, how much of what is in it, "
     "who made\n"
     "it, and its sections.\n"
     "  --json                     for programs\n"
     "  --functions COUNT          how many functions are listed (10)\n"
     "  --capabilities             instead the policy that it needs at most, for 'wasm run "
     "--policy'\n"},
    {"snapshot", snapshot_main, "run an initializer once, write what it made as a module",
     "usage: wasm snapshot FILE -o OUTPUT [OPTION]... [ARGUMENT]...\n"
     "Instantiates a module (with WASI, and the options that 'wasm run' has for what it is given), "
     "calls\n"
     "its initializer, and writes a module that begins where that ended: memories, tables and "
     "globals\n"
     "have the values of that moment, the start function and the initializer are gone. Code and "
     "names\n"
     "stay as they are. A reactor's _initialize is called before, and is gone, too.\n"
     "  -o OUTPUT                  where the new module goes\n"
     "  --init NAME                the initializer, an export (wizer.initialize)\n"
     "  --keep-init                it stays an export\n"
     "  --rename-func NEW=OLD      an export under another name, instead of what had that one, "
     "such "
     "as\n"
     "                             _start=main_after_init; may be given several times\n"
     "Open files, sockets and the like are not in it: the initializer closes what it opened. "
     "Refused are\n"
     "imported memories, tables and mutable globals, shared memories, and references to what is "
     "not "
     "a\n"
     "function of the module.\n"},
#if WITH_COMPONENTS
    {"component", component_main, "tell what a component imports and exports",
     "usage: wasm component wit FILE\n"
     "       wasm component header [OPTION]... FILE\n"
     "Prints what a component imports and exports, in the words of WIT, or as a C header for "
     "hosts:\n"
     "structs of its types, callbacks for imports, a function for each export.\n"
     "  -o OUTPUT                  where the header goes (standard output)\n"
     "  --prefix NAME              C names begin so, instead of with a package's name\n"
     "  --interface NAME           this one only, with or without its version\n"},
#endif
#if WITH_JIT
    {"compile", compile_main, "compile a module or component ahead of time",
     "usage: wasm compile [OPTION]... FILE [-o OUTPUT]\n"
     "Compiles all functions and writes the module, or the component, with its machine code, for "
     "'wasm run "
     "--precompiled'\n"
     "by this version on this kind of machine. Without -o, FILE.wasm becomes "
     "FILE.wasmjit.\n"
     "  -o OUTPUT                  another file\n" ENGINE_OPTIONS_HELP},
    {"cache", cache_main, "look at or empty the cache of compiled modules",
     "usage: wasm cache list|clean [--cache-dir DIR]\n"
     "What 'wasm run --cache' keeps: list shows the files, clean removes them.\n"
     "  --cache-dir DIR            of this folder instead of the user's own\n"},
    {"dump", dump_main, "show what the compiler does",
     "usage: wasm dump [--stage=ir|lir|asm] [--func NUMBER|EXPORT] [OPTION]... FILE\n"
     "Prints a function as the optimizer's graph (ir), as allocated instructions (lir) or as "
     "machine "
     "code\n"
     "(asm, the default); without --func all. Compiled is as 'wasm run' with these options does:\n"
     "  --stage STAGE              ir, lir or asm\n"
     "  --func NUMBER|EXPORT       this function only\n"
     "  -X NAME=VALUE              a setting for tests, such as spill-all=1, no-opt=1, "
     "cpu=0\n" ENGINE_OPTIONS_HELP},
#endif
#if WITH_TEXT
    {"wast", wast_main, "run test scripts",
     "usage: wasm wast [OPTION]... FILE...\n"
     "Runs scripts of the WebAssembly test suite and counts what passed, failed and was skipped;\n"
     "exits 1 when any failed, or a function was not compiled that the tier should have.\n"
     "  --strict                   messages must be the suite's\n"
     "  --allow-interpreted        what is not compiled is no failure\n"
     "  --expect-compiled          that nothing is compiled is one\n"
     "  --each-file                a line for each script, too\n" ENGINE_OPTIONS_HELP},
#endif
};

enum { VERBS = sizeof verbs / sizeof *verbs };

static const Verb *find_verb(const char *name) {
  for (size_t i = 0; i < VERBS; i++)
    if (strcmp(verbs[i].name, name) == 0) return &verbs[i];
  return NULL;
}

static bool asks_help(const char *arg) {
  return strcmp(arg, "--help") == 0 || strcmp(arg, "-h") == 0 || strcmp(arg, "help") == 0;
}

static int print_help(FILE *to, int status) {
  fputs("usage: wasm [VERB] [OPTION]... FILE [ARGUMENT]...\n\n", to);
  for (size_t i = 0; i < VERBS; i++) fprintf(to, "  %-10s %s\n", verbs[i].name, verbs[i].line);
  fputs("\nWithout a verb, FILE is run. 'wasm VERB --help' tells more, 'wasm --version' what "
        "works.\n",
        to);
  return status;
}

static void print_features(const char *title, bool wanted) {
  const char *name;
  bool supported;
  printf("%s:", title);
  for (size_t i = 0; (name = wasmx_feature(i, &supported)) != NULL; i++)
    if (supported == wanted) printf(" %s", name);
  printf("\n");
}

static int print_version(void) {
  static const char *const parts[] = {"text", "native", "jit"};
  printf("wasm %s\nparts:", wasmx_version());
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (wasmx_has(parts[i])) printf(" %s", parts[i]);
  printf(" wasi%s\n", can_demangle() ? " demangle" : "");
  print_features("features", true);
  print_features("not supported", false);
  return STATUS_OK;
}

/* Puts something where the process was started without a standard descriptor, which fails the same
 * way when used: no other file may get its number, and our messages with it. */
static void fill_standard_descriptors(void) {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
    if (fcntl(fd, F_GETFD) < 0) (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv) {
  fill_standard_descriptors();
  if (argc < 2) return print_help(stderr, STATUS_USAGE);
  if (strcmp(argv[1], "--version") == 0) return print_version();
  const Verb *verb = find_verb(argv[1]);
  if (!verb && asks_help(argv[1])) {
    verb = argc > 2 ? find_verb(argv[2]) : NULL;
    if (!verb) return print_help(stdout, STATUS_OK);
    fputs(verb->help, stdout);
    return STATUS_OK;
  }
  if (!verb) return run_main(argc, argv);
  if (argc > 2 && asks_help(argv[2]) && argv[2][0] == '-') {
    fputs(verb->help, stdout);
    return STATUS_OK;
  }
  return verb->main(argc - 1, argv + 1);
}
